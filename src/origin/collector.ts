/**
 * A collector finds workloads of one kind and writes their tags into the tag store. It never holds anyone up: start()
 * returns at once, failures are retried without end, and every wait has a deadline.
 */
import type { CollectorName } from './entity.ts';

export type CollectorStatus =
  /** Not used: `detail` says why. */
  | 'off'
  /** Its first answer has not come yet. */
  | 'starting'
  | 'running'
  /** It does not get what it needs; it tries again. */
  | 'failing';

export interface CollectorState {
  readonly name: CollectorName;
  readonly status: CollectorStatus;
  /** What it reads, or why it does not: one sentence. */
  readonly detail: string;
  /** What to do about it; empty when nothing is to be done. */
  readonly remedy: string;
  /** Entities it knows. */
  readonly entities: number;
  /** Seconds since its last good answer; undefined before the first. */
  readonly answeredSecondsAgo?: number;
  /** Requests that failed, and what it has left out, by reason. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface Collector {
  readonly name: CollectorName;
  start(): void;
  /** Ends every wait; resolves when nothing of it runs any more. */
  stop(): Promise<void>;
  state(): CollectorState;
  /**
   * Looks one container up now, because something came from it and it is not known. Resolves within the deadline of the
   * collector whether it found it or not; it never rejects.
   */
  find?(containerId: string): Promise<void>;
}

/** Where a collector says what people should know; each line once for each change of state. */
export interface CollectorLog {
  info(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
}
