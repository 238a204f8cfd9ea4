/** A supervisor's end of sd_notify: a Unix datagram socket and what has come to it, as text. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadLibc, MSG_DONTWAIT, SOCK_DGRAM } from '../../../src/listeners/system/libc.ts';
import { MessageVector } from '../../../src/listeners/system/message-vector.ts';
import { AF_UNIX, sockaddrUnix } from '../../../src/listeners/system/sockaddr.ts';

const libc = loadLibc();
const POLL_MS = 10;

export class NotifySocket {
  /** Every datagram, in order. */
  readonly messages: string[] = [];
  private readonly fd = libc.socket(AF_UNIX, SOCK_DGRAM);
  private readonly vector = new MessageVector(libc, 1);
  private readonly bytes = Buffer.alloc(4096);

  /** `address` is a path, or `@name` for a socket without a file. */
  constructor(address: string) {
    libc.bind(this.fd, sockaddrUnix(address));
  }

  /** Takes what has come. */
  read(): readonly string[] {
    for (;;) {
      this.vector.setBuffer(0, libc.address(this.bytes), this.bytes.length);
      if (libc.recvmmsg(this.fd, this.vector.headers, 1, MSG_DONTWAIT) !== 1) return this.messages;
      this.messages.push(this.bytes.toString('utf8', 0, this.vector.length(0)));
    }
  }

  /** Waits until a message has come that `matches`; the first such. */
  async until(matches: (message: string) => boolean, timeoutMs = 60_000): Promise<string> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = this.read().find(matches);
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`too late; came: ${JSON.stringify(this.messages)}`);
      await sleep(POLL_MS);
    }
  }

  close(): void {
    libc.close(this.fd);
  }
}
