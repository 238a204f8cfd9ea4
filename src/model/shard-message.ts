/**
 * What a listener thread tells the control thread, in order. Samples do not travel this way: they are in
 * sealed buckets, in shared memory.
 */

import type { ConnectionReport, ConnectionsView, PassedConnection } from './connection.ts';
import type { EventMessage, MessageType, ServiceCheckMessage } from './message.ts';
import type { ByteString } from './text.ts';
import type { CapturedMessage } from './views/captured.ts';

export type ShardMessage =
  /** The shard runs. */
  | { readonly kind: 'ready' }
  | NewContexts
  | OverLimit
  /** Slots that name no context any more. */
  | { readonly kind: 'freed'; readonly slots: Uint32Array }
  /** A bucket is sealed at `bucket` of the shard's memory and waits to be read and released. */
  | { readonly kind: 'sealed'; readonly bucket: number }
  /** Everything received before `start` (Unix seconds) has been sealed. */
  | { readonly kind: 'passed'; readonly start: number }
  | { readonly kind: 'event'; readonly event: EventMessage; readonly receivedAt: number }
  | { readonly kind: 'service_check'; readonly check: ServiceCheckMessage; readonly receivedAt: number }
  | RejectedLine
  /** Lines as they arrived, for `--echo`, and how many were left out since the last time. */
  | { readonly kind: 'echo'; readonly lines: readonly ByteString[]; readonly leftOut: number }
  /** Lines that somebody watches for, and how many more there were. */
  | { readonly kind: 'watched'; readonly lines: readonly ByteString[]; readonly leftOut: number }
  /** What was asked for with this number is done. */
  | { readonly kind: 'answered'; readonly request: number }
  /** What came of each listener of the stream thread, in their order. */
  | { readonly kind: 'bound'; readonly listeners: readonly BoundListener[] }
  /** The answer to a request for its connections. */
  | { readonly kind: 'connections'; readonly request: number; readonly view: ConnectionsView }
  /** Lines wait until something is known of this (enrich/tags/awaited.ts says what it may be). */
  | { readonly kind: 'wanted'; readonly key: string }
  /** Something to be said in the log about a connection. */
  | { readonly kind: 'connection'; readonly report: ConnectionReport }
  /** A connection of stream listener number `listener`, for another server. */
  | { readonly kind: 'connection_passed'; readonly listener: number; readonly connection: PassedConnection }
  /** Packets that are captured. */
  | CapturedMessage
  /** The shard has drained, sealed and ended. */
  | { readonly kind: 'stopped' };

/** The port of a listener, 0 for none; or the system's code and message when it cannot listen. */
export type BoundListener = { readonly port: number } | { readonly code: string; readonly message: string };

/** Slots that now stand for contexts; equal lengths, but for the texts' bytes and four words for each key. */
export interface NewContexts {
  readonly kind: 'contexts';
  readonly slots: Uint32Array;
  readonly keys: Uint32Array;
  /** Index into CONTEXT_TYPES. */
  readonly types: Uint8Array;
  /** Number of the limit that the context is over (model/cardinality.ts), 0 for none. */
  readonly limits: Uint8Array;
  /** name LF host LF tags joined by LF, of one context after the other. */
  readonly texts: Uint8Array;
  /** Where each text ends. */
  readonly ends: Uint32Array;
  /** The JMX check that samples come from, by position; absent when there is none. */
  readonly sources?: Readonly<Record<number, string>>;
  /** Positions of those whose samples came as timings; absent when there is none. */
  readonly timings?: readonly number[];
}

/** A context that a limit keeps from having a series of its own: one of many, to tell by what grows. */
export interface OverLimit {
  readonly kind: 'over_limit';
  readonly limit: number;
  readonly name: ByteString;
  readonly tags: readonly ByteString[];
}

/** A sample of a rejected line, for the log; the counters count them all. */
export interface RejectedLine {
  readonly kind: 'rejected';
  readonly messageType: MessageType;
  readonly error: string;
  /** The line's beginning. */
  readonly line: ByteString;
  /** Byte offset of the trouble. */
  readonly at: number;
}
