/**
 * What the control thread hands an intake thread when it starts it. Everything in it can be cloned or is
 * shared memory.
 */
import type { CoreSettings, HashKey } from '../core/core.ts';
import type { EnrichOptions } from '../enrich/settings.ts';
import type { Workloads } from '../enrich/static-tagger.ts';
import type { ContextLimits } from '../model/cardinality.ts';
import type { HandedConnection } from '../model/connection.ts';
import type { ByteString } from '../model/text.ts';
import type { ForwardTarget } from './forwarder.ts';
import type { MemorySource } from './memory-usage.ts';
import type { RateLimits } from './rate-limiter.ts';
import type { StreamSettings } from './stream-settings.ts';

/** What the rate limiter goes by. */
export interface RateLimiterSettings {
  readonly limits: RateLimits;
  readonly memory: MemorySource;
}

/** Where packets are sent on to; no target while its name has no address. */
export interface ForwardSettings {
  readonly target: ForwardTarget | undefined;
}

/** What the thread reads: one socket for datagrams, all streams, or what the control thread hands it. */
export type Listener = DatagramListener | StreamSettings | HandedSettings;

export interface HandedSettings {
  readonly kind: 'handed';
  readonly packetBytesMax: number;
}

export type DatagramListener =
  | { readonly kind: 'datagram'; readonly fd: number }
  | {
      readonly kind: 'portable-udp';
      readonly host: string;
      readonly port: number;
      readonly receiveBuffer: number;
    };

export interface IntakeSettings {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  readonly hashKey: HashKey;
  readonly core: CoreSettings;
  readonly limits: ContextLimits;
  readonly enrich: EnrichOptions;
  readonly workloads: Workloads;
  /** UNKNOWN_FIELD_BYTES of shared memory. */
  readonly unknownFields: SharedArrayBuffer;
  readonly listener: Listener;
  readonly intervalSeconds: number;
  readonly bufferBytes: number;
  readonly backlogBytes: number;
  readonly eolRequired: boolean;
  /** Lines a second to show; 0 for none. */
  readonly echoPerSecond: number;
  /** Undefined when they are off. */
  readonly rateLimiter: RateLimiterSettings | undefined;
  readonly forward: ForwardSettings | undefined;
}

/** What the control thread says to a running thread. It is read when the control word asks for attention. */
export type ThreadMessage =
  | ReloadMessage
  | ReadmitMessage
  | AimMessage
  | ConnectionsRequest
  | WatchMessage
  | SealRequest
  | PacketRequest
  | HandOverMessage
  | AdoptMessage;

/** Shows the lines that hold one of these texts, as bytes; none ends that. */
export interface WatchMessage {
  readonly kind: 'watch';
  readonly searches: readonly ByteString[];
  readonly perSecond: number;
}

/** Seals what the open bucket holds, before its end; answered when it is told. */
export interface SealRequest {
  readonly kind: 'seal';
  readonly request: number;
}

/** A packet that the control thread received itself; answered when it is ingested. */
export interface PacketRequest {
  readonly kind: 'packet';
  readonly request: number;
  readonly bytes: Uint8Array;
}

/** The next stop leaves these stream listeners, by number, and their connections to another server. */
export interface HandOverMessage {
  readonly kind: 'hand_over';
  readonly listeners: readonly number[];
}

/** A connection that another server has accepted at the socket of listener number `listener`. */
export interface AdoptMessage {
  readonly kind: 'adopt';
  readonly listener: number;
  readonly connection: HandedConnection;
}

/** There is room for the contexts of these slots: each is told again when it is next seen. */
export interface ReadmitMessage {
  readonly kind: 'readmit';
  readonly slots: Uint32Array;
}

/** The stream thread answers with what connections it has. */
export interface ConnectionsRequest {
  readonly kind: 'connections';
  /** Comes back with the answer. */
  readonly request: number;
}

/** New settings; the thread forgets the lines it knows. */
export interface ReloadMessage {
  readonly kind: 'reload';
  readonly enrich: EnrichOptions;
  readonly workloads: Workloads;
}

/** The address of the forward target has changed. */
export interface AimMessage extends ForwardSettings {
  readonly kind: 'aim';
}
