/** What a test server listens with: one file for each way to receive. */
import type { Via } from './received.ts';

export interface TestListener {
  /** Stops receiving and removes what it made. Resolves when nothing is left. */
  close(): Promise<void>;
}

/** Takes a packet; the bytes are only lent. */
export type TakePacket = (packet: Uint8Array, via: Via) => void;
