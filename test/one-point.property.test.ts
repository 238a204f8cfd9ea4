/**
 * No output gets two points of one series and time, and nothing is lost on the way: filtered tags, tags in another
 * order or repeated, samples with timestamps beside live ones, types and suffixes that come to one name.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Registry } from '../src/aggregate/contexts/registry.ts';
import { TimeSampler } from '../src/aggregate/sampler.ts';
import { loadCoreModule } from '../src/core/core-module.ts';
import { simulateSettings } from '../src/inspect/simulate/simulate-settings.ts';
import { SimulatedShard } from '../src/inspect/simulate/simulate-shard.ts';
import { LineBytes } from '../src/lib/files/line-bytes.ts';
import type { Aggregate } from '../src/model/series.ts';
import { type SeriesRecord, writeAggregate } from '../src/outputs/file-record.ts';

const CONFIGS = [
  {},
  { metric_tag_filterlist: [{ metric_name: 'a', action: 'exclude', tags: ['env'] }] },
  { rules: [{ match: 'a', drop_tags: ['env'] }] },
  { rules: [{ match: '*', keep_tags: ['az'] }] },
  { rules: [{ match: 'a', bucket_seconds: 20 }] },
  { histogram_percentiles: ['0.95', '0.951'], histogram_aggregates: ['max', 'count', 'max'] },
  { histogram_copy_to_distribution: true },
];
const line = fc
  .record({
    name: fc.constantFrom('a', 'a', 'a.max', 'a.count', 'a.95percentile'),
    values: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
    type: fc.constantFrom('c', 'c', 'g', 'h', 'd', 's'),
    tags: fc.constantFrom(
      '',
      '|#env:x',
      '|#env:y',
      '|#az:1,env:x',
      '|#env:x,az:1',
      '|#az:1,az:1',
      '|#host:h',
    ),
    stamp: fc.constantFrom('', '', '|T990', '|T1000', '|T1010', '|T1005', '|T1006'),
  })
  .map(({ name, values, type, tags, stamp }) => `${name}:${values.join(':')}|${type}${tags}${stamp}`);

/** What servers hand to their outputs, flush by flush. */
function flushesOf(
  lines: readonly string[],
  values: object,
  shards: number,
  flushAfter: readonly number[],
): Aggregate[][] {
  const settings = simulateSettings({ values });
  const registry = new Registry(settings.limits);
  const sampler = new TimeSampler(registry, { ...settings.sampler, unitesEqualPoints: true });
  const all = Array.from(
    { length: shards },
    (_, index) =>
      new SimulatedShard({ index, module: loadCoreModule(), settings, sampler, registry, cold: false }),
  );
  const flushes: Aggregate[][] = [];
  const flush = (now: number, final: boolean) => {
    for (const shard of all) shard.seal();
    flushes.push([...sampler.flush(now, { final }).batches].flat());
    const { mergedValues, heldValues, flushedValues, refusedValues, ...rest } = sampler.counts;
    const dropped =
      rest.unsupportedTimestampedValues +
      rest.incompleteValues +
      rest.droppedCopies +
      rest.outOfRangeValues +
      rest.noSecondValues;
    expect(mergedValues).toBe(heldValues + flushedValues + refusedValues + dropped);
  };
  lines.forEach((text, i) => {
    (all[i % shards] as SimulatedShard).ingest(text, 1000 + i / 4);
    if (flushAfter.includes(i)) flush(1000 + i / 4, false);
  });
  flush(1000 + lines.length / 4, true);
  return flushes;
}

function recordsOf(aggregates: readonly Aggregate[]): SeriesRecord[] {
  const lines = new LineBytes(4096);
  for (const aggregate of aggregates) writeAggregate(lines, aggregate);
  lines.keep();
  return lines
    .take()
    .toString()
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text) as SeriesRecord);
}

function pointOf({ metric, type, host, tags, timestamp }: SeriesRecord): string {
  return JSON.stringify([metric, type, host, [...new Set(tags)].sort(), timestamp]);
}

describe('points of one series and time', () => {
  it('are one point in each flush, and counters add up', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 60, size: 'max' }),
        fc.constantFrom(...CONFIGS),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.nat(59), { maxLength: 4 }),
        (lines, config, shards, flushAfter) => {
          const flushes = flushesOf(lines, config, shards, flushAfter);
          for (const flush of flushes) {
            const points = recordsOf(flush).map(pointOf);
            expect(points.filter((point, i) => points.indexOf(point) !== i)).toEqual([]);
          }
          expect(countersOf(flushes.flat())).toBe(sentOf(lines));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('with timestamps are one point over all flushes: a later sample goes to the next second', () => {
    const stamped = fc
      .tuple(fc.constantFrom('c', 'g'), fc.integer({ min: 1, max: 9 }), fc.constantFrom(1003, 1004))
      .map(([type, value, time]) => `a:${value}|${type}|#env:${value}|T${time}`);
    const config = { rules: [{ match: 'a', drop_tags: ['env'] }] };
    fc.assert(
      fc.property(fc.array(stamped, { maxLength: 30 }), fc.array(fc.nat(29)), (lines, flushAfter) => {
        const flushes = flushesOf(lines, config, 2, flushAfter);
        const points = recordsOf(flushes.flat()).map(pointOf);
        expect(points.filter((point, i) => points.indexOf(point) !== i)).toEqual([]);
        expect(countersOf(flushes.flat())).toBe(sentOf(lines));
      }),
      { numRuns: 200 },
    );
  });

  it('of the issue are one point: a filter makes two tags one series', () => {
    const config = { metric_tag_filterlist: [{ metric_name: 'a', action: 'exclude', tags: ['env'] }] };
    const [flush = []] = flushesOf(
      ['a:1|c|#env:x|T1000', 'a:2|c|#env:y|T1000', 'a:4|c|T1000'],
      config,
      1,
      [],
    );
    expect(recordsOf(flush)).toMatchObject([
      { metric: 'a', timestamp: 1000, value: 0.7, count: 7, tags: [] },
    ]);
  });

  it('keep the last value of a gauge, and that of the bucket beside a live one', () => {
    const [flush = []] = flushesOf(['a:1|g|T1000', 'a:2|g|T1000', 'b:1|g|T1000', 'b:5|g'], {}, 1, []);
    expect(recordsOf(flush)).toMatchObject([
      { metric: 'a', timestamp: 1000, value: 2 },
      { metric: 'b', timestamp: 1000, value: 5 },
    ]);
  });
});

function countersOf(aggregates: readonly Aggregate[]): number {
  return aggregates.reduce((sum, { context, data }) => {
    if (data.kind === 'counter') return sum + data.sum;
    return data.kind === 'timestamped' && context.type === 'counter' ? sum + data.value : sum;
  }, 0);
}

function sentOf(lines: readonly string[]): number {
  const counters = lines.filter((text) => text.includes('|c'));
  return counters
    .flatMap((text) => (text.split('|')[0] as string).split(':').slice(1))
    .reduce((sum, value) => sum + Number(value), 0);
}
