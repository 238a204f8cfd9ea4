/**
 * What the control thread hands a listener thread when it starts it. Everything in it can be cloned or is
 * shared memory.
 */

import type { PassedConnection } from '../../model/connection.ts';
import type { ReplaySenders } from '../../model/replay-senders.ts';
import type { CaptureCommand } from '../../model/views/captured.ts';
import type { LineSearch } from '../../model/views/line-search.ts';
import type { ReloadableSettings, ShardSettings, WorkloadsChange } from '../../shard/shard-settings.ts';
import type { ForwardTarget } from '../forward/packet-forwarder.ts';
import type { MemorySource } from '../memory/memory-usage.ts';
import type { RateLimits } from '../memory/rate-limiter.ts';
import type { StreamSettings } from '../stream/stream-settings.ts';

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
export type Listener = DatagramListener | StreamSettings | ProxiedSettings;

export interface ProxiedSettings {
  readonly kind: 'proxied';
  readonly packetBytesMax: number;
}

export type DatagramListener =
  | {
      readonly kind: 'datagram';
      readonly fd: number;
      /** Whether the socket is kept by whoever started this process: what it holds at our stop waits there. */
      readonly borrowed?: boolean;
    }
  | {
      readonly kind: 'portable-udp';
      readonly host: string;
      readonly port: number;
      readonly receiveBuffer: number;
    };

/** How senders on Unix sockets are found. */
export interface SocketOriginSettings {
  /** `/proc`, or where that of the host is. */
  readonly procRoot: string;
}

export interface ListenerSettings extends ShardSettings {
  readonly control: SharedArrayBuffer;
  /** UNKNOWN_FIELD_BYTES of shared memory. */
  readonly unknownFields: SharedArrayBuffer;
  readonly listener: Listener;
  readonly bufferBytes: number;
  readonly backlogBytes: number;
  /** Lines a second to show; 0 for none. */
  readonly echoPerSecond: number;
  /** Undefined when they are off. */
  readonly rateLimiter: RateLimiterSettings | undefined;
  readonly forward: ForwardSettings | undefined;
  /** Undefined when it is off. */
  readonly socketOrigin: SocketOriginSettings | undefined;
  /** Whether lines of unknown containers wait until somebody has been asked about them. */
  readonly waitsForTags: boolean;
}

/** What the control thread says to a running thread. It is read when the control word asks for attention. */
export type ThreadMessage =
  | ReplayMessage
  | ReloadMessage
  | ReadmitMessage
  | AimMessage
  | WorkloadsMessage
  | NotFoundMessage
  | ConnectionsRequest
  | WatchMessage
  | SealRequest
  | PacketRequest
  | HotRestartMessage
  | OlderSocketMessage
  | ListenAgainMessage
  | AdoptMessage
  | { readonly kind: 'capture'; readonly command: CaptureCommand };

/** Shows the lines that fit one of these; none ends that. */
export interface WatchMessage {
  readonly kind: 'watch';
  readonly searches: readonly LineSearch[];
  readonly perSecond: number;
}

/** Seals what the open bucket holds, before its end; answered when it is told. */
export interface SealRequest {
  readonly kind: 'seal';
  readonly request: number;
  /** Waits until the part before has been read; otherwise nothing is sealed while that is under way. */
  readonly patient: boolean;
}

/** A packet that the control thread received itself; answered when it is ingested. */
export interface PacketRequest {
  readonly kind: 'packet';
  readonly request: number;
  readonly bytes: Uint8Array;
}

/** The next stop leaves these stream listeners, by number, and their connections to another server. */
export interface HotRestartMessage {
  readonly kind: 'pass_connections';
  readonly listeners: readonly number[];
}

/** Another socket has taken the place of the thread's at its path; those who are connected go on sending to this one. */
export interface OlderSocketMessage {
  readonly kind: 'older_socket';
  /** The thread closes it. */
  readonly fd: number;
}

/** Another socket has taken the place of that of stream listener number `listener`, under the same descriptor. */
export interface ListenAgainMessage {
  readonly kind: 'listen_again';
  readonly listener: number;
}

/** A connection that another server has accepted at the socket of listener number `listener`. */
export interface AdoptMessage {
  readonly kind: 'adopt';
  readonly listener: number;
  readonly connection: PassedConnection;
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
export interface ReloadMessage extends ReloadableSettings {
  readonly kind: 'reload';
}

/** What is known of workloads has changed. */
export interface WorkloadsMessage {
  readonly kind: 'workloads';
  readonly change: WorkloadsChange;
}

/** A replay with senders of its own begins, or has ended. */
export interface ReplayMessage {
  readonly kind: 'replay';
  readonly replay: ReplaySenders | undefined;
}

/** Nobody knows what the thread asked for (`wanted` of model/shard-message.ts). */
export interface NotFoundMessage {
  readonly kind: 'not_found';
  readonly keys: readonly string[];
}

/** The address of the forward target has changed. */
export interface AimMessage extends ForwardSettings {
  readonly kind: 'aim';
}
