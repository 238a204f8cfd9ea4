/**
 * Takes lines to a Graphite receiver over TCP, with TLS where it is asked for.
 *
 *   connect ─▶ lines ─▶ end ─▶ the receiver closes ─▶ delivered
 *           anything else, or nothing for timeoutMs ─▶ the same lines again later; points that come twice are the same points
 *
 * The protocol has no receipts. What TCP has taken may still be lost with the connection, so there is one connection for each
 * request, and the receiver that closes it after our end has read everything (`receipt: close`). For one that never closes,
 * `receipt: none` counts what the kernel has taken as delivered.
 *
 * Limit  one connection at a time; what the receiver sends is thrown away.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describeCause } from '../../lib/text/describe-cause.ts';
import { type TlsSettings, tlsOptions } from '../delivery/tls-options.ts';
import {
  againLater,
  allDelivered,
  type Courier,
  type CourierResult,
  type Errand,
  NO_PARTS,
} from '../ordered/courier.ts';

export interface GraphiteCourierOptions {
  readonly host: string;
  readonly port: number;
  /** Undefined for plain TCP. */
  readonly tls: TlsSettings | undefined;
  readonly timeoutMs: number;
  readonly receipt: 'close' | 'none';
}

export class GraphiteCourier implements Courier {
  private readonly options: GraphiteCourierOptions;
  private abort: (() => void) | undefined;
  private isClosed = false;

  constructor(options: GraphiteCourierOptions) {
    this.options = options;
  }

  async deliver({ transaction, onRequest }: Errand): Promise<CourierResult> {
    const aborted = { delivered: NO_PARTS, refused: [], rest: transaction, aborted: true };
    if (this.isClosed) return aborted;
    try {
      await this.send(transaction.body);
      onRequest('closed');
      return allDelivered(transaction);
    } catch (error) {
      if (this.isClosed) return aborted;
      onRequest('no_answer');
      return againLater(transaction, describeCause(error));
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.abort?.();
  }

  private send(body: Uint8Array): Promise<void> {
    const { timeoutMs, receipt } = this.options;
    return new Promise((resolve, reject) => {
      const socket = this.connect();
      let isWritten = false;
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        this.abort = undefined;
        socket.destroy();
        if (error === undefined) resolve();
        else reject(error);
      };
      const timer = setTimeout(() => settle(new Error(this.tooLate(isWritten))), timeoutMs);
      this.abort = () => settle(new Error('the server stops'));
      socket.on('error', settle);
      // What it says is not for us; unread it would keep the end of the connection from being seen.
      socket.resume();
      socket.on('close', () =>
        settle(isWritten ? undefined : new Error('the receiver closed the connection')),
      );
      socket.once(this.options.tls === undefined ? 'connect' : 'secureConnect', () => {
        socket.end(body, () => {
          isWritten = true;
          if (receipt === 'none') settle();
        });
      });
    });
  }

  private connect(): Socket {
    const { host, port, tls } = this.options;
    // Half open: our end does not wait for theirs.
    if (tls === undefined) return connect({ host, port, allowHalfOpen: true });
    return connectTls({ host, port, ...tlsOptions(tls), servername: host });
  }

  private tooLate(isWritten: boolean): string {
    const seconds = this.options.timeoutMs / 1000;
    return isWritten
      ? `the receiver has not closed the connection within ${seconds} seconds of the last line (receipt: none is for those that never do)`
      : `the receiver has not taken the lines within ${seconds} seconds`;
  }
}
