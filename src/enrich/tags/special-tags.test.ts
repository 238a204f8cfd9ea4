import { describe, expect, it } from 'vitest';
import { Tags } from '../../model/tags.ts';
import { takeScope, takeSpecialTags } from './special-tags.ts';

const NOTHING = { host: undefined, podUid: '', cardinality: '', jmxCheck: undefined };

/** `line` is the text of a tag field; `cardinality` that of the card: field. */
const splits = (line: string, tags: string[], special: object = {}, cardinality = '') =>
  it(`${line}${cardinality && `, with card:${cardinality}`}`, () => {
    // An empty field has no tags; one that is empty comes from elsewhere.
    const given = line === '' ? Tags.of(['']) : Tags.ofField(line);
    const taken = takeSpecialTags(given, cardinality);
    expect({ ...taken, tags: taken.tags.list }).toEqual({ tags, ...NOTHING, ...special });
  });

describe('special tags are taken out of the list', () => {
  splits('a,host:h,b', ['a', 'b'], { host: 'h' });
  splits('host:', [], { host: '' });
  splits('host:a:b', [], { host: 'a:b' });
  splits('host:a,host:b', [], { host: 'b' });
  splits('host:a,host:', [], { host: '' });
  splits('dd.internal.entity_id:a,dd.internal.entity_id:none', [], { podUid: 'none' });
  splits('dd.internal.jmx_check_name:kafka', [], { jmxCheck: 'kafka' });
  splits('dd.internal.jmx_check_name:', [], { jmxCheck: '' });
  splits('dd.internal.card:high', [], { cardinality: 'high' });
  splits('dd.internal.card:,dd.internal.card:low', [], { cardinality: 'low' });
});

describe('a cardinality tag that is not used stays in the list', () => {
  splits('dd.internal.card:high,dd.internal.card:low', ['dd.internal.card:low'], { cardinality: 'high' });
  splits('dd.internal.card:low', ['dd.internal.card:low'], { cardinality: 'high' }, 'high');
  splits('dd.internal.card:', ['dd.internal.card:'], { cardinality: 'none' }, 'none');
});

describe('anything else is an ordinary tag', () => {
  splits('', ['']);
  splits('host', ['host']);
  splits('hostname:x', ['hostname:x']);
  splits('Host:x', ['Host:x']);
  splits(' host:x', [' host:x']);
  splits('dd.internal.other:x', ['dd.internal.other:x']);
  splits('dd.internal.card', ['dd.internal.card']);
  splits('jmx_check_name:kafka', ['jmx_check_name:kafka']);
  splits('b,a,b', ['b', 'a', 'b']);
});

/** Which tags are left of a list, and what they say about where the metric is aggregated. */
const scopes = (line: string, tags: string[], scope: string | undefined) =>
  it(`scope of ${line}`, () => {
    const taken = takeScope(Tags.of(line.split(',')));
    expect({ ...taken, tags: taken.tags.list }).toEqual({ tags, scope });
  });

describe('tags that say where a metric is aggregated are taken out', () => {
  scopes('a,whippet.global,b', ['a', 'b'], 'global');
  scopes('whippet.local', [], 'local');
  scopes('veneurglobalonly,a', ['a'], 'global');
  scopes('a,veneurlocalonly', ['a'], 'local');
  scopes('whippet.global,whippet.global', [], 'global');
  scopes('whippet.global,whippet.local', [], 'local');
  scopes('whippet.local,a,veneurglobalonly', ['a'], 'local');
});

describe('tags that only look like them are ordinary', () => {
  scopes('a,b', ['a', 'b'], undefined);
  scopes('', [''], undefined);
  scopes('whippet.global:true', ['whippet.global:true'], undefined);
  scopes('Whippet.Global', ['Whippet.Global'], undefined);
  scopes(' whippet.global', [' whippet.global'], undefined);
  scopes('whippet.globally', ['whippet.globally'], undefined);
  scopes('veneurglobalonly:x', ['veneurglobalonly:x'], undefined);
});

it('a list without them is the same list, and each that is taken is traced', () => {
  const tags = Tags.of(['a', 'b']);
  expect(takeScope(tags).tags).toBe(tags);
  const steps: unknown[] = [];
  takeScope(Tags.of(['a', 'whippet.global']), (step) => steps.push(step));
  expect(steps).toEqual([{ kind: 'special_tag', tag: 'whippet.global', sets: 'scope' }]);
});
