/**
 * What the stream thread counts of connections, frames and lines beside what every listener counts. The counters are part
 * of ShardCounters: they are published with them, and divided among the listeners of the thread like them.
 *
 *   connections  opened = ended + open now; refused ones were never opened
 */
export const STREAM_COUNTERS = [
  /** Connections that were let in, and those of them that have ended. */
  'connectionsOpened',
  'connectionsEnded',
  /** Closed at once: too many are open, or the process may open no more files. */
  'connectionsRefusedLimit',
  'connectionsRefusedFiles',
  /** Of those that have ended: without a TLS handshake, because nothing came, broken, cut off at the stop. */
  'connectionsTlsFailed',
  'connectionsIdle',
  'connectionsBroken',
  'connectionsCutOff',
  /** Times the system could not accept. */
  'acceptErrors',
  /** Times a connection waited for its next turn. */
  'connectionWaits',
  'framesEmpty',
  /** Skipped, because they are longer than the limit; the connection goes on behind them. */
  'framesTooLong',
  /** Lengths that no frame has; the connection ends. */
  'framesImpossible',
  /** Cut by the end of their connection, in their length or their bytes. */
  'framesCut',
  /** Lines that are too long, that were cut by the end of their connection, or that lack the newline that is required. */
  'linesTooLong',
  'linesCut',
  'linesUnterminated',
] as const;

export type StreamCounter = (typeof STREAM_COUNTERS)[number];
