/**
 * What a start has opened so far, to be closed again when a later step of it fails: last opened, first closed.
 *
 * A step that cannot be undone is logged and does not keep the others from being undone.
 */
import type { Log } from '../../lib/log.ts';

export class Undo {
  private readonly log: Log;
  private readonly steps: (() => unknown)[] = [];

  constructor(log: Log) {
    this.log = log;
  }

  /** `step` may return a promise; it is waited for. */
  add(step: () => unknown): void {
    this.steps.push(step);
  }

  /** Undoes everything, one step after the other. Never rejects. */
  async run(): Promise<void> {
    for (const step of this.steps.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        this.log.error({ err: error }, 'a part that was open could not be closed after the start had failed');
      }
    }
  }
}
