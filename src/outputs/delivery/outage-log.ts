/**
 * One line when an endpoint goes down and one when it is back.
 *
 * An endpoint that comes and goes is told of once in QUIET_MS: outages in between are counted, and told of only
 * when they last.
 */
import type { Log } from '../../lib/log.ts';
import type { Amount } from '../retry-queue/loss-counts.ts';

const QUIET_MS = 60_000;

export interface OutageReport {
  readonly error: string;
  /** What waits for the endpoint now. */
  readonly held: { readonly payloads: number; readonly items: number };
  /** Everything lost so far. */
  readonly lost: Amount;
}

export class OutageLog {
  private readonly log: Log;
  private readonly fields: object;
  private _downSince: number | undefined;
  private lostBefore = 0;
  private isTold = false;
  private toldAt = Number.NEGATIVE_INFINITY;
  private untold = 0;

  constructor(log: Log, fields: object) {
    this.log = log;
    this.fields = fields;
  }

  /** When the outage began; undefined while the endpoint is up. */
  get downSince(): number | undefined {
    return this._downSince;
  }

  /** Whether there is anything to be told about an endpoint that is up, or down. */
  wantsToKnow(isUp: boolean): boolean {
    return isUp ? this._downSince !== undefined : !this.isTold;
  }

  /** The endpoint is down; called as often as one likes. */
  down(now: number, report: OutageReport): void {
    if (this._downSince === undefined) {
      this._downSince = now;
      this.lostBefore = report.lost.items;
    }
    if (this.isTold || now - this.toldAt < QUIET_MS) return;
    this.isTold = true;
    this.toldAt = now;
    this.log.warn(
      { ...this.fields, error: report.error, ...(this.untold > 0 && { shortOutagesBefore: this.untold }) },
      'an endpoint is not accepting data; keeping the data and retrying',
    );
    this.untold = 0;
  }

  up(now: number, { held, lost }: Omit<OutageReport, 'error'>): void {
    if (this._downSince === undefined) return;
    const seconds = Math.round((now - this._downSince) / 1000);
    this._downSince = undefined;
    if (!this.isTold) {
      this.untold++;
      return;
    }
    this.isTold = false;
    this.log.info(
      {
        ...this.fields,
        seconds,
        keptPayloads: held.payloads,
        keptItems: held.items,
        lostItems: lost.items - this.lostBefore,
      },
      'an endpoint is accepting data again',
    );
  }
}
