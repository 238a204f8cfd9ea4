/** An open socket to receive from, of any kind, and what its thread and its owner need to know of it. */
import type { StreamKind } from '../../model/connection.ts';
import type { StreamListener } from '../stream/stream-settings.ts';
import type { ReadSocketMemory } from '../system/socket-memory.ts';
import type { DatagramListener } from '../thread/listener-settings.ts';
import type { ListenError } from './listen-error.ts';
import type { FileState } from './watched-file.ts';

/** As in telemetry: `udp`, `unixgram`, `unix`, `tcp`, `named_pipe`. */
export type ListenerKind = 'udp' | 'unixgram' | StreamKind;

export interface OpenListener {
  readonly kind: ListenerKind;
  /** What it listens on: an address with port, or a path. */
  readonly name: string;
  readonly port: number;
  /** What a listener thread needs to receive from it; all streams share one thread. */
  readonly listener: DatagramListener | StreamListener;
  /** What the kernel buffers for it, bytes; 0 when unknown. */
  readonly receiveBufferBytes: number;
  /** What the kernel holds and has dropped for it, where the system tells. */
  readonly socketMemory?: ReadSocketMemory;
  /** What the kernel had dropped before the socket became ours; 0 unless it was handed over. */
  readonly dropsBefore?: number;
  /** For a socket that its thread opens: what it listens on then, and what it means that it cannot. */
  bound?(port: number): { readonly name: string; readonly port: number };
  explain?(cause: Error): ListenError;
  /** Opened by whoever started this process, who keeps it. */
  readonly inherited?: boolean;
  /** Opened by the server whose place this one took. */
  readonly passedOn?: boolean;
  /** Looks after the file of a Unix socket, and binds another socket where it is gone. */
  look?(): FileState;
  /** Closes the socket and removes its file. */
  close(): void;
  /** Closes this process's descriptor only: another server has the socket. Absent where that cannot be. */
  release?(): void;
}

/** A listener that could not start, with the reason and the key to change. */
export interface FailedListener {
  readonly kind: ListenerKind;
  readonly error: ListenError;
}
