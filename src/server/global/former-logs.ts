/**
 * Logs that chunks on the disk of an edge were made for, when the configuration names another one now.
 *
 *   route ─▶ topics are there, with as many partitions ─▶ the log
 *         └─ they are not, for GONE_MS                  ─▶ nobody will ever read what is sent to it
 *
 * A topic is not created for them. One that is missing is asked for again for a while before it counts as gone: a broker that has just
 * started may not know its topics yet.
 */
import { addressOf } from '../../global/edge/edge-route.ts';
import { type GlobalLog, UNFIT_TOPIC } from '../../global/log/log.ts';
import type { Clock } from '../../lib/time/clock.ts';

export const GONE_MS = 60_000;

export interface FormerLogsOptions {
  /** Makes a log that creates no topics. */
  readonly makeFormer: (topic: string) => GlobalLog;
  readonly clock: Clock;
  readonly goneMs: number;
}

export class FormerLogs {
  private readonly options: FormerLogsOptions;
  /** When each was first found missing, ms. */
  private readonly missingSince = new Map<string, number>();

  constructor(options: FormerLogsOptions) {
    this.options = options;
  }

  /** Undefined for one that is gone; rejects while that is not known. */
  async open(route: string): Promise<GlobalLog | undefined> {
    const { makeFormer, clock, goneMs } = this.options;
    const address = addressOf(route);
    if (address === undefined) return undefined;
    const log = makeFormer(address.topic);
    try {
      await log.ensure(address.partitions);
      this.missingSince.delete(route);
      return log;
    } catch (error) {
      await log.close();
      if ((error as { code?: unknown }).code !== UNFIT_TOPIC) throw error;
      const since = this.missingSince.get(route) ?? clock.now();
      this.missingSince.set(route, since);
      if (clock.now() - since < goneMs) throw error;
      return undefined;
    }
  }
}
