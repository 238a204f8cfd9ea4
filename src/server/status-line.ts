/** One line for people about the server, sent to its supervisor after each flush: where it listens, and how busy it is. */
import type { ListenerThreads } from './threads/listener-threads.ts';
import type { Listening } from './threads/listening.ts';

export class StatusLine {
  private readonly threads: ListenerThreads;
  private readonly listening: Listening;
  private last = { at: Date.now() / 1000, packets: 0 };

  constructor(threads: ListenerThreads, listening: Listening) {
    this.threads = threads;
    this.listening = listening;
  }

  /** The line at `at`, Unix seconds, with the rate since the call before; undefined when no time has passed. */
  next(at: number): string | undefined {
    const packets = this.threads.sum(({ counters }) => counters.get('receivedPackets'));
    const { at: before, packets: packetsBefore } = this.last;
    this.last = { at, packets };
    if (at <= before) return undefined;
    const rate = Math.round((packets - packetsBefore) / (at - before));
    return `Listening on ${this.listening.describe()}; ${rate} packets/s`;
  }
}
