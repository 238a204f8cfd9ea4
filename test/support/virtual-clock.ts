/**
 * A clock that stands still until it is moved: a day passes as fast as its work is done.
 *
 *   const clock = new VirtualClock(); clock.after(5000, …); await clock.advance(86_400_000)
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/lib/time/clock.ts';

/** When virtual clocks begin. */
export const VIRTUAL_START = Date.parse('2026-01-02T00:00:00Z');

interface Alarm {
  readonly at: number;
  readonly call: () => void;
}

export class VirtualClock implements Clock {
  private _now: number;
  private alarms: Alarm[] = [];

  constructor(now = VIRTUAL_START) {
    this._now = now;
  }

  now(): number {
    return this._now;
  }

  after(delayMs: number, call: () => void): () => void {
    const alarm = { at: this._now + Math.max(delayMs, 0), call };
    this.alarms.push(alarm);
    return () => {
      this.alarms = this.alarms.filter((other) => other !== alarm);
    };
  }

  /** Lets `ms` pass, alarm by alarm; after each, `settle` says when what it set off is done. */
  async advance(ms: number, settle: () => Promise<unknown> = () => nextTurn()): Promise<void> {
    const end = this._now + ms;
    for (;;) {
      const next = this.alarms.reduce<Alarm | undefined>(
        (first, alarm) => (first === undefined || alarm.at < first.at ? alarm : first),
        undefined,
      );
      if (next === undefined || next.at > end) break;
      this.alarms.splice(this.alarms.indexOf(next), 1);
      this._now = Math.max(this._now, next.at);
      next.call();
      await settle();
    }
    this._now = end;
  }
}
