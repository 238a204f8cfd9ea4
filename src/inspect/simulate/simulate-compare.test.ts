import { describe, expect, test } from 'vitest';
import { compareSeries } from './simulate-compare.ts';
import type { SimulatedSeries } from './simulate-series.ts';

const HITS: SimulatedSeries = {
  flush: 0,
  name: 'hits',
  type: 'rate',
  tags: ['a:1', 'b:2'],
  host: 'web-1',
  interval: 10,
  points: [
    [1000, 0.1],
    [1010, 2e9],
  ],
};
const SIZE: SimulatedSeries = {
  flush: 'stop',
  name: 'size',
  type: 'sketch',
  tags: [],
  host: 'web-1',
  interval: 10,
  sketches: [{ ts: 1000, cnt: 3, min: 1, max: 2, sum: 5, avg: 5 / 3, k: [1338, 1383], n: [1, 2] }],
};
const PASSED: SimulatedSeries = {
  via: 'no_aggregation',
  name: 'temp',
  type: 'gauge',
  tags: ['a', 'b', 'a'],
  host: 'web-1',
  interval: 10,
  points: [[900, 5]],
};

const kinds = (got: SimulatedSeries[], want: SimulatedSeries[]) =>
  compareSeries(got, want).map(({ kind }) => kind);
const agree = (title: string, got: SimulatedSeries[], want: SimulatedSeries[]) =>
  test(`agree: ${title}`, () => expect(compareSeries(got, want)).toEqual([]));
const differ = (title: string, got: SimulatedSeries[], want: SimulatedSeries[], kind: string[]) =>
  test(`differ: ${title}`, () => expect(kinds(got, want)).toEqual(kind));
const sketch = (change: object): SimulatedSeries => ({
  ...SIZE,
  sketches: (SIZE.sketches ?? []).map((one) => ({ ...one, ...change })),
});

describe('two results', () => {
  agree('nothing and nothing', [], []);
  agree('whatever the order of series', [SIZE, HITS, PASSED], [PASSED, HITS, SIZE]);
  agree('whatever the order of tags', [{ ...HITS, tags: ['b:2', 'a:1'] }], [HITS]);
  agree('whatever the order of points', [{ ...HITS, points: [...(HITS.points ?? [])].reverse() }], [HITS]);
  agree(
    'values that are close',
    [
      {
        ...HITS,
        points: [
          [1000, 0.1 + 9e-10],
          [1010, 2e9 + 1],
        ],
      },
    ],
    [HITS],
  );
  agree('sums that are close', [sketch({ sum: 5 + 1e-10 })], [SIZE]);
  agree(
    'infinities',
    [{ ...PASSED, points: [[900, 'Infinity']] }],
    [{ ...PASSED, points: [[900, 'Infinity']] }],
  );
  agree('-0 and 0', [{ ...PASSED, points: [[900, '-0']] }], [{ ...PASSED, points: [[900, 0]] }]);
  agree('equal series that pass through', [PASSED, PASSED], [PASSED, PASSED]);

  differ(
    'a value',
    [
      {
        ...HITS,
        points: [
          [1000, 0.1 + 2e-9],
          [1010, 2e9],
        ],
      },
    ],
    [HITS],
    ['different'],
  );
  differ(
    'a large value',
    [
      {
        ...HITS,
        points: [
          [1000, 0.1],
          [1010, 2e9 + 10],
        ],
      },
    ],
    [HITS],
    ['different'],
  );
  differ('a time', [{ ...PASSED, points: [[901, 5]] }], [PASSED], ['different']);
  differ('a point less', [{ ...HITS, points: [[1000, 0.1]] }], [HITS], ['different']);
  differ(
    'a point twice',
    [
      {
        ...PASSED,
        points: [
          [900, 5],
          [900, 5],
        ],
      },
    ],
    [PASSED],
    ['different'],
  );
  differ(
    'infinities of two signs',
    [{ ...PASSED, points: [[900, 'Infinity']] }],
    [{ ...PASSED, points: [[900, '-Infinity']] }],
    ['different'],
  );
  differ(
    'NaN and 0',
    [{ ...PASSED, points: [[900, 'NaN']] }],
    [{ ...PASSED, points: [[900, 0]] }],
    ['different'],
  );
  differ('a bin', [sketch({ n: [2, 1] })], [SIZE], ['different']);
  differ('a count', [sketch({ cnt: 4 })], [SIZE], ['different']);
  differ('an average', [sketch({ avg: 1.6 })], [SIZE], ['different']);
  differ('a flush', [{ ...HITS, flush: 1 }], [HITS], ['missing', 'unexpected']);
  differ('a type', [{ ...HITS, type: 'gauge' }], [HITS], ['missing', 'unexpected']);
  differ('a host', [{ ...HITS, host: '' }], [HITS], ['missing', 'unexpected']);
  differ('a tag twice', [{ ...HITS, tags: ['a:1', 'b:2', 'b:2'] }], [HITS], ['missing', 'unexpected']);
  differ(
    'the order of tags that pass through',
    [{ ...PASSED, tags: ['a', 'a', 'b'] }],
    [PASSED],
    ['missing', 'unexpected'],
  );
  differ('a series less', [], [HITS], ['missing']);
  differ('a series twice', [HITS, HITS], [HITS], ['unexpected']);
  differ(
    'one of several that pass through',
    [PASSED, PASSED],
    [PASSED, { ...PASSED, points: [[900, 6]] }],
    ['different'],
  );
  differ(
    'bytes that look alike',
    [{ ...PASSED, name: '\ufffd', name_b64: '/w==' }],
    [{ ...PASSED, name: '\ufffd', name_b64: '/g==' }],
    ['missing', 'unexpected'],
  );
});
