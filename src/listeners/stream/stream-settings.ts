/** What the stream thread is told about its listeners. Everything in it can be cloned or is shared memory. */
import type { StreamKind } from '../../model/connection.ts';

/** What a TLS listener shows and asks for, as PEM. */
export interface TlsSettings {
  readonly cert: string;
  readonly key: string;
  /** Whom client certificates have to come from; the system's authorities when absent. */
  readonly ca?: string;
  readonly requireClientCert: boolean;
}

export interface StreamListener {
  readonly kind: StreamKind;
  /**
   * A socket that the control thread has opened, which stays the control thread's; or what to open, where system
   * calls cannot be made.
   */
  readonly socket:
    | { readonly fd: number }
    | { readonly path: string }
    | { readonly host: string; readonly port: number };
  /** Whether the last line of a connection must end with LF; frames have the shard's own rule. */
  readonly eolRequired: boolean;
  readonly tls?: TlsSettings;
  /** Whether the socket is kept by whoever started this process: then it goes on listening when we stop. */
  readonly borrowed?: boolean;
}

export interface StreamSettings {
  readonly kind: 'streams';
  readonly listeners: readonly StreamListener[];
  /** Control buffers in which each listener's share of the counters is published; none for a single listener. */
  readonly shares: readonly SharedArrayBuffer[];
  readonly connectionsMax: number;
  /** After how long without bytes a connection is closed, ms; 0 for never. */
  readonly idleTimeoutMs: number;
  /** Whether the log quotes the start of frames that are too long. */
  readonly logTooBig: boolean;
}
