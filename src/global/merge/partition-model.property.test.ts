/**
 * The argument for exactly-once as a property (docs/global.md): whatever edges repeat, whatever comes late, however often
 * and by whom buckets are closed, and wherever a reader crashes, each bucket comes out once, with the same value for every
 * reader, and nothing is lost. Two designs that look right and are not must fail it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { Chunk, type ChunkHead } from '../chunk/chunk.ts';
import { ChunkBuilder } from '../chunk/chunk-builder.ts';
import { contextHash } from '../chunk/fleet-hash.ts';
import type { LogRecord } from '../log/log.ts';
import { decodeRecord, encodeChunkRecord, encodeClose } from '../log/log-record.ts';
import { CounterPartial } from '../partials/counter.ts';
import { GaugePartial } from '../partials/gauge.ts';
import { SetPartial } from '../partials/set.ts';
import { FUTURE_BUCKETS, LATE_POLICIES, type MergeSettings, SKEW_POLICIES } from './merge-settings.ts';
import { type ClosedSet, Partition } from './partition.ts';
import { decodePartitionState, type PartitionState } from './partition-state.ts';
import type { Deduplication } from './producers.ts';

const WIDTHS = [10, 10, 10, 30];
const OWNER = 'owner'.padEnd(16, '.');

/** One thing that happens to a partition. */
type Step =
  | {
      readonly kind: 'chunk';
      readonly edge: number;
      readonly back: number;
      readonly values: readonly number[];
      readonly width: number;
    }
  | { readonly kind: 'repeat'; readonly edge: number; readonly chunks: number }
  | { readonly kind: 'restart'; readonly edge: number }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'close'; readonly back: number; readonly times: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('chunk' as const),
      edge: fc.nat(3),
      // Seconds by which the bucket is in the past: late, in time, or by a clock that is ahead.
      back: fc.oneof(fc.integer({ min: -25, max: 15 }), fc.integer({ min: -200, max: 400 })),
      values: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 4 }),
      width: fc.constantFrom(...WIDTHS),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('repeat' as const),
      edge: fc.nat(3),
      chunks: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), edge: fc.nat(3) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 0, max: 15 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('close' as const),
      back: fc.oneof(fc.constantFrom(5, 10), fc.integer({ min: -40, max: 40 })),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
);
const history = fc.array(step, { minLength: 5, maxLength: 60 });
const settings: fc.Arbitrary<MergeSettings> = fc.record({
  late: fc.constantFrom(...LATE_POLICIES),
  skew: fc.constantFrom(...SKEW_POLICIES),
  contextsMax: fc.constantFrom(3, 1000),
});
const SIMPLE: MergeSettings = { late: 'next', skew: 'keep', contextsMax: 1000 };

interface Edge {
  epoch: number;
  number: number;
  readonly sent: Buffer[];
}

/** Makes the log of a history, and what all different chunks hold in all. */
function logOf(steps: readonly Step[]): {
  readonly records: LogRecord[];
  readonly sent: number;
  readonly partials: number;
} {
  const records: LogRecord[] = [];
  const edges: Edge[] = [];
  let now = 1000;
  let sent = 0;
  let partials = 0;
  const append = (bytes: Buffer): void => {
    // Positions have gaps, as in real logs.
    records.push({ position: records.length * 2, appendedAt: now, bytes });
  };
  for (const one of steps) {
    if (one.kind === 'pass') now += one.seconds;
    else if (one.kind === 'close')
      for (let i = 0; i < one.times; i++) append(encodeClose(Math.floor((now - one.back) / 10) * 10, OWNER));
    else {
      edges[one.edge] ??= { epoch: 1, number: 0, sent: [] };
      const edge = edges[one.edge] as Edge;
      if (one.kind === 'restart') {
        edge.epoch++;
        edge.number = 0;
        edge.sent.length = 0;
      } else if (one.kind === 'repeat') {
        for (const chunk of edge.sent.slice(-one.chunks)) append(encodeChunkRecord(chunk, now * 1000));
      } else {
        const start = Math.floor((now - one.back) / one.width) * one.width;
        const chunk = chunkOf(`edge ${one.edge}`.padEnd(16, '.'), edge, {
          start,
          width: one.width,
          values: one.values,
        });
        edge.sent.push(chunk);
        sent += one.values.reduce((sum, value) => sum + value, 0);
        partials += one.values.length + 2;
        append(encodeChunkRecord(chunk, (now + (one.edge - 1) * 12) * 1000));
      }
    }
  }
  return { records, sent, partials };
}

function chunkOf(
  source: string,
  edge: Edge,
  bucket: { readonly start: number; readonly width: number; readonly values: readonly number[] },
): Buffer {
  const builder = new ChunkBuilder(1_000_000);
  const add = (
    name: string,
    type: 'counter' | 'gauge' | 'set',
    partial: CounterPartial | GaugePartial | SetPartial,
  ): void =>
    builder.add({ hash: contextHash({ name, type, host: '', tags: [] }, ''), type, name, tags: [] }, partial);
  bucket.values.forEach((value, i) => {
    add(`counter.${(i + value) % 6}`, 'counter', new CounterPartial(value));
  });
  add('gauge', 'gauge', GaugePartial.of('sum', bucket.values[0] ?? 0, bucket.start));
  const set = new SetPartial();
  for (const value of bucket.values) set.add(value);
  add('set', 'set', set);
  const [chunk] = builder.finish({ edge: source, epoch: edge.epoch, ...bucket }, ++edge.number);
  return chunk?.bytes as Buffer;
}

/** Everything a set says, as text. */
function textOf({ ordinal, closedThrough, buckets }: ClosedSet): string {
  const writer = new ByteWriter();
  for (const { start, width, isLate, entries } of buckets) {
    writer.text(`${start} ${width} ${isLate}`);
    for (const { context, partial } of entries) {
      writer.text(context.name);
      partial.write(writer);
    }
  }
  return `${ordinal} ${closedThrough} ${writer.bytes().toString('base64')}`;
}

interface Reading {
  readonly sets: ClosedSet[];
  readonly partition: Partition;
}

type MakePartition = (state: PartitionState | undefined) => Partition;

/** Reads a log to its end. A crash before a set is kept loses the set; one after it goes on from its state. */
function read(records: readonly LogRecord[], make: MakePartition, crashes: readonly number[] = []): Reading {
  const sets: ClosedSet[] = [];
  let partition = make(undefined);
  let at = 0;
  let taken = 0;
  const crash = (): void => {
    const state = sets.at(-1)?.state;
    partition = make(state && decodePartitionState(state));
    at = records.findIndex(({ position }) => position >= partition.next);
    if (at < 0) at = records.length;
  };
  while (at < records.length) {
    const set = partition.take(records[at++] as LogRecord);
    taken++;
    if (set !== undefined) {
      if (crashes.includes(-taken)) {
        crash();
        continue;
      }
      sets.push(set);
    }
    if (crashes.includes(taken)) crash();
  }
  return { sets, partition };
}

const crashPoints = fc.array(fc.integer({ min: -80, max: 80 }), { maxLength: 12 });
const RUNS = 400;

describe('a partition', () => {
  it('comes to the same for every reader, wherever one crashes', () => {
    fc.assert(
      fc.property(history, settings, crashPoints, crashPoints, (steps, rules, first, second) => {
        const { records } = logOf(steps);
        const make: MakePartition = (state) => new Partition(rules, state);
        const whole = read(records, make).sets;
        for (const crashes of [first, second]) {
          const { sets } = read(records, make, crashes);
          expect(sets.map(textOf)).toEqual(whole.map(textOf));
        }
        expect(whole.map(({ ordinal }) => ordinal)).toEqual(whole.map((_, i) => i + 1));
      }),
      { numRuns: RUNS },
    );
  });

  it('delivers each bucket once, in order', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const { sets } = read(logOf(steps).records, (state) => new Partition(SIMPLE, state));
        const ids = sets.flatMap(({ buckets }) => buckets.map(({ start, width }) => `${start}+${width}`));
        expect(new Set(ids).size).toBe(ids.length);
        const through = sets.map(({ closedThrough }) => closedThrough);
        expect(through).toEqual([...through].sort((a, b) => a - b));
      }),
      { numRuns: RUNS },
    );
  });

  it('loses nothing: what was delivered and what is open is what was sent', () => {
    fc.assert(
      fc.property(history, crashPoints, (steps, crashes) => {
        const { records, sent } = logOf(steps);
        const { sets, partition } = read(records, (state) => new Partition(SIMPLE, state), crashes);
        // Nothing is open behind a last close that is late enough; futures were refused.
        const end = { position: records.length * 2, appendedAt: 1e9, bytes: encodeClose(1e9, OWNER) };
        const last = partition.take(end);
        const delivered = sumOf([...sets, ...(last === undefined ? [] : [last])]);
        expect(delivered + refusedIn(records)).toBe(sent);
      }),
      { numRuns: RUNS },
    );
  });

  it('accounts for every partial it read', () => {
    fc.assert(
      fc.property(history, settings, (steps, rules) => {
        const { partition } = read(logOf(steps).records, (state) => new Partition(rules, state));
        const { counts } = partition;
        const refused = Object.values(counts.refused).reduce((sum, n) => sum + n, 0);
        expect(counts.merged + counts.late + counts.repeated + refused).toBe(counts.read);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('designs that do not work', () => {
  const finds = (make: MakePartition): boolean =>
    fc.check(
      fc.property(history, crashPoints, (steps, crashes) => {
        const { records, sent } = logOf(steps);
        const reading = read(records, make, crashes);
        const end = { position: records.length * 2, appendedAt: 1e9, bytes: encodeClose(1e9, OWNER) };
        const last = reading.partition.take(end);
        return sumOf([...reading.sets, ...(last === undefined ? [] : [last])]) + refusedIn(records) === sent;
      }),
      { numRuns: 2000 },
    ).failed;

  it('a set of ids per open bucket counts a repeat of a closed bucket twice', () => {
    expect(finds((state) => new Partition(SIMPLE, state, new IdsOfOpenBuckets()))).toBe(true);
  });

  it('the highest id seen loses the chunks of open buckets in a replay', () => {
    expect(finds((state) => new Partition(SIMPLE, state && { ...state, held: [] }))).toBe(true);
  });

  it('and the search finds nothing in the design that works', () => {
    expect(finds((state) => new Partition(SIMPLE, state))).toBe(false);
  });
});

function sumOf(sets: readonly ClosedSet[]): number {
  let sum = 0;
  for (const { buckets } of sets)
    for (const { entries } of buckets)
      for (const { partial } of entries) if (partial instanceof CounterPartial) sum += partial.sum;
  return sum;
}

/** Counter values of different chunks that start more than six widths after the log's time: those are refused. */
function refusedIn(records: readonly LogRecord[]): number {
  const seen = new Set<string>();
  let sum = 0;
  for (const { bytes, appendedAt } of records) {
    const record = decodeRecord(bytes);
    const chunk = record?.kind === 'chunk' ? Chunk.open(record.chunk) : undefined;
    if (chunk === undefined || typeof chunk === 'string') continue;
    const { edge, epoch, number, start, width } = chunk.head;
    const id = `${edge} ${epoch} ${number}`;
    if (!seen.has(id) && start > appendedAt + FUTURE_BUCKETS * width) sum += countersOf(chunk);
    seen.add(id);
  }
  return sum;
}

function countersOf(chunk: Chunk): number {
  const sum = new CounterPartial();
  chunk.forEach(({ type, partialStart }) => {
    chunk.reader.at = partialStart;
    if (type === 'counter') sum.merge(chunk.reader);
  });
  return sum.sum;
}

/** Remembers the chunks of buckets that are open, and forgets them with the bucket. */
class IdsOfOpenBuckets implements Deduplication {
  private readonly ids = new Map<string, number>();

  accept({ edge, epoch, number, start, width }: ChunkHead): boolean {
    const id = `${edge} ${epoch} ${number}`;
    if (this.ids.has(id)) return false;
    this.ids.set(id, start + width);
    return true;
  }

  forget(_now: number, closedThrough: number): void {
    for (const [id, end] of this.ids) if (end <= closedThrough) this.ids.delete(id);
  }

  write(writer: ByteWriter): void {
    writer.varint(this.ids.size);
    for (const [id, end] of this.ids) {
      writer.text(id);
      writer.f64(end);
    }
  }

  read(reader: ByteReader): void {
    for (let left = reader.varint(); left > 0; left--) this.ids.set(reader.text(), reader.f64());
  }
}
