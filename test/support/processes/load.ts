/**
 * Steady load on UDP, Unix datagram and Unix stream at once, from this process, with an account of what the kernel took.
 *
 * UDP waits for room, so that the kernel's buffer of the socket never overflows: what is lost then was lost by a server.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FrameSender } from '../../../bench/send-frames.ts';
import { BatchSender } from '../../../src/listeners/system/send-batch.ts';
import { packetsOf } from '../packets.ts';
import { roomFor } from '../udp-room.ts';

const PACKETS = 10;
const PAUSE_MS = 4;
const CONNECTIONS = 8;

export interface LoadTarget {
  readonly udpPort: number;
  readonly socketPath: string;
  readonly streamPath: string;
}

export class Load {
  /** Packets of one count each that the kernel took. */
  readonly sent = { udp: 0, gram: 0, stream: 0 };
  private readonly target: LoadTarget;
  private readonly udp: BatchSender;
  private readonly gram: BatchSender;
  /** Open from start to end. */
  private readonly frames: FrameSender[];
  private ending = false;
  private readonly done: Promise<void>;

  constructor(target: LoadTarget) {
    this.target = target;
    this.udp = new BatchSender({ kind: 'udp', host: '127.0.0.1', port: target.udpPort });
    this.gram = new BatchSender({ kind: 'unix', path: target.socketPath });
    this.frames = Array.from({ length: CONNECTIONS }, () => new FrameSender(target.streamPath));
    this.done = this.run();
  }

  /** Ends it; whatever was sent is in `sent`. Rejects when a send failed. */
  async stop(): Promise<void> {
    this.ending = true;
    await this.done;
    this.udp.close();
    this.gram.close();
    for (const connection of this.frames) connection.close();
  }

  private async run(): Promise<void> {
    for (let round = 0; !this.ending; round++) {
      const packets = (name: string): ReturnType<typeof packetsOf> =>
        packetsOf(Array.from({ length: PACKETS }, (_, i) => `load.${name}:1|c|#n:${(round + i) % 50}`));
      await roomFor(this.target.udpPort);
      this.sent.udp += this.expect(this.udp.send(packets('udp')));
      this.sent.gram += this.expect(this.gram.send(packets('gram')));
      const frames = this.frames[round % CONNECTIONS] as FrameSender;
      this.sent.stream += this.expect(frames.send(packets('stream')));
      // And one that lives for a moment only.
      const brief = new FrameSender(this.target.streamPath);
      this.sent.stream += this.expect(brief.send(packets('stream')));
      brief.close();
      await sleep(PAUSE_MS);
    }
  }

  private expect(sent: number): number {
    if (sent !== PACKETS) throw new Error(`the kernel took ${sent} of ${PACKETS} packets`);
    return sent;
  }
}
