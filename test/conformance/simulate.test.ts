/**
 * Runs every case of aggregation.json through the public `simulate`, with the caches and without them. None
 * of them pins a behaviour of the reference that this server changes, so none has an expectation of its own.
 *
 * The cases below them pin what the file leaves open: rules of docs/behaviour/aggregation.md#buckets for clocks that step
 * back, and the places where this server does better on purpose (docs/differences.md).
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type SimulatedSeries, type SimulateOptions, simulate } from '../../src/index.ts';
import { compareSeries } from '../../src/inspect/simulate/simulate-compare.ts';

interface Case extends SimulateOptions {
  id: string;
  expect: SimulatedSeries[];
}

const vectors: { defaults: object; cases: Case[] } = JSON.parse(
  readFileSync(new URL('aggregation.json', import.meta.url), 'utf8'),
);

for (const cold of [false, true])
  describe(`aggregation.json through simulate, ${cold ? 'cold' : 'hot'}`, () => {
    for (const one of vectors.cases)
      it(one.id, () => {
        const got = simulate({ ...one, config: { ...vectors.defaults, ...one.config }, cold });
        expect(compareSeries(got, one.expect)).toEqual([]);
      });
  });

type Packet = readonly [line: string, at: number, recv?: number];

/** Expected points as `flush name timestamp value`. */
function emits(
  title: string,
  packets: readonly Packet[],
  flushes: Omit<SimulateOptions, 'samples'>,
  want: readonly string[],
): void {
  const samples = packets.map(([line, at, recv]) => ({ line, at, ...(recv !== undefined && { recv }) }));
  for (const cold of [false, true])
    it(`${title}, ${cold ? 'cold' : 'hot'}`, () => {
      expect(simulate({ samples, ...flushes, cold }).flatMap(pointsOf)).toEqual(want);
    });
}

function pointsOf({ flush, name, points = [], sketches = [] }: SimulatedSeries): string[] {
  const values = [...points, ...sketches.map(({ ts, cnt }) => [ts, `n=${cnt}`] as const)];
  return values.map(([timestamp, value]) => `${flush ?? 'passed'} ${name} ${timestamp} ${value}`);
}

describe('a clock that steps back', () => {
  emits(
    'within a bucket leaves the last gauge in order of arrival',
    [
      ['temp:1|g', 1008],
      ['temp:2|g', 1003, 1009],
    ],
    { flush_at: [1010] },
    ['0 temp 1000 2'],
  );
  emits(
    'across a flush that leaves the bucket open too',
    [
      ['temp:1|g', 1008],
      ['temp:2|g', 1003, 1009],
    ],
    { flush_at: [1008.5, 1010] },
    ['1 temp 1000 2'],
  );
  emits(
    'makes a flushed bucket again, and does not merge it with the first',
    [
      ['hits:10|c', 1005],
      ['hits:20|c', 1006, 1013],
    ],
    { flush_at: [1010, 1020] },
    ['0 hits 1000 1', '1 hits 1000 2'],
  );
  emits(
    'takes the time a counter was seen with it',
    [
      ['hits:10|c', 1025],
      ['hits:10|c', 1001, 1026],
      ['temp:1|g', 1022, 1027],
    ],
    { config: { dogstatsd_expiry_seconds: 10 }, flush_at: [1030] },
    ['0 hits 1000 1', '0 hits 1020 1', '0 temp 1020 1'],
  );
  emits(
    'a sample ahead of it waits in its bucket, and holds zeros back meanwhile',
    [
      ['hits:10|c', 1005],
      ['temp:1|g', 1035, 1011],
    ],
    { flush_at: [1010, 1020, 1030, 1040] },
    ['0 hits 1000 1', '3 hits 1030 0', '3 temp 1030 1'],
  );
});

describe('flushes', () => {
  emits('at the time of a sample come after it', [['temp:1|g', 1010]], { flush_at: [1010, 1020] }, [
    '1 temp 1010 1',
  ]);
  emits(
    'at one time are periodic first, then the stop',
    [['temp:1|g', 1001]],
    { flush_at: [1010], stop_at: 1010 },
    ['0 temp 1000 1'],
  );
  emits(
    'end with the stop: what arrives later is not received',
    [
      ['temp:1|g', 1001],
      ['temp:2|g', 1006],
    ],
    { flush_at: [1010], stop_at: 1005 },
    ['stop temp 1000 1'],
  );
  emits(
    'at the stop fill every bucket, the open one as well',
    [
      ['hits:10|c', 1001],
      ['temp:1|g', 1012],
    ],
    { flush_at: [], stop_at: 1015 },
    ['stop hits 1000 1', 'stop hits 1010 0', 'stop temp 1010 1'],
  );
  emits(
    'of buckets that hold distributions alone still make zeros for the idle',
    [
      ['hits:10|c', 1001],
      ['size:1|d', 1012],
    ],
    { flush_at: [1010, 1020] },
    ['0 hits 1000 1', '1 hits 1010 0', '1 size 1010 n=1'],
  );
  emits('are not needed for samples with timestamps', [['hits:25|c|T900', 1001]], { flush_at: [] }, [
    'passed hits 900 2.5',
  ]);
});

describe('on purpose other than the reference', () => {
  emits(
    'two types under one name are two series',
    [
      ['jobs:1|c', 1001],
      ['jobs:5|g', 1002],
    ],
    { flush_at: [1010] },
    ['0 jobs 1000 5', '0 jobs 1000 0.1'],
  );
  emits(
    'a counter is filled with zeros also when a gauge of its name came first',
    [
      ['jobs:5|g', 1001],
      ['jobs:1|c', 1002],
    ],
    { flush_at: [1010, 1020] },
    ['0 jobs 1000 5', '0 jobs 1000 0.1', '1 jobs 1010 0'],
  );
  emits(
    'a value that is not finite makes no context and no zeros',
    [
      ['jobs:NaN|c', 1001],
      ['jobs:inf|g', 1001],
    ],
    { flush_at: [1010, 1020] },
    [],
  );
  emits(
    'data never loses its context, however soon contexts expire',
    [['temp:5|g', 1001]],
    { config: { dogstatsd_context_expiry_seconds: 0 }, flush_at: [1005, 1010] },
    ['1 temp 1000 5'],
  );
  emits(
    'the open bucket is flushed at the stop by default',
    [['temp:5|g', 1001]],
    { flush_at: [], stop_at: 1005 },
    ['stop temp 1000 5'],
  );
});

describe('peculiar sample rates', () => {
  const ratesAre = (title: string, rate: string, count: string, others: string) =>
    emits(
      title,
      [
        [`hits:10|c|@${rate}`, 1001],
        [`lat:4|h|@${rate}`, 1001],
        [`size:4|d|@${rate}`, 1001],
        [`temp:4|g|@${rate}`, 1001],
      ],
      { config: { histogram_aggregates: ['sum', 'count'], histogram_percentiles: [] }, flush_at: [1010] },
      [`0 hits 1000 ${count}`, ...others.split(', ').map((point) => `0 ${point}`)],
    );
  const ONCE = 'lat.count 1000 0.1, lat.sum 1000 4, size 1000 n=1, temp 1000 4';
  for (const rate of ['0', '-0', '-0.5', 'nan', 'inf', '-inf'])
    ratesAre(`${rate} counts as 1 for every type`, rate, '1', ONCE);
  ratesAre('above 1 shrinks a counter and counts as 1 for the others', '2', '0.5', ONCE);
  ratesAre(
    'of 0.3 counts three times, and in full in a sum',
    '0.3',
    '3.3333333333333335',
    'lat.count 1000 0.3, lat.sum 1000 13.333333333333334, size 1000 n=3, temp 1000 4',
  );
  for (const rate of ['2.3283064365386963e-10', '1e-300', '1e-320'])
    emits(
      `of ${rate} is refused by every type that counts, and harms no neighbour`,
      [
        [`hits:10|c|@${rate}\nlat:4|h|@${rate}\nsize:4|d|@${rate}\ntemp:4|g|@${rate}`, 1001],
        ['hits:10|c\nlat:4|h\nsize:4|d', 1001],
        [`hits:10|c|@${rate}\nlat:4|h|@${rate}\nsize:4|d|@${rate}\ntemp:4|g|@${rate}`, 1001],
      ],
      { config: { histogram_aggregates: ['sum', 'count'], histogram_percentiles: [] }, flush_at: [1010] },
      ['0 hits 1000 1', ...ONCE.split(', ').map((point) => `0 ${point}`)],
    );
  emits(
    'of 1/4294967295 is the smallest there is',
    [['size:5|d|@2.3283064370807974e-10', 1001]],
    { flush_at: [1010] },
    ['0 size 1000 n=4294967295'],
  );
  emits(
    'of 16/300 counts 18 times, as in the Agent',
    [
      [
        'lat:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1|h|@0.05333333333333334\nsize:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1|d|@0.05333333333333334',
        1001,
      ],
    ],
    { config: { histogram_aggregates: ['count'], histogram_percentiles: [] }, flush_at: [1010] },
    ['0 lat.count 1000 28.8', '0 size 1000 n=288'],
  );
  emits(
    'of 16/300 counts 18.75 times with exact weights',
    [
      [
        'lat:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1|h|@0.05333333333333334\nsize:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1|d|@0.05333333333333334',
        1001,
      ],
    ],
    {
      config: { weights: 'exact', histogram_aggregates: ['count'], histogram_percentiles: [] },
      flush_at: [1010],
    },
    ['0 lat.count 1000 30', '0 size 1000 n=300'],
  );
});

it('the limits of sketches can be set', () => {
  const options = { samples: [{ line: 'size:1:2:3:4|d', at: 1 }], flush_at: [10] };
  const [series] = simulate({ ...options, config: { sketch_bin_limit: 2 } });
  expect(series?.sketches).toMatchObject([{ cnt: 4, k: [1409, 1427], n: [3, 1] }]);
});
