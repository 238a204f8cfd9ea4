/** Connections of stream listeners, as people and programs see them (GET /api/connections). */

/** What carries a stream: a Unix stream socket, TCP, or a named pipe. */
export const STREAM_KINDS = ['unix', 'tcp', 'named_pipe'] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

/** Who is at the other end, as far as the system says. */
export interface ConnectionPeer {
  /** Unix sockets on Linux: the process that connected, and its user. */
  readonly pid?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** What the process calls itself. */
  readonly command?: string;
  /** TCP: address and port. */
  readonly address?: string;
  /** TLS with client certificates: the name in the certificate. */
  readonly certificate?: string;
}

export interface ConnectionView {
  /** Unique in the life of the server. */
  readonly id: number;
  readonly listener: StreamKind;
  readonly peer: ConnectionPeer;
  /** When it was accepted, and when it last brought bytes: Unix seconds. */
  readonly since: number;
  readonly lastReceived: number;
  readonly packets: number;
  /** Bytes of packets. */
  readonly bytes: number;
  /** Whether it waits for its next turn, because it sends more than others leave room for. */
  readonly waiting: boolean;
  /** What went wrong on it last; null for nothing. */
  readonly lastError: string | null;
}

export interface ConnectionsView {
  /** Connections that are open, and how many may be. */
  readonly open: number;
  readonly limit: number;
  /** Open connections that are not listed because there are too many; the oldest are listed. */
  readonly omitted: number;
  readonly connections: readonly ConnectionView[];
}

/** A connection that one server hands to the next. */
export interface PassedConnection {
  readonly fd: number;
  /** The beginning of a packet that has yet to be completed. */
  readonly held: Uint8Array;
  /** What is still to be skipped of a packet that is too long: bytes of a frame; of a line 1, up to its newline. */
  readonly skipping: number;
}

/** Why a connection is spoken of in the log. */
export type ConnectionProblem =
  | 'frame_too_long'
  | 'frame_impossible'
  | 'cut_header'
  | 'cut_payload'
  | 'line_too_long'
  | 'cut_line'
  | 'unterminated'
  | 'idle'
  | 'cut_off'
  | 'error'
  | 'tls'
  | 'limit'
  | 'file_limit'
  | 'accept';

/** One line for the log. */
export interface ConnectionReport {
  readonly problem: ConnectionProblem;
  readonly listener: StreamKind;
  /** Absent for what never became a connection. */
  readonly connection?: number;
  readonly peer?: ConnectionPeer;
  readonly detail: string;
  /** The start of a frame that is too long, when it is to be quoted. */
  readonly quote?: string;
  /** Reports of the same problem that were left out since the last one. */
  readonly leftOut: number;
}
