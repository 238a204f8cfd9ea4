import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plain } from '../../test/support/parsed.ts';
import { TAG_DIALECTS, type TagDialect } from '../model/dialect.ts';
import { takeNameTags } from './dialect-tags.ts';
import { parseMessage } from './message.ts';
import type { ParseOptions } from './options.ts';

const OPTIONS: ParseOptions = { noAggregationPipeline: true, originDetectionClient: false };
const parse = (line: string, tags: readonly TagDialect[] = TAG_DIALECTS, relativeGauges = false) =>
  plain(parseMessage(line, { ...OPTIONS, dialects: { tags, relativeGauges } }));

describe('tags in names', () => {
  it.each<[string, string, string[]]>([
    ['hits,env=prod,az=b:1|c', 'hits', ['env:prod', 'az:b']],
    ['hits#env=prod,az=b:1|c', 'hits', ['env:prod', 'az:b']],
    ['hits;env=prod;az=b:1|c', 'hits', ['env:prod', 'az:b']],
    ['hits[env=prod,az=b]:1|c', 'hits', ['env:prod', 'az:b']],
    ['hits[env=prod].rate:1|c', 'hits.rate', ['env:prod']],
    ['hits,env=prod:1|c|#az:b', 'hits', ['env:prod', 'az:b']],
    ['hits,,flag,a=,=b,c=d=e:1|c', 'hits', ['flag', 'a:', ':b', 'c:d=e']],
    // The first mark decides; what follows is a value.
    ['hits;a=b,c=d:1|c', 'hits', ['a:b,c=d']],
    ['hits:1|c', 'hits', []],
    [',a=b:1|c', ',a=b', []],
    ['hits[a=b:1|c', 'hits[a=b', []],
  ])('%s', (line, name, tags) => {
    expect(parse(line)).toMatchObject({ kind: 'metric', name, tags });
  });

  it('are part of the name where the dialect is off', () => {
    expect(parse('hits,env=prod:1|c', ['graphite'])).toMatchObject({ name: 'hits,env=prod', tags: [] });
    expect(plain(parseMessage('hits,env=prod:1|c', OPTIONS))).toMatchObject({
      name: 'hits,env=prod',
      tags: [],
    });
  });

  it('never lose a name or a pair, whatever the name is', () => {
    const name = fc.string({ unit: fc.constantFrom('a', '=', ',', '#', ';', '[', ']', '.'), maxLength: 12 });
    fc.assert(
      fc.property(name, fc.subarray([...TAG_DIALECTS]), (text, dialects) => {
        const taken = takeNameTags(text, dialects);
        if (taken === undefined) return;
        expect(taken.name).not.toBe('');
        expect(dialects).toContain(taken.dialect);
        const letters = (all: string) => all.split('').filter((char) => char === 'a').length;
        expect(letters(taken.name) + letters(taken.tags.join())).toBe(letters(text));
      }),
    );
  });
});

describe('relative gauges', () => {
  it.each<[string, boolean[] | undefined]>([
    ['load:+1|g', [true]],
    ['load:1:-2::+3|g', [false, true, true]],
    ['load:5|g', [false]],
    ['load:+1|c', undefined],
    ['load:+1|g|T1700000000', undefined],
  ])('%s', (line, relative) => {
    const parsed = parse(line, [], true);
    expect('relative' in parsed ? parsed.relative : undefined).toEqual(relative);
    const off = parse(line, ['influx'], false);
    expect('relative' in off).toBe(false);
  });
});
