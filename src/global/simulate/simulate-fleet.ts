/**
 * Sizes a fleet with the real code on a virtual clock: chunks are built as edges build them, and read, closed and encoded as
 * owners do, for one partition of each level. What one partition costs, times the partitions, is what the fleet costs.
 *
 *   edges ─▶ chunks of partition 0 ─▶ Partition ─▶ closed sets ─▶ records of `merged`           one level
 *   edges of group 0 ─▶ full chunks ─▶ Partition ─▶ chunks for level 2                          two levels, first
 *   every group's chunk of partition 0 ─▶ Partition ─▶ closed sets                              two levels, second
 *
 * Reads no clock: CPU time is an argument. Memory: the chunks of one partition in one bucket.
 */
import { ChunkBuilder } from '../chunk/chunk-builder.ts';
import type { LogRecord } from '../log/log.ts';
import { encodeChunkRecord, encodeClose } from '../log/log-record.ts';
import type { MergeSettings } from '../merge/merge-settings.ts';
import { type ClosedSet, Partition } from '../merge/partition.ts';
import { encodeSet } from '../owner/encode-set.ts';
import { countAround, type FleetShape, PartitionContexts, partialFor, randomOf } from './fleet-shape.ts';

const WIDTH = 10;
const GRACE = 5;
const START = 1_000_000;
const CHUNK_BYTES = 256 * 1024;
const WRITER = 'simulation'.padEnd(16, '.');
const SETTINGS: MergeSettings = { late: 'next', skew: 'keep', contextsMax: 16_777_216 };

export interface SimulationOptions extends FleetShape {
  readonly buckets: number;
  readonly seed: number;
  /** CPU seconds used by this process so far. */
  readonly cpuSeconds: () => number;
}

/** One level of aggregation, for the whole fleet. */
export interface LevelCost {
  readonly chunksPerSecond: number;
  readonly partialsPerSecond: number;
  readonly partialsPerChunk: number;
  readonly bytesPerSecond: number;
  readonly bytesPerPartial: number;
  /** Cores of owners that read, merge, close and encode. */
  readonly ownerCores: number;
  /** Partials merged in a CPU second. */
  readonly partialsPerCpuSecond: number;
  /** Bytes of the results and states that owners append. */
  readonly resultBytesPerSecond: number;
  /** Of the open buckets, over all owners: two are open at a time. */
  readonly memoryBytes: number;
}

export interface FleetCost {
  readonly shape: FleetShape;
  readonly flat: LevelCost & { readonly edgeCpuPerBucket: number };
  readonly first: LevelCost & { readonly edgeCpuPerBucket: number };
  readonly second: LevelCost;
  /** Whether one level is enough, by the chunks a second that brokers and owners take without effort. */
  readonly recommended: 1 | 2;
}

/** Beyond so many chunks a second two levels are better. */
const FLAT_CHUNKS_MAX = 10_000;

export function simulateFleet(options: SimulationOptions): FleetCost {
  const { edges, contextsPerEdge, distinct, partitions } = options;
  const flat = simulateFlat(options);
  const first = simulateFirst(options);
  const second = simulateSecond(options);
  return {
    shape: { edges, contextsPerEdge, distinct, partitions },
    flat,
    first,
    second,
    recommended: flat.chunksPerSecond > FLAT_CHUNKS_MAX ? 2 : 1,
  };
}

/** Every edge sends its share of partition 0. */
function simulateFlat(options: SimulationOptions): FleetCost['flat'] {
  const { edges, contextsPerEdge, partitions } = options;
  const contexts = new PartitionContexts(options, 0);
  const run = new Run(options);
  const mean = contextsPerEdge / partitions;
  for (let bucket = -1; bucket < options.buckets; bucket++) {
    for (let edge = 0; edge < edges; edge++) {
      const random = randomOfEdge(options, edge);
      const count = Math.min(countAround(mean, random), contexts.size);
      if (count > 0) run.send(edge, bucket, picks(count, contexts.size, random), contexts);
    }
    run.close(bucket, 1);
  }
  return { ...run.cost(partitions), edgeCpuPerBucket: run.edgeCpu(edges / partitions) };
}

/** Group 0 of the edges send all they have. */
function simulateFirst(options: SimulationOptions): FleetCost['first'] {
  const { edges, contextsPerEdge, partitions, distinct } = options;
  const all = new PartitionContexts({ ...options, partitions: 1 }, 0);
  const run = new Run(options);
  const group = Math.max(1, Math.round(edges / partitions));
  for (let bucket = -1; bucket < options.buckets; bucket++) {
    for (let edge = 0; edge < group; edge++) {
      const random = randomOfEdge(options, edge);
      run.send(edge, bucket, picks(Math.min(contextsPerEdge, distinct), all.size, random), all);
    }
    run.close(bucket, partitions);
  }
  return { ...run.cost(edges / group), edgeCpuPerBucket: run.edgeCpu(group) };
}

/** Each partition of level 1 sends what its group has of partition 0. */
function simulateSecond(options: SimulationOptions): LevelCost {
  const { edges, contextsPerEdge, partitions } = options;
  const contexts = new PartitionContexts(options, 0);
  const run = new Run(options);
  const draws = (edges / partitions) * (contextsPerEdge / partitions);
  for (let bucket = -1; bucket < options.buckets; bucket++) {
    for (let group = 0; group < Math.min(partitions, edges); group++) {
      const random = randomOfEdge(options, group);
      const seen = new Set<number>();
      for (let left = countAround(draws, random); left > 0; left--)
        seen.add(Math.floor(random() * contexts.size));
      if (seen.size > 0) run.send(group, bucket, seen, contexts);
    }
    run.close(bucket, 1);
  }
  return run.cost(partitions);
}

/** One partition over a few buckets, and what it costs. */
class Run {
  private readonly options: SimulationOptions;
  private readonly partition = new Partition(SETTINGS);
  private readonly numbers = new Map<number, number>();
  private records: LogRecord[] = [];
  private position = 0;
  private now = START;
  private chunks = 0;
  private partials = 0;
  private bytes = 0;
  private resultBytes = 0;
  private memory = 0;
  private sealCpu = 0;
  private mergeCpu = 0;
  private mergedBefore = 0;

  constructor(options: SimulationOptions) {
    this.options = options;
  }

  send(edge: number, bucket: number, indexes: Iterable<number>, contexts: PartitionContexts): void {
    const start = START + bucket * WIDTH;
    this.now = start + WIDTH;
    const random = randomOf(this.options.seed + edge * 31 + bucket);
    const list = [...indexes].map((index) => {
      const context = contexts.at(index);
      return { context, partial: partialFor(context, random, start) };
    });
    const before = this.options.cpuSeconds();
    const builder = new ChunkBuilder(CHUNK_BYTES);
    for (const { context, partial } of list) builder.add(context, partial);
    const number = (this.numbers.get(edge) ?? 0) + 1;
    const origin = { edge: `edge ${edge}`.padEnd(16, '.'), epoch: 1, start, width: WIDTH };
    const chunks = builder.finish(origin, number);
    const records = chunks.map(({ bytes }) => encodeChunkRecord(bytes, this.now * 1000));
    this.sealCpu += this.options.cpuSeconds() - before;
    this.numbers.set(edge, number + chunks.length - 1);
    this.chunks += chunks.length;
    this.partials += list.length;
    for (const bytes of records) this.append(bytes);
  }

  /** Closes a bucket when its grace is over, and encodes its results for so many partitions. */
  close(bucket: number, partitions: number): void {
    const end = START + (bucket + 1) * WIDTH;
    this.now = end + GRACE;
    const records = this.records;
    this.records = [];
    const before = this.options.cpuSeconds();
    for (const record of records) this.partition.take(record);
    this.memory = Math.max(this.memory, this.partition.openBytes);
    const closed = this.partition.take({
      position: this.position++,
      appendedAt: this.now,
      bytes: encodeClose(end, WRITER),
    });
    if (closed !== undefined) this.resultBytes += resultBytesOf(closed, partitions);
    this.mergeCpu += this.options.cpuSeconds() - before;
    if (bucket < 0) this.startToCount();
  }

  /** `times` as many partitions are like this one. */
  cost(times: number): LevelCost {
    const seconds = this.options.buckets * WIDTH;
    const merged = this.partition.counts.merged - this.mergedBefore;
    if (merged !== this.partials)
      throw new Error(`the simulation sent ${this.partials} partials and merged ${merged}`);
    return {
      chunksPerSecond: (this.chunks / seconds) * times,
      partialsPerSecond: (this.partials / seconds) * times,
      partialsPerChunk: this.partials / Math.max(1, this.chunks),
      bytesPerSecond: (this.bytes / seconds) * times,
      bytesPerPartial: this.bytes / Math.max(1, this.partials),
      ownerCores: (this.mergeCpu / seconds) * times,
      partialsPerCpuSecond: this.partials / Math.max(1e-9, this.mergeCpu),
      resultBytesPerSecond: (this.resultBytes / seconds) * times,
      memoryBytes: this.memory * 2 * times,
    };
  }

  /** CPU seconds that one edge needs for its chunks of a bucket; `edges` sent what was built here. */
  edgeCpu(edges: number): number {
    return this.sealCpu / this.options.buckets / Math.max(1, edges);
  }

  /** The first bucket makes contexts known, as they are in a fleet that runs. */
  private startToCount(): void {
    this.mergedBefore = this.partition.counts.merged;
    this.chunks = 0;
    this.partials = 0;
    this.bytes = 0;
    this.resultBytes = 0;
    this.sealCpu = 0;
    this.mergeCpu = 0;
  }

  private append(bytes: Buffer): void {
    this.bytes += bytes.length;
    this.records.push({ position: this.position++, appendedAt: this.now, bytes });
  }
}

/** An edge has the same contexts in every bucket. */
function randomOfEdge({ seed }: SimulationOptions, edge: number): () => number {
  return randomOf(seed * 1_000_003 + edge);
}

function resultBytesOf(closed: ClosedSet, partitions: number): number {
  const { records } = encodeSet(closed, { source: WRITER, writer: WRITER, partitions });
  return records.reduce((sum, record) => sum + record.length, 0);
}

/** `count` different numbers below `size`. */
function picks(count: number, size: number, random: () => number): Set<number> {
  const picked = new Set<number>();
  if (count >= size) for (let i = 0; i < size; i++) picked.add(i);
  while (picked.size < Math.min(count, size)) picked.add(Math.floor(random() * size));
  return picked;
}
