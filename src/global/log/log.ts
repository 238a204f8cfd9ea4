/**
 * The log: what global aggregation asks of an ordered, replicated, partitioned log. Five calls, so that an engine is a
 * small file: Kafka (kafka/), and one in memory for tests and simulations (memory-log.ts).
 *
 *   partials   chunks of edges and the records that close buckets        appended by edges and owners, read by owners
 *   merged     results of closes and the state after each                appended and read by owners
 *
 * What an engine must keep: the order of one partition, and every record it acknowledged. Nothing else carries the
 * argument for exactly-once: own() may give a partition to two for a while, and append() may write a record twice.
 */

/** The two streams, with the same number of partitions. */
export type Stream = 'partials' | 'merged';

export interface LogRecord {
  /** Ascending within a partition; not without gaps. */
  readonly position: number;
  /** When the engine appended it, Unix seconds by the engine's clock. */
  readonly appendedAt: number;
  readonly bytes: Buffer;
}

export interface Ownership {
  /** Gives the partitions to others. */
  close(): Promise<void>;
}

export interface OwnershipWatcher {
  /** Partitions that are this process's now; may name some again. */
  assigned(partitions: readonly number[]): void;
  /** Partitions that are no longer. */
  revoked(partitions: readonly number[]): void;
}

/** Code of the error with which ensure() rejects a log that is missing or does not fit, and will not by itself. */
export const UNFIT_TOPIC = 'ERR_GLOBAL_TOPIC';

/** What ensure() found out about the engine. */
export interface LogFacts {
  readonly partitions: number;
  /** What is weaker than it should be, a sentence each. */
  readonly warnings: readonly string[];
}

/** A batch of records, and how far the partition goes at present. */
export interface LogBatch {
  readonly records: readonly LogRecord[];
  /** Position that the next record appended would have, at least. */
  readonly end: number;
}

export interface GlobalLog {
  /** Makes the streams if they are missing, and checks them. Rejects when they do not fit. */
  ensure(partitions: number): Promise<LogFacts>;
  /**
   * Appends records in order and resolves with the position of the first, once they are acknowledged by all replicas in
   * sync. After a rejection they may be in the log or not, and may be appended again.
   */
  append(stream: Stream, partition: number, records: readonly Uint8Array[]): Promise<number>;
  /** Takes part in the distribution of partitions among the owners of a group. */
  own(group: string, watcher: OwnershipWatcher): Promise<Ownership>;
  /**
   * The records from a position on, at most about a mebibyte at once; waits a moment for the first. A position that the
   * log no longer holds is moved to the first it holds.
   */
  read(stream: Stream, partition: number, from: number): Promise<LogBatch>;
  /** The newest records of `merged`, about as many as asked for, in order: all of them when there are not so many. */
  last(partition: number, count: number): Promise<LogBatch>;
  close(): Promise<void>;
}
