/** A UDP server that keeps what it gets, for tests of what is sent on to it. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const DEADLINE_MS = 60_000;

export class ForwardTarget {
  readonly got: Buffer[] = [];
  readonly host: string;
  private readonly socket: Socket;

  static async open(host = '127.0.0.1'): Promise<ForwardTarget> {
    const type = host.includes(':') ? 'udp6' : 'udp4';
    const socket = createSocket({ type, recvBufferSize: 8 << 20 });
    socket.bind(0, host);
    await once(socket, 'listening');
    return new ForwardTarget(host, socket);
  }

  private constructor(host: string, socket: Socket) {
    this.host = host;
    this.socket = socket;
    socket.on('message', (packet) => this.got.push(packet));
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** Keys of the configuration that name it. */
  get keys(): Record<string, string | number> {
    return { statsd_forward_host: this.host, statsd_forward_port: this.port };
  }

  /** Resolves when so many packets have come; rejects when they do not in time. */
  async until(packets: number): Promise<void> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    while (this.got.length < packets) await once(this.socket, 'message', { signal });
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }
}
