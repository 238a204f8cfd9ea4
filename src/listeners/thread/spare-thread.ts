/**
 * A listener thread that is started before anybody asked for one; the first that is asked for is this one.
 *
 *   whippet run ─▶ SpareThread ─────loads its modules─────▶ take() ─▶ ListenerThread
 *               ─▶ configuration ─▶ modules of the server ─▶ sockets ──┘
 *
 * One is enough: nearly every server has a listener, and most have one thread.
 */
import { WaitingThread } from './waiting-thread.ts';

export class SpareThread {
  private waiting: WaitingThread | undefined;

  /** Starts it. */
  constructor() {
    // Whoever starts another one in its place hears why it fails.
    this.waiting = new WaitingThread(() => {
      this.waiting = undefined;
    });
  }

  /** The thread, the first time; undefined afterwards, and when it could not start. */
  take(): WaitingThread | undefined {
    const { waiting } = this;
    this.waiting = undefined;
    return waiting;
  }

  /** Ends it unless somebody has taken it; resolves when it has ended. */
  async end(): Promise<void> {
    await this.take()?.end();
  }
}
