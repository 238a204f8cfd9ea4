/** What a connection of a stream asks of its thread, and tells it. */
import type { ConnectionReport } from '../../model/connection.ts';
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';
import type { PacketOrigins } from '../origin/packet-origins.ts';
import type { Libc } from '../system/libc.ts';
import type { Staging } from './connection-reader.ts';
import type { StreamListener } from './stream-settings.ts';

/** The thread, as its connections see it. `Connection` is what one is. */
export interface ConnectionHost<Connection> {
  readonly staging: Staging;
  readonly packetBytesMax: number;
  readonly counters: ShardCounters;
  readonly logTooBig: boolean;
  readonly libc: Libc | undefined;
  /** Finds out who sends; undefined when that is off. */
  readonly origins?: PacketOrigins | undefined;
  /** The thread's clock, Unix seconds. */
  readonly now: Float64Array;
  /** Whether bytes may be read now; otherwise they have to wait. */
  mayRead(): boolean;
  /** To be called before it is found out who has sent: takes what the control thread has said of that. */
  attend(): void;
  /** To be called before bytes are read: lets the connection's turn begin. */
  beginTurn(connection: Connection): void;
  /** To be called when something of this listener was counted while nothing was read. */
  counted(listener: StreamListener): void;
  /** Takes a packet of this connection; true when the turn is over with it. */
  packet(ptr: number, length: number, connection: Connection): boolean;
  /** To be called after bytes of a connection of this listener were read. */
  afterRead(listener: StreamListener): void;
  /** Calls readOn() when the others have had their turn. */
  wait(connection: Connection): void;
  report(report: Omit<ConnectionReport, 'leftOut'>): void;
  closed(connection: Connection): void;
}
