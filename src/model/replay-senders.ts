/** Who may speak for the senders of a capture, and who those were. Plain data for the listener threads. */
import type { ByteString } from './text.ts';

/** The group by which a replay says that the user id is the process id of the capture, as the Agent's does. */
export const REPLAY_GID = 999_888_777;

export interface ReplaySenders {
  /** The process that replays, in the server's pid namespace. */
  readonly pid: number;
  /** Containers by process id of the capture: `container_id://<id>`. */
  readonly senders: ReadonlyMap<number, ByteString>;
}
