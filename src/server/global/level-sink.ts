/**
 * Gives the results of the first level to the second: they are chunks already, each for one of its partitions.
 *
 * What is appended again after a crash is a repeat there: its edge is the partition of the first level, and its number
 * follows from the close (owner/encode-set.ts).
 */
import { Chunk } from '../../global/chunk/chunk.ts';
import { partitionOf } from '../../global/chunk/fleet-hash.ts';
import type { GlobalLog } from '../../global/log/log.ts';
import { encodeChunkRecord } from '../../global/log/log-record.ts';
import type { MergedSet } from '../../global/owner/merged-tail.ts';
import type { Acknowledgement, ResultSink } from '../../global/owner/owner-settings.ts';
import type { Clock } from '../../lib/time/clock.ts';

export class LevelSink implements ResultSink {
  chunks = 0;
  private readonly log: GlobalLog;
  private readonly partitions: number;
  private readonly clock: Clock;

  constructor(log: GlobalLog, partitions: number, clock: Clock) {
    this.log = log;
    this.partitions = partitions;
    this.clock = clock;
  }

  async deliver({ results }: MergedSet): Promise<Acknowledgement> {
    const byPartition = new Map<number, Buffer[]>();
    for (const { chunk } of results) {
      const partition = partitionOfChunk(chunk, this.partitions);
      if (partition === undefined) continue;
      const chunks = byPartition.get(partition) ?? [];
      chunks.push(chunk);
      byPartition.set(partition, chunks);
    }
    const now = this.clock.now();
    await Promise.all(
      [...byPartition].map(([partition, chunks]) =>
        this.log.append(
          'partials',
          partition,
          chunks.map((chunk) => encodeChunkRecord(chunk, now)),
        ),
      ),
    );
    this.chunks += results.length;
    return { isDone: () => true };
  }
}

/** All contexts of a chunk are of one partition: that of the first. */
function partitionOfChunk(bytes: Buffer, partitions: number): number | undefined {
  const chunk = Chunk.open(bytes);
  if (typeof chunk === 'string') return undefined;
  let partition: number | undefined;
  chunk.forEach(({ key }) => {
    partition ??= partitionOf(new Uint8Array(key.buffer), partitions);
  });
  return partition;
}
