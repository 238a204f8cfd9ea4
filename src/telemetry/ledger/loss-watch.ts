/**
 * Says in the log when data begins to be lost and when that ends, once each.
 *
 *   losses ──look(), every second──▶ │ quiet │ ──more lost──▶ │ losing │ ──nothing for a while──▶ │ quiet │
 *                                                └ error: where, why, what to do      └ info: how many it was
 *
 * A loss that comes and goes is one loss: it ends when nothing was lost for QUIET_MS. One that begins again soon after has
 * to be quiet for twice as long the next time, QUIET_MAX_MS at most, so that it fills no log.
 *
 * Owned by the control thread. Bounded by the places and reasons of the ledger.
 */
import type { Log } from '../../lib/log.ts';
import type { Loss } from './losses.ts';

const QUIET_MS = 30_000;
const QUIET_MAX_MS = 600_000;
/** How soon is soon, in lengths of the quiet before. */
const SOON = 10;

interface Watched {
  count: number;
  /** Count before the loss under way; undefined while there is none. */
  before: number | undefined;
  beganAt: number;
  grewAt: number;
  endedAt: number;
  quietMs: number;
}

export class LossWatch {
  private readonly log: Log;
  private readonly watched = new Map<string, Watched>();

  constructor(log: Log) {
    this.log = log;
  }

  /** Looks at all losses since the start; `now` in ms. */
  look(losses: readonly Loss[], now: number): void {
    for (const loss of losses) {
      const watched = this.watchedOf(loss);
      if (loss.count > watched.count) {
        if (watched.before === undefined) this.begin(loss, watched, now);
        watched.grewAt = now;
        watched.count = loss.count;
      } else if (watched.before !== undefined && now - watched.grewAt >= watched.quietMs) {
        this.end(loss, watched, now);
      }
    }
  }

  /** At the stop: ends what is under way. */
  close(losses: readonly Loss[], now: number): void {
    this.look(losses, now);
    for (const loss of losses) {
      const watched = this.watchedOf(loss);
      if (watched.before !== undefined) this.end(loss, watched, now);
    }
  }

  private begin(loss: Loss, watched: Watched, now: number): void {
    const isSoon = watched.endedAt > 0 && now - watched.endedAt < watched.quietMs * SOON;
    watched.quietMs = isSoon ? Math.min(watched.quietMs * 2, QUIET_MAX_MS) : QUIET_MS;
    watched.before = watched.count;
    watched.beganAt = now;
    const fields = { ...placeOf(loss), lost: loss.count - watched.count, total: loss.count };
    this.log.error({ ...fields, remedy: loss.remedy }, `losing data: ${loss.help}`);
  }

  private end(loss: Loss, watched: Watched, now: number): void {
    const lost = loss.count - (watched.before as number);
    const seconds = Math.round((watched.grewAt - watched.beganAt) / 1000);
    this.log.info(
      { ...placeOf(loss), lost, seconds, total: loss.count },
      `no longer losing data: ${loss.help}`,
    );
    watched.before = undefined;
    watched.endedAt = now;
  }

  private watchedOf({ stage, name, unit, reason }: Loss): Watched {
    const key = `${stage} ${name} ${unit} ${reason}`;
    const known = this.watched.get(key);
    if (known !== undefined) return known;
    const fresh = { count: 0, before: undefined, beganAt: 0, grewAt: 0, endedAt: 0, quietMs: QUIET_MS };
    this.watched.set(key, fresh);
    return fresh;
  }
}

function placeOf({ stage, name, unit, reason }: Loss): Record<string, string> {
  return { where: name === '' ? stage : `${stage} ${name}`, unit, reason };
}
