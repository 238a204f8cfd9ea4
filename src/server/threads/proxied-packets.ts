/**
 * Packets that the control thread receives itself, over HTTP: handed to a thread of their own, which is started with
 * the first of them. A body may hold as many lines as it likes: the thread cuts it into packets.
 *
 * Limits  IN_FLIGHT_MAX bodies and IN_FLIGHT_BYTES_MAX bytes on their way; further ones are refused, and the client is
 *         told to come again. Everything that is not taken is counted here, for the ledger.
 */
import type { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import type { MissedBody, MutableHttpCounts } from '../../telemetry/counters/http-counters.ts';
import type { OwnSettings } from './start-threads.ts';

const IN_FLIGHT_MAX = 256;
const IN_FLIGHT_BYTES_MAX = 32 * 1024 * 1024;
const BACKLOG_BYTES = 1024 * 1024;

/** The kind of the thread's listener, for telemetry. */
export const PROXIED_KIND = 'http';

export class ProxiedPackets {
  private readonly start: (kind: string, settings: OwnSettings) => ListenerThread;
  private readonly packetBytesMax: number;
  private thread: Promise<ListenerThread> | undefined;
  private inFlightBytes = 0;
  private readonly counts: MutableHttpCounts;
  private stopped = false;

  /** Counts in `counts`, which the ledger reads; `start` starts a thread. */
  constructor(
    packetBytesMax: number,
    counts: MutableHttpCounts,
    start: (kind: string, settings: OwnSettings) => ListenerThread,
  ) {
    this.packetBytesMax = packetBytesMax;
    this.counts = counts;
    this.start = start;
  }

  /** Resolves with true when the packet is ingested, with false when there is no room for it now. */
  async accept(packet: Uint8Array): Promise<boolean> {
    const { counts } = this;
    const { length } = packet;
    const isFull = counts.underWay >= IN_FLIGHT_MAX || this.inFlightBytes + length > IN_FLIGHT_BYTES_MAX;
    if (this.stopped || isFull) {
      counts.noRoom++;
      return false;
    }
    counts.underWay++;
    this.inFlightBytes += length;
    try {
      this.thread ??= this.open();
      // A copy of its own, because the message takes the memory with it.
      await (await this.thread).packet(Uint8Array.from(packet));
      counts.taken++;
      return true;
    } catch (error) {
      counts.cut++;
      throw error;
    } finally {
      counts.underWay--;
      this.inFlightBytes -= length;
    }
  }

  /** A body did not get as far as take(). */
  miss(reason: MissedBody): void {
    this.counts[reason]++;
  }

  /** A connection came over HTTP. */
  connection(isRefused: boolean): void {
    this.counts[isRefused ? 'connectionsRefused' : 'connections']++;
  }

  /** Takes no more; resolves when what is on its way has a thread to go to. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.thread;
  }

  private async open(): Promise<ListenerThread> {
    const { packetBytesMax } = this;
    const thread = this.start(PROXIED_KIND, {
      listener: { kind: 'proxied', packetBytesMax },
      eolRequired: false,
      backlogBytes: BACKLOG_BYTES,
    });
    await thread.whenReady();
    return thread;
  }
}
