/**
 * A closed set as records of `merged`: its results, each a chunk like those of edges, then the state in parts.
 *
 * The bytes of the results are a function of the log: the same for every owner that closes the same set. On level 1 of two
 * they are the very chunks that level 2 reads: one list for each of its partitions, numbered by the ordinal.
 */
import { ChunkBuilder } from '../chunk/chunk-builder.ts';
import { partitionOf } from '../chunk/fleet-hash.ts';
import { encodeResult, encodeState } from '../log/log-record.ts';
import type { Forward } from '../merge/merge-settings.ts';
import type { ClosedSet } from '../merge/partition.ts';
import type { Source } from '../partials/partial.ts';
import { type MergedSet, type ResultChunk, withResultCount } from './merged-tail.ts';

/** Results and parts of states are at most about as long; a log takes records of a mebibyte. */
const RECORD_BYTES = 512 * 1024;
/** Chunks of one close at most, so that numbers ascend from close to close. */
const CHUNKS_OF_SET_MAX = 1_000_000;

export interface EncodeSettings {
  /** What stands for an edge in the results: level and partition. */
  readonly source: Source;
  /** The instance that writes. */
  readonly writer: Source;
  /** Partitions that the results are for; 1 when they are for outputs. */
  readonly partitions: number;
  /** When another log follows: which buckets are for it, and what stands for an edge there. */
  readonly forward?: (Forward & { readonly source: Source }) | undefined;
}

export interface EncodedSet {
  readonly set: MergedSet;
  readonly records: readonly Buffer[];
}

export function encodeSet(closed: ClosedSet, settings: EncodeSettings): EncodedSet {
  const { ordinal } = closed;
  const { writer } = settings;
  const results = chunksOf(closed, settings);
  const state = withResultCount(closed.state, results.length);
  const stateParts = Math.max(1, Math.ceil(state.length / RECORD_BYTES));
  const records = results.map((result, index) =>
    encodeResult({ ordinal, index, of: results.length, writer }, result, result.chunk),
  );
  for (let index = 0; index < stateParts; index++) {
    const part = state.subarray(index * RECORD_BYTES, (index + 1) * RECORD_BYTES);
    records.push(encodeState({ ordinal, index, of: stateParts, writer }, part));
  }
  return { set: { ordinal, writer, results, state: closed.state }, records };
}

function chunksOf({ ordinal, buckets }: ClosedSet, settings: EncodeSettings): ResultChunk[] {
  const { forward } = settings;
  const results: ResultChunk[] = [];
  let number = ordinal * CHUNKS_OF_SET_MAX;
  for (const { start, width, isLate, entries } of buckets) {
    const isForwarded = forward !== undefined && start >= forward.from;
    const { source: edge, partitions } = isForwarded ? forward : settings;
    const builders = new Map<number, ChunkBuilder>();
    for (const { context, partial } of entries) {
      const partition = partitions === 1 ? 0 : partitionOf(context.hash, partitions);
      let builder = builders.get(partition);
      if (builder === undefined) {
        builder = new ChunkBuilder(RECORD_BYTES);
        builders.set(partition, builder);
      }
      builder.add(context, partial);
    }
    for (const builder of builders.values())
      for (const { bytes } of builder.finish({ edge, epoch: 0, start, width }, number)) {
        results.push({ isLate, isForwarded, chunk: bytes });
        number++;
      }
  }
  return results;
}
