/**
 * Counters of the stream listeners in shared memory: one row of 64-bit floats for each kind of listener, written
 * by the stream thread, read by the control thread at any time.
 */
import { STREAM_KINDS, type StreamKind } from '../model/connection.ts';

const NAMES = [
  /** Connections open now. */
  'open',
  'accepted',
  /** Closed at once, because as many as may be are open, or because the process may open no more files. */
  'refusedLimit',
  'refusedFiles',
  /** Times the system could not accept. */
  'acceptErrors',
  /** Connections the server gave up. */
  'idle',
  'errors',
  'tlsErrors',
  /** Connections that waited for their next turn. */
  'waits',
  'emptyFrames',
  'longFrames',
  'cutHeaders',
  'cutPayloads',
  'longLines',
  'unterminatedLines',
] as const;

export type StreamCounter = (typeof NAMES)[number];

const INDEX = new Map(NAMES.map((name, index) => [name, index]));

/** Bytes the counters take. */
export const STREAM_COUNTER_BYTES = STREAM_KINDS.length * NAMES.length * 8;

export class StreamCounters {
  private readonly values: Float64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(STREAM_COUNTER_BYTES)) {
    this.values = new Float64Array(buffer);
  }

  add(kind: StreamKind, counter: StreamCounter, by = 1): void {
    const at = indexOf(kind, counter);
    this.values[at] = (this.values[at] as number) + by;
  }

  get(kind: StreamKind, counter: StreamCounter): number {
    return this.values[indexOf(kind, counter)] as number;
  }
}

function indexOf(kind: StreamKind, counter: StreamCounter): number {
  return STREAM_KINDS.indexOf(kind) * NAMES.length + (INDEX.get(counter) as number);
}
