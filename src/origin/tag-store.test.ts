import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CARDINALITIES } from '../enrich/tags/cardinality.ts';
import { TagTable } from '../enrich/tags/tag-table.ts';
import type { Origin } from '../model/sample.ts';
import { COLLECTORS, NO_SOURCE_TAGS, type SourceTags, type TagSource } from './entity.ts';
import { mergeTags } from './merge-tags.ts';
import { KEEP_MS, TagStore } from './tag-store.ts';

const WEB = 'container_id://web';
const tags = (low: string[], orchestrator: string[] = [], high: string[] = []): SourceTags => ({
  ...{ low, orchestrator, high, standard: [] },
});

function store(options: { entitiesMax?: number; linksMax?: number } = {}) {
  const clock = { now: 0 };
  return { clock, store: new TagStore({ clock: () => clock.now, ...options }) };
}

describe('mergeTags', () => {
  it.each<[string, [TagSource, SourceTags][], SourceTags]>([
    ['no source', [], NO_SOURCE_TAGS],
    ['one source, each tag once, sorted', [['container', tags(['b:1', 'a:1', 'b:1'])]], tags(['a:1', 'b:1'])],
    [
      'equal rank: both stay',
      [
        ['static', tags(['env:a'])],
        ['container', tags(['env:b'])],
      ],
      tags(['env:a', 'env:b']),
    ],
    [
      'a name of higher rank is taken from it alone, whatever the level',
      [
        ['container', tags(['env:a', 'app:x'], [], ['team:t'])],
        ['pod', tags([], ['env:b'], [])],
      ],
      tags(['app:x'], ['env:b'], ['team:t']),
    ],
    [
      'pod and task have one rank',
      [
        ['pod', tags(['env:a'])],
        ['task', tags(['env:b'])],
      ],
      tags(['env:a', 'env:b']),
    ],
    [
      'a tag without a colon is its own name',
      [
        ['container', tags(['a', 'a:1'])],
        ['pod', tags(['a'])],
      ],
      tags(['a']),
    ],
  ])('%s', (_, sources, merged) => {
    expect(mergeTags(sources.map(([source, own]) => ({ source, tags: own })))).toEqual(merged);
  });
});

describe('TagStore', () => {
  it('answers with the tags of a level and those below it', () => {
    const { store: own } = store();
    own.writer('docker').set('container', WEB, tags(['l:1'], ['o:1'], ['h:1']));
    expect(CARDINALITIES.map((level) => own.table.entityTags(WEB, level))).toEqual([
      [],
      ['l:1'],
      ['l:1', 'o:1'],
      ['l:1', 'o:1', 'h:1'],
    ]);
    expect(own.table.entityTags('container_id://other', 'low')).toBeUndefined();
  });

  it('gives an entity another generation when its tags appear, change or go, and only then', () => {
    const { store: own, clock } = store();
    const writer = own.writer('docker');
    const seen: number[] = [own.table.generationOf(WEB)];
    const note = (work: () => void): void => {
      work();
      seen.push(own.table.generationOf(WEB));
    };
    note(() => writer.set('container', WEB, tags(['a:1'])));
    note(() => writer.set('container', WEB, tags(['a:1'])));
    note(() => writer.set('container', WEB, tags(['a:2'])));
    note(() => writer.end(WEB));
    clock.now = KEEP_MS;
    note(() => own.expire());
    note(() => writer.set('container', WEB, tags(['a:2'])));
    expect(seen).toEqual([0, 1, 1, 2, 2, 0, 3]);
  });

  it('keeps the tags of what has ended for five minutes, of each source for itself', () => {
    const { store: own, clock } = store();
    const docker = own.writer('docker');
    const kubelet = own.writer('kubelet');
    docker.set('container', WEB, tags(['a:1']));
    kubelet.set('pod', WEB, tags(['p:1']));
    docker.end(WEB);
    clock.now = 1000;
    kubelet.end(WEB);
    const at = (now: number) => {
      clock.now = now;
      own.expire();
      return own.table.entityTags(WEB, 'low');
    };
    expect(at(KEEP_MS - 1)).toEqual(['a:1', 'p:1']);
    expect(at(KEEP_MS)).toEqual(['p:1']);
    expect(at(KEEP_MS + 999)).toEqual(['p:1']);
    expect(at(KEEP_MS + 1000)).toBeUndefined();
    expect(own.entityCount).toBe(0);
  });

  it('takes an entity back that has ended and is told again', () => {
    const { store: own, clock } = store();
    const writer = own.writer('docker');
    writer.set('container', WEB, tags(['a:1']));
    writer.end(WEB);
    writer.set('container', WEB, tags(['a:1']));
    clock.now = 10 * KEEP_MS;
    own.expire();
    expect(own.table.entityTags(WEB, 'low')).toEqual(['a:1']);
  });

  it('ends what a new list does not have, of its collector alone', () => {
    const { store: own, clock } = store();
    const [docker, kubelet] = [own.writer('docker'), own.writer('kubelet')];
    for (const id of ['a', 'b']) docker.set('container', `container_id://${id}`, tags(['a:1']));
    kubelet.set('pod', 'container_id://c', tags(['a:1']));
    expect(docker.endOthers(new Set(['container_id://a']))).toBe(1);
    clock.now = KEEP_MS;
    own.expire();
    expect([...own.entities()]).toEqual(['container_id://a', 'container_id://c']);
  });

  it('gives up what has ended when it is full, and refuses what is new when nothing has', () => {
    const { store: own } = store({ entitiesMax: 2, linksMax: 1 });
    const writer = own.writer('docker');
    const add = (id: string): void => writer.set('container', `container_id://${id}`, tags(['a:1']));
    add('a');
    add('b');
    add('c');
    expect([own.entityCount, own.refusedEntities]).toEqual([2, 1]);
    writer.end('container_id://b');
    add('c');
    expect([...own.entities()]).toEqual(['container_id://a', 'container_id://c']);
    writer.link('inodes', '1', 'a');
    writer.link('inodes', '2', 'b');
    expect([own.linked('inodes', '2'), own.refusedLinks]).toEqual([undefined, 1]);
    writer.endLink('inodes', '1');
    writer.link('inodes', '2', 'b');
    expect([own.linked('inodes', '1'), own.linked('inodes', '2')]).toEqual([undefined, 'b']);
  });

  it('resolves an origin to the entities in the order in which they are asked', () => {
    const { store: own } = store();
    const writer = own.writer('kubelet');
    writer.set('pod', 'kubernetes_pod_uid://p', tags(['pod:p']));
    writer.set('pod', 'container_id://c', tags(['c:c']));
    writer.link('external', 'p/web', 'c');
    writer.link('inodes', '77', 'c');
    const origin: Origin = {
      ...{ socket: '', pid: 0, containerId: '', inode: 0n, podUid: '', cardinality: '' },
      external: { init: false, podUid: '', containerName: '' },
    };
    const settings = { unified: true, entityIdPrecedence: false, optOut: true, cardinality: 'low' } as const;
    const ask = (own_: Partial<Origin>, unified = true) =>
      own
        .resolve({ ...origin, ...own_ }, { ...settings, unified })
        .map(({ source, entity, isKnown }) => `${source} ${entity} ${isKnown}`);
    const external = { init: false, podUid: 'p', containerName: 'web' };
    expect(ask({ socket: 'container_id://x', external })).toEqual([
      'socket container_id://x false',
      'external container_id://c true',
    ]);
    expect(ask({ inode: 77n })).toEqual(['container container_id://c true']);
    expect(ask({ external: { ...external, containerName: 'other' } })).toEqual([
      'external_pod kubernetes_pod_uid://p true',
    ]);
    expect(ask({ socket: 'container_id://c', podUid: 'p', external }, false)).toEqual([
      'socket container_id://c true',
      'entity_id kubernetes_pod_uid://p true',
      'global  true',
    ]);
  });

  it('has the same answers in the table of a thread that took its changes, whatever happened', () => {
    const entity = fc.constantFrom('container_id://a', 'container_id://b', 'kubernetes_pod_uid://c');
    const some = fc.array(fc.constantFrom('env:a', 'env:b', 'x:1', 'y:1'), { maxLength: 3 });
    const source = fc.constantFrom<TagSource>('static', 'container', 'pod', 'task');
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), entity, source, low: some, high: some }),
      fc.record({ do: fc.constant('end' as const), entity }),
      fc.record({ do: fc.constant('remove' as const), entity }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 1000, KEEP_MS - 1, KEEP_MS) }),
      fc.record({
        do: fc.constant('link' as const),
        key: fc.constantFrom('1', '2'),
        to: fc.constantFrom('a', 'b'),
      }),
      fc.record({ do: fc.constant('unlink' as const), key: fc.constantFrom('1', '2') }),
    );
    const collector = fc.constantFrom(...COLLECTORS);
    fc.assert(
      fc.property(fc.array(fc.tuple(collector, step), { maxLength: 40 }), fc.nat(40), (steps, joinAt) => {
        const { store: own, clock } = store({ entitiesMax: 3 });
        let joined: TagTable | undefined;
        const early = new TagTable(own.snapshot());
        own.onChange((change) => {
          early.apply(change);
          joined?.apply(change);
        });
        for (const [at, [name, one]] of steps.entries()) {
          if (at === joinAt) joined = new TagTable(own.snapshot());
          const writer = own.writer(name);
          if (one.do === 'set') writer.set(one.source, one.entity, tags(one.low, [], one.high));
          else if (one.do === 'end') writer.end(one.entity);
          else if (one.do === 'remove') writer.remove(one.entity);
          else if (one.do === 'link') writer.link('inodes', one.key, one.to);
          else if (one.do === 'unlink') writer.removeLink('inodes', one.key);
          else {
            clock.now += one.ms;
            own.expire();
          }
        }
        const answers = (table: TagTable) => [
          ...['container_id://a', 'container_id://b', 'kubernetes_pod_uid://c'].flatMap((id) =>
            CARDINALITIES.map((level) => table.entityTags(id, level)),
          ),
          ...[1n, 2n].map((inode) => table.containerOfInode(inode)),
        ];
        const wanted = answers(new TagTable(own.snapshot()));
        expect(answers(own.table)).toEqual(wanted);
        expect(answers(early)).toEqual(wanted);
        if (joined !== undefined) expect(answers(joined)).toEqual(wanted);
      }),
    );
  });
});

describe('TagTable.apply', () => {
  const NOTHING = { all: false, slots: new Set() };
  const asks = (table: TagTable, entity: string, slot: number, isSender = false): void => {
    table.beginLine();
    table.entityTags(entity, 'low', isSender);
    table.noteSlot(slot);
  };
  it.each<[string, (table: TagTable) => void, object]>([
    ['nothing was asked', () => undefined, NOTHING],
    [
      'the entity was asked when it was unknown',
      (table) => asks(table, WEB, 7),
      { all: false, slots: new Set([7]) },
    ],
    [
      'two lines asked',
      (table) => {
        asks(table, WEB, 7);
        asks(table, WEB, 9);
      },
      { all: false, slots: new Set([7, 9]) },
    ],
    ['another entity was asked', (table) => asks(table, 'container_id://b', 7), NOTHING],
    [
      'it was the sender by the socket, whose number is in the key of the line',
      (table) => asks(table, WEB, 7, true),
      NOTHING,
    ],
    [
      'it was asked, and then everything was forgotten',
      (table) => {
        asks(table, WEB, 7);
        table.forgetAsked();
      },
      NOTHING,
    ],
    [
      'more was asked than is remembered',
      (table) => {
        for (let i = 0; i < 70_000; i++) asks(table, `container_id://${i}`, i);
      },
      { all: true, slots: new Set() },
    ],
  ])('%s', (_, ask, effect) => {
    const table = new TagTable();
    ask(table);
    expect(table.apply({ entities: { [WEB]: { low: ['a:1'] } } })).toEqual(effect);
  });

  it('touches the lines that rest on the container of an inode and of external data, each once', () => {
    const table = new TagTable();
    table.beginLine();
    table.containerOfInode(12n);
    table.containerOfExternal({ init: false, podUid: 'p', containerName: 'c' });
    table.noteSlot(3);
    expect(table.apply({ inodes: { '12': 'a' } }).slots).toEqual(new Set([3]));
    expect(table.apply({ inodes: { '12': 'b' } }).slots).toEqual(new Set());
    expect(table.apply({ external: { 'p/c': 'a' } }).slots).toEqual(new Set([3]));
    expect(table.apply({ cgroups: { '12': 'a' }, global: { low: [] } }).all).toBe(true);
  });
});
