import { describe, expect, it } from 'vitest';
import type { Origin } from '../../model/sample.ts';
import { type OriginSettings, resolveOriginTags } from './origin.ts';
import { StaticTagger } from './static-tagger.ts';
import { NO_TAGGER } from './tagger.ts';

const TAGGER = new StaticTagger({
  entities: {
    'container_id://sock': { low: ['sock'], high: ['sock-high'] },
    'container_id://cont': { low: ['cont'], orchestrator: ['cont-orch'] },
    'container_id://ext': { low: ['ext'] },
    'container_id://bare': {},
    'kubernetes_pod_uid://pod': { low: ['pod'] },
  },
  inodes: { '77': 'cont', '78': 'gone' },
  external: { 'pod/app': 'ext', 'init:pod/app': 'cont' },
  global: { low: ['global'], high: ['global-high'] },
});

const NOWHERE: Origin = {
  socket: '',
  pid: 0,
  containerId: '',
  inode: 0n,
  podUid: '',
  external: { init: false, containerName: '', podUid: '' },
  cardinality: '',
};
const SOCKET = { socket: 'container_id://sock' };
const EXTERNAL = { external: { init: false, containerName: 'app', podUid: 'pod' } };

function resolve(origin: Partial<Origin>, settings: Partial<OriginSettings>): readonly string[] {
  const all: OriginSettings = {
    unified: false,
    entityIdPrecedence: false,
    optOut: true,
    cardinality: 'low',
    ...settings,
  };
  return resolveOriginTags({ ...NOWHERE, ...origin }, all, TAGGER);
}

const adds = (
  what: string,
  origin: Partial<Origin>,
  want: string[],
  settings: Partial<OriginSettings> = {},
) => it(what, () => expect(resolve(origin, settings)).toEqual(want));
const unified = (what: string, origin: Partial<Origin>, want: string[]) =>
  it(what, () => expect(resolve(origin, { unified: true, entityIdPrecedence: true })).toEqual(want));

describe('default mode adds up', () => {
  adds('nothing known', {}, ['global']);
  adds('socket', SOCKET, ['sock', 'global']);
  adds('socket and container', { ...SOCKET, containerId: 'cont' }, ['sock', 'cont', 'global']);
  adds('socket and pod, which hides the container', { ...SOCKET, podUid: 'pod', containerId: 'cont' }, [
    'sock',
    'pod',
    'global',
  ]);
  adds('container from its inode', { inode: 77n }, ['cont', 'global']);
  adds('container id before inode', { containerId: 'ext', inode: 77n }, ['ext', 'global']);

  adds('unknown inode', { inode: 5n }, ['global']);
  adds('inode of an unknown container', { inode: 78n }, ['global']);
  adds('unknown pod', { podUid: 'gone', containerId: 'cont' }, ['global']);
  adds('a socket origin without an id', { socket: 'container_id://' }, ['global']);
  adds('external data is not used', EXTERNAL, ['global']);
  adds('entity id none hides the container', { podUid: 'none', containerId: 'cont' }, ['global']);
  adds('entity id none keeps the socket', { ...SOCKET, podUid: 'none' }, ['sock', 'global']);
});

describe('entity id precedence', () => {
  const precedence = { entityIdPrecedence: true };
  adds('keeps the socket without an entity id', SOCKET, ['sock', 'global'], precedence);
  adds('drops the socket for a pod', { ...SOCKET, podUid: 'pod' }, ['pod', 'global'], precedence);
  adds('drops the socket for an unknown pod', { ...SOCKET, podUid: 'gone' }, ['global'], precedence);
  adds('drops the socket for none', { ...SOCKET, podUid: 'none' }, ['global'], precedence);
});

describe('unified mode takes the first that is known', () => {
  unified('nothing known', {}, ['global']);
  unified('socket', { ...SOCKET, ...EXTERNAL, containerId: 'cont', podUid: 'pod' }, ['sock']);
  unified('container', { ...EXTERNAL, containerId: 'cont', podUid: 'pod' }, ['cont']);
  unified('container from its inode', { ...EXTERNAL, inode: 77n }, ['cont']);
  unified('container of the external data', { ...EXTERNAL, podUid: 'pod' }, ['ext']);
  unified('init container', { external: { ...EXTERNAL.external, init: true } }, ['cont']);
  unified('pod of the entity id', { podUid: 'pod' }, ['pod']);
  unified('pod of the external data', { external: { ...EXTERNAL.external, containerName: '' } }, ['pod']);
  unified('a known container without tags ends the search', { containerId: 'bare', podUid: 'pod' }, []);

  unified('unknown socket falls through', { socket: 'container_id://gone', podUid: 'pod' }, ['pod']);
  unified('unknown container falls through', { containerId: 'gone', podUid: 'pod' }, ['pod']);
  unified('entity id none is an unknown pod', { podUid: 'none', ...EXTERNAL }, ['ext']);
  unified('external data without a pod is of no use', { external: { ...EXTERNAL.external, podUid: '' } }, [
    'global',
  ]);
});

describe('cardinality', () => {
  const high = { cardinality: 'high' } as const;
  adds('high', { ...SOCKET, cardinality: 'high' }, ['sock', 'sock-high', 'global', 'global-high']);
  adds('in any case', { ...SOCKET, cardinality: 'HIGH' }, ['sock', 'sock-high', 'global', 'global-high']);
  adds('orch for short', { containerId: 'cont', cardinality: 'orch' }, ['cont', 'cont-orch', 'global']);
  adds('of the option', SOCKET, ['sock', 'sock-high', 'global', 'global-high'], high);
  adds('of the message before the option', { ...SOCKET, cardinality: 'low' }, ['sock', 'global'], high);
  adds(
    'unknown: the option',
    { ...SOCKET, cardinality: 'x' },
    ['sock', 'sock-high', 'global', 'global-high'],
    high,
  );
  adds('none: not even global tags', { ...SOCKET, cardinality: 'none' }, []);
  adds('none from the option', SOCKET, [], { cardinality: 'none' });
  unified('none in unified mode', { ...SOCKET, cardinality: 'none' }, []);
});

it('with opting out turned off the tagger is asked for the tags of level none, outside unified mode', () => {
  const settings: OriginSettings = {
    unified: false,
    entityIdPrecedence: false,
    optOut: false,
    cardinality: 'none',
  };
  const tagger = { ...NO_TAGGER, entityTags: (entity: string, level: string) => [`${entity} ${level}`] };
  const origin = { ...NOWHERE, ...SOCKET };
  expect(resolveOriginTags(origin, settings, tagger)).toEqual(['container_id://sock none']);
  expect(resolveOriginTags(origin, { ...settings, optOut: true }, tagger)).toEqual([]);
  expect(resolveOriginTags(origin, { ...settings, unified: true }, tagger)).toEqual([]);
});

it('without a tagger there are no tags', () => {
  const settings: OriginSettings = {
    unified: false,
    entityIdPrecedence: false,
    optOut: true,
    cardinality: 'high',
  };
  const origin = { ...NOWHERE, ...SOCKET, ...EXTERNAL, inode: 77n };
  expect(resolveOriginTags(origin, settings, NO_TAGGER)).toEqual([]);
  expect(resolveOriginTags(origin, { ...settings, unified: true }, NO_TAGGER)).toEqual([]);
});
