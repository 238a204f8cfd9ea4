/** What a folder of retry files tells about itself: plain data, for the status of its endpoint, metrics and the ledger. */
import type { Amount } from './loss-counts.ts';

export interface RetryStoreStatus {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
  /** What waits on disk and is not in memory as well. */
  readonly payloads: number;
  readonly items: number;
  readonly points: number;
  /** When the oldest transaction was made; undefined when there is none. */
  readonly oldestAt: number | undefined;
  /** What an earlier process had left. */
  readonly found: Amount;
  /** Files set aside since the start. */
  readonly damaged: number;
  /** Writes, reads and removals that failed. */
  readonly failures: number;
  /** Why the disk cannot be used now. */
  readonly failing: string | undefined;
}
