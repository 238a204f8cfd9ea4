/**
 * Packets that the control thread receives itself, over HTTP: handed to a thread of their own, which is started with
 * the first of them.
 *
 * Limits  IN_FLIGHT_MAX packets on their way; further ones are refused, and the client is told to come again.
 */
import type { IntakeThread } from '../intake/intake-thread.ts';
import type { OwnSettings } from './start-threads.ts';

const IN_FLIGHT_MAX = 256;
const BACKLOG_BYTES = 1024 * 1024;

/** The kind of the thread's listener, for telemetry. */
export const HANDED_KIND = 'http';

export class HandedPackets {
  private readonly start: (kind: string, settings: OwnSettings) => IntakeThread;
  private readonly packetBytesMax: number;
  private thread: Promise<IntakeThread> | undefined;
  private inFlight = 0;
  private stopped = false;

  /** `start` starts a thread. */
  constructor(packetBytesMax: number, start: (kind: string, settings: OwnSettings) => IntakeThread) {
    this.packetBytesMax = packetBytesMax;
    this.start = start;
  }

  /** Resolves with true when the packet is ingested, with false when there is no room for it now. */
  async take(packet: Uint8Array): Promise<boolean> {
    if (this.stopped || this.inFlight >= IN_FLIGHT_MAX) return false;
    this.inFlight++;
    try {
      this.thread ??= this.open();
      // A copy of its own, because the message takes the memory with it.
      await (await this.thread).packet(Uint8Array.from(packet));
      return true;
    } finally {
      this.inFlight--;
    }
  }

  /** Takes no more; resolves when what is on its way has a thread to go to. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.thread;
  }

  private async open(): Promise<IntakeThread> {
    const { packetBytesMax } = this;
    const thread = this.start(HANDED_KIND, {
      listener: { kind: 'handed', packetBytesMax },
      eolRequired: false,
      backlogBytes: BACKLOG_BYTES,
    });
    await thread.whenReady();
    return thread;
  }
}
