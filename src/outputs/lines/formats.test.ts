import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aggregate, Contexts, histogramOf, sketchOf } from '../../../test/support/decode/aggregates.ts';
import { flatValues } from './flat-values.ts';
import { GraphiteFormat, type GraphiteFormatOptions } from './graphite-format.ts';
import { InfluxFormat } from './influx-format.ts';

const AT = 1_700_000_010_500;
const contexts = new Contexts();

function graphite(
  name: string,
  tags: string[],
  some: Partial<GraphiteFormatOptions> = {},
  host = '',
): string {
  const format = new GraphiteFormat({ tags: 'tagged', prefix: '', hostTag: true, ...some });
  return format.lines({ name, tags, host }, [{ suffix: '', value: 1 }], AT).join('');
}

function influx(name: string, tags: string[], host = '', values = [{ suffix: '', value: 1 }]): string {
  return new InfluxFormat({ hostTag: true }).lines({ name, tags, host }, values, AT).join('');
}

describe('lines of Graphite', () => {
  it.each<[string, string[], Partial<GraphiteFormatOptions>, string, string]>([
    ['web.hits', [], {}, '', 'web.hits 1 1700000010\n'],
    ['web.hits', ['env:prod', 'beta'], {}, 'web1', 'web.hits;beta=true;env=prod;host=web1 1 1700000010\n'],
    ['web.hits', ['env:prod'], { hostTag: false }, 'web1', 'web.hits;env=prod 1 1700000010\n'],
    ['hits', ['host:mine'], {}, 'web1', 'hits;host=mine 1 1700000010\n'],
    ['hits', ['b:2', 'a:1.5'], { tags: 'folded', hostTag: false }, '', 'hits.a.1_5.b.2 1 1700000010\n'],
    ['hits', ['b:2'], { tags: 'none' }, 'web1', 'hits 1 1700000010\n'],
    ['hits', [], { prefix: 'stats.' }, '', 'stats.hits 1 1700000010\n'],
    ['a b;c', ['k=!^;:~v ;x', 'e:'], {}, '', 'a_b_c;e=true;k____=_v__x 1 1700000010\n'],
    ['caf\xc3\xa9', ['t:b', 't:a', ':x'], {}, '', 'café;t=a,b 1 1700000010\n'],
  ])('%j with %j', (name, tags, some, host, want) => {
    expect(graphite(name, tags, some, host)).toBe(want);
  });

  it('whatever the text, a line has three words', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ' ', ';', '=', '~', '\n', '\t', '\xff', ':', '!', '\u0085', '.'),
    });
    fc.assert(
      fc.property(
        text,
        fc.array(text),
        fc.constantFrom<GraphiteFormatOptions['tags']>('tagged', 'folded'),
        (name, tags, form) => {
          const line = graphite(`x${name}`, tags, { tags: form });
          expect(line.match(/\n/g)).toHaveLength(1);
          const words = line.trimEnd().split(/\s/);
          expect(words).toHaveLength(3);
          const [, ...pairs] = (words[0] as string).split(';');
          for (const pair of pairs) expect(pair).toMatch(/^[^=!^]+=[^~].*$/u);
        },
      ),
    );
  });
});

describe('lines of InfluxDB', () => {
  it.each<[string, string[], string, string]>([
    ['web.hits', [], '', 'web.hits value=1 1700000010500\n'],
    [
      'web.hits',
      ['env:prod', 'beta'],
      'web1',
      'web.hits,beta=true,env=prod,host=web1 value=1 1700000010500\n',
    ],
    ['a b,c=d', ['k 1:v,1=x', 'e:'], '', 'a\\ b\\,c=d,e=true,k\\ 1=v\\,1\\=x value=1 1700000010500\n'],
    ['#a', ['path:C:\\dir\\'], '', '_a,path=C:\\dir value=1 1700000010500\n'],
    ['a\n', ['x:\n1'], '', 'a\\ ,x=\\ 1 value=1 1700000010500\n'],
  ])('%j with %j', (name, tags, host, want) => {
    expect(influx(name, tags, host)).toBe(want);
  });

  it('all values of a series are fields of one line', () => {
    const values = [
      { suffix: '.max', value: 5 },
      { suffix: '.95percentile', value: 4.5 },
    ];
    expect(influx('lat', [], '', values)).toBe('lat max=5,95percentile=4.5 1700000010500\n');
  });

  it('whatever the text, a line has three parts', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ' ', ',', '=', '\\', '\n', '\r', '\xff', ':', '#', '"'),
    });
    fc.assert(
      fc.property(text, fc.array(text), (name, tags) => {
        const line = influx(name, tags);
        expect(line.match(/\n/g)).toHaveLength(1);
        // Unescaped blanks separate.
        expect(
          line
            .trimEnd()
            .replace(/\\[ ,=]/g, '_')
            .split(' '),
        ).toHaveLength(3);
      }),
    );
  });
});

describe('plain values', () => {
  it('of a counter are its count, or that per second', () => {
    const hits = aggregate(contexts.create('hits', 'counter'), { kind: 'counter', sum: 25 });
    expect(flatValues(hits, 'count')).toEqual([{ suffix: '', value: 25 }]);
    expect(flatValues(hits, 'rate')).toEqual([{ suffix: '', value: 2.5 }]);
    const late = aggregate(contexts.create('hits', 'counter'), { kind: 'timestamped', value: 20 });
    expect(flatValues(late, 'count')).toEqual([{ suffix: '', value: 20 }]);
  });

  it('of a histogram are the configured aggregates, its count exact', () => {
    const lat = aggregate(contexts.create('lat', 'histogram'), {
      kind: 'histogram',
      histogram: histogramOf([1, 2, 6]),
    });
    expect(Object.fromEntries(flatValues(lat, 'count').map(({ suffix, value }) => [suffix, value]))).toEqual({
      '.max': 6,
      '.avg': 3,
      '.count': 3,
      '.95percentile': 6,
    });
  });

  it('of a distribution are those of its sketch', () => {
    const lat = aggregate(contexts.create('lat', 'distribution'), {
      kind: 'distribution',
      sketch: sketchOf([1, 1, 1, 1]),
    });
    expect(flatValues(lat, 'count').map(({ suffix, value }) => [suffix, Math.round(value)])).toEqual([
      ['.count', 4],
      ['.sum', 4],
      ['.min', 1],
      ['.max', 1],
      ['.avg', 1],
      ['.median', 1],
      ['.95percentile', 1],
      ['.99percentile', 1],
    ]);
    const empty = aggregate(contexts.create('lat', 'distribution'), {
      kind: 'distribution',
      sketch: sketchOf([]),
    });
    expect(flatValues(empty, 'count')).toEqual([{ suffix: '.count', value: 0 }]);
  });

  it('of a gauge and a set are the value', () => {
    expect(
      flatValues(aggregate(contexts.create('g', 'gauge'), { kind: 'gauge', value: -1 }), 'rate'),
    ).toEqual([{ suffix: '', value: -1 }]);
    expect(flatValues(aggregate(contexts.create('s', 'set'), { kind: 'set', distinct: 4 }), 'rate')).toEqual([
      { suffix: '', value: 4 },
    ]);
  });
});
