/**
 * Two levels of partitions over random histories: chunks of edges that come late or again, buckets that close at any time, results of
 * the first level that reach the second late, in turns and again. Every value of a histogram comes out once, and a bucket of which
 * nothing was late has exactly the values, and so the percentiles, that one server would have had.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactHistogram } from '../../aggregate/types/histogram-summary.ts';
import { Chunk } from '../chunk/chunk.ts';
import { ChunkBuilder } from '../chunk/chunk-builder.ts';
import { contextHash, partitionOf } from '../chunk/fleet-hash.ts';
import { encodeChunkRecord, encodeClose } from '../log/log-record.ts';
import type { MergeSettings } from '../merge/merge-settings.ts';
import { type ClosedSet, Partition } from '../merge/partition.ts';
import { HistogramPartial } from '../partials/histogram.ts';
import { encodeSet } from './encode-set.ts';

const WIDTH = 10;
const FIRST = 2;
const SECOND = 2;
const START = 1000;
const NAMES = ['a', 'b', 'c', 'd'];
const WRITER = 'owner'.padEnd(16, '.');
const SETTINGS: MergeSettings = { late: 'next', skew: 'keep', contextsMax: 1000 };

/** A partition of a level, with the log that it reads. */
class Log {
  readonly partition = new Partition(SETTINGS);
  /** Chunks in the order in which they were appended. */
  readonly chunks: Buffer[] = [];
  private position = 0;

  append(chunk: Buffer, now: number): void {
    this.chunks.push(chunk);
    this.take(encodeChunkRecord(chunk, now * 1000), now);
  }

  /** The newest chunks once more: what a failed acknowledgement makes of them. */
  repeat(count: number, now: number): void {
    for (const chunk of this.chunks.slice(-count)) this.take(encodeChunkRecord(chunk, now * 1000), now);
  }

  close(through: number, now: number): ClosedSet | undefined {
    return this.take(encodeClose(through, WRITER), now);
  }

  private take(bytes: Buffer, now: number): ClosedSet | undefined {
    return this.partition.take({ position: this.position++, appendedAt: now, bytes });
  }
}

/** Weights by value, of one name or of one name in one bucket. */
class Values {
  private readonly all = new Map<string, Map<number, number>>();

  add(key: string, value: number, weight: number): void {
    const values = this.all.get(key) ?? new Map<number, number>();
    this.all.set(key, values);
    values.set(value, (values.get(value) ?? 0) + weight);
  }

  of(key: string): readonly (readonly [number, number])[] {
    return [...(this.all.get(key) ?? [])].sort(([a], [b]) => a - b);
  }

  get keys(): string[] {
    return [...this.all.keys()].sort();
  }
}

function chunkOf(edge: string, number: number, start: number, values: ReadonlyMap<string, number[]>): Buffer {
  const builder = new ChunkBuilder(1_000_000);
  for (const [name, list] of values) {
    const partial = new HistogramPartial();
    for (const value of list) partial.addValue(value, 1);
    const context = { name, type: 'histogram' as const, host: '', tags: [] };
    builder.add({ ...context, hash: contextHash(context, '') }, partial);
  }
  const [chunk] = builder.finish({ edge, epoch: 1, start, width: WIDTH }, number);
  return (chunk as { bytes: Buffer }).bytes;
}

const bucket = fc.record({
  edge: fc.nat(3),
  /** Buckets by which it comes late. */
  late: fc.constantFrom(0, 0, 0, 0, 1, 3),
  values: fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.integer({ min: 0, max: 400 })), {
    minLength: 1,
    maxLength: 20,
  }),
});
type Step =
  | {
      readonly kind: 'send';
      readonly buckets: readonly { edge: number; late: number; values: [string, number][] }[];
    }
  | { readonly kind: 'repeat'; readonly level: number; readonly partition: number; readonly count: number }
  | { readonly kind: 'close'; readonly level: number; readonly back: number }
  | { readonly kind: 'hand'; readonly from: number }
  | { readonly kind: 'pass' };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('send' as const), buckets: fc.array(bucket, { maxLength: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ kind: fc.constant('repeat' as const), level: fc.nat(1), partition: fc.nat(1) },
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('close' as const),
      level: fc.nat(1),
      back: fc.constantFrom(0, 5, 10, 20),
    }),
  },
  /** Results of one partition of the first level reach the second. */
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('hand' as const), from: fc.nat(FIRST - 1) }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'pass' as const }) },
);

interface Outcome {
  readonly sent: Values;
  readonly sentOfBucket: Values;
  readonly out: Values;
  readonly outOfBucket: Values;
  readonly late: number;
}

function play(steps: readonly Step[]): Outcome {
  const levels = [FIRST, SECOND].map((count) => Array.from({ length: count }, () => new Log()));
  const [first, second] = levels as [Log[], Log[]];
  const [sent, sentOfBucket, out, outOfBucket] = [new Values(), new Values(), new Values(), new Values()];
  const numbers = [0, 0, 0, 0];
  /** What the first level closed and the second has not got. */
  const handed: Buffer[][] = first.map(() => []);
  let now = START;

  const close = (level: number, through: number): void => {
    for (const [i, log] of (levels[level] as Log[]).entries()) {
      const closed = log.close(through, now);
      if (closed === undefined) continue;
      const source = `L${level + 1}P${i}`.padEnd(16, '.');
      const partitions = level === 0 ? SECOND : 1;
      const { set } = encodeSet(closed, { source, writer: WRITER, partitions });
      for (const { chunk } of set.results) {
        if (level === 0) handed[i]?.push(chunk);
        else read(chunk);
      }
    }
  };
  const read = (bytes: Buffer): void => {
    const chunk = Chunk.open(bytes);
    if (typeof chunk === 'string') throw new Error(chunk);
    chunk.forEach(({ partialStart }) => {
      chunk.reader.at = partialStart;
      const partial = new HistogramPartial();
      partial.merge(chunk.reader);
      const { name } = chunk.textsOfEntry();
      for (const [value, weight] of valuesOf(partial)) {
        out.add(name, value, weight);
        outOfBucket.add(`${name} ${chunk.head.start}`, value, weight);
      }
    });
  };
  const hand = (from: number): void => {
    for (const bytes of handed[from]?.splice(0) ?? []) {
      const chunk = Chunk.open(bytes);
      if (typeof chunk === 'string') throw new Error(chunk);
      let to = 0;
      chunk.forEach(({ key }) => {
        to = partitionOf(new Uint8Array(key.buffer), SECOND);
      });
      second[to]?.append(bytes, now);
    }
  };

  for (const one of steps) {
    if (one.kind === 'pass') now += WIDTH / 2;
    else if (one.kind === 'hand') hand(one.from);
    else if (one.kind === 'repeat') levels[one.level]?.[one.partition]?.repeat(one.count, now);
    else if (one.kind === 'close') close(one.level, Math.floor((now - one.back) / WIDTH) * WIDTH);
    else
      for (const { edge, late, values } of one.buckets) {
        const start = Math.floor(now / WIDTH) * WIDTH - (1 + late) * WIDTH;
        const byName = new Map<string, number[]>();
        for (const [name, value] of values) {
          byName.set(name, [...(byName.get(name) ?? []), value]);
          sent.add(name, value, 1);
          sentOfBucket.add(`${name} ${start}`, value, 1);
        }
        numbers[edge] = (numbers[edge] as number) + 1;
        const bytes = chunkOf(`edge ${edge}`.padEnd(16, '.'), numbers[edge] as number, start, byName);
        first[edge % FIRST]?.append(bytes, now);
      }
  }
  // Time goes on until everything is through.
  now += 100 * WIDTH;
  close(0, now - WIDTH);
  for (let i = 0; i < FIRST; i++) hand(i);
  close(1, now - WIDTH);
  const late = levels.flat().reduce((sum, { partition }) => sum + partition.counts.lateChunks, 0);
  return { sent, sentOfBucket, out, outOfBucket, late };
}

/** Values and weights of a partial, as it writes them. */
function valuesOf(partial: HistogramPartial): readonly (readonly [number, number])[] {
  const outcome = partial.outcome({
    series: { of: () => [] },
    intervalSeconds: WIDTH,
  } as unknown as Parameters<HistogramPartial['outcome']>[0]);
  const found: [number, number][] = [];
  if (outcome?.data.kind === 'histogram' && outcome.data.histogram instanceof ExactHistogram)
    outcome.data.histogram.forEachValue((value, weight) => found.push([value, weight]));
  return found;
}

describe('two levels', () => {
  it('bring every value of a histogram out once, and whole buckets when nothing was late', () => {
    let whole = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        const { sent, sentOfBucket, out, outOfBucket, late } = play(steps);
        for (const name of NAMES) expect(out.of(name)).toEqual(sent.of(name));
        if (late > 0) return;
        whole++;
        expect(outOfBucket.keys).toEqual(sentOfBucket.keys);
        for (const key of sentOfBucket.keys) expect(outOfBucket.of(key)).toEqual(sentOfBucket.of(key));
      }),
      { numRuns: 300 },
    );
    expect(whole).toBeGreaterThan(30);
  });
});
