/** A collector that is not used, and why. */
import type { Collector, CollectorState } from './collector.ts';
import type { CollectorName } from './entity.ts';

export class OffCollector implements Collector {
  readonly name: CollectorName;
  /** A part of a sentence. */
  readonly reason: string;
  /** Whether somebody asked for it, so that the log has a warning already. */
  readonly isUnexpected: boolean;

  constructor(name: CollectorName, reason: string, isUnexpected = false) {
    this.name = name;
    this.reason = reason;
    this.isUnexpected = isUnexpected;
  }

  start(): void {
    // There is nothing to start.
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  state(): CollectorState {
    return { name: this.name, status: 'off', detail: this.reason, remedy: '', entities: 0, counts: {} };
  }
}
