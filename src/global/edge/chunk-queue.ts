/** What the sender of chunks asks of a retry queue; outputs/retry-queue has it. */
import type { Deadline } from '../../lib/time/deadline.ts';

/** A chunk as the retry queue keeps it. */
export interface QueuedChunk {
  /** The log it was made for (edge-route.ts). */
  readonly route: string;
  /** Number of the partition. */
  readonly destination: string;
  readonly body: Uint8Array;
  /** Partials. */
  readonly itemCount: number;
  /** Milliseconds since 1970, ascending; no two are equal. */
  readonly createdAt: number;
  /** Its place on disk, when it was read from there. */
  readonly stored?: object | undefined;
}

/** What is asked of the retry queue. */
export interface ChunkQueue<Chunk extends QueuedChunk> {
  /** Whether chunks are on disk and nowhere else, readable or not. */
  readonly hasUnread: boolean;
  /** Of what is in memory, and of what is being written to disk. */
  readonly bytes: number;
  /** Whether chunks are being written to disk. */
  readonly isSpilling: boolean;
  add(chunk: Chunk): void;
  takeAll(): Chunk[];
  /** Gives `receive` the chunks of the next file, in the step in which they no longer count as stored. */
  takeStored(receive: (chunks: readonly Chunk[]) => void): Promise<void>;
  /** Puts chunks on disk as a file of their own. */
  store(chunks: readonly Chunk[]): Promise<void>;
  settle(chunk: Chunk): void;
  /** Counts a chunk as lost. */
  giveUp(chunk: Chunk, reason: 'no_destination' | 'out_of_order'): void;
  settled(): Promise<void>;
  sweep(): void;
  stop(deadline: Deadline): Promise<{ readonly lost: { readonly items: number } }>;
}
