/**
 * Sent points: which timestamped points were handed on lately, so that a later sample of the same series and time
 * does not replace one that is sent already. It goes to the next second that is free.
 *
 *   claim ─▶ young turn ──TURN_FLUSHES or POINTS_MAX──▶ old turn ──the same──▶ forgotten
 *
 * Memory  two turns of at most POINTS_MAX points, about 10 MB when full; nothing while no timestamps come.
 */

/** Flushes of a turn: with buckets of ten seconds a point is remembered for five to ten minutes. */
const TURN_FLUSHES = 30;
const POINTS_MAX = 100_000;
/** Seconds a sample may be moved by. */
export const SHIFT_MAX = 60;

type Turn = Map<string, Set<number>>;

export class SentPoints {
  private young: Turn = new Map();
  private old: Turn = new Map();
  private points = 0;
  private flushes = 0;

  /** Says that a flush begins. */
  turn(): void {
    if (++this.flushes < TURN_FLUSHES && this.points < POINTS_MAX) return;
    this.old = this.young;
    this.young = new Map();
    this.points = 0;
    this.flushes = 0;
  }

  /**
   * The time at which a sample of `series` can be sent: its own, or the next second that neither a sent point nor one of
   * this flush (`isTaken`) has. Undefined when there is none within SHIFT_MAX seconds.
   */
  claim(series: string, timestamp: number, isTaken: (timestamp: number) => boolean): number | undefined {
    const [young, old] = [this.young.get(series), this.old.get(series)];
    for (let time = timestamp; time <= timestamp + SHIFT_MAX; time++) {
      if (young?.has(time) === true || old?.has(time) === true || isTaken(time)) continue;
      if (young === undefined) this.young.set(series, new Set([time]));
      else young.add(time);
      this.points++;
      return time;
    }
    return undefined;
  }
}
