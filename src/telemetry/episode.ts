/**
 * Makes two lines of the log out of a count that grows while something is wrong: one when it begins, one when it
 * has been over for a while. What comes and goes faster is one episode, so there are at most two lines in QUIET_MS.
 *
 *   count   0 0 3 9 9 12 12 12 12 12 …        observed now and then
 *               │begins              │ended, 12 in all
 */

/** How long a count must stand still for its episode to be over, ms. */
const QUIET_MS = 10_000;

export type EpisodeNews =
  | { readonly kind: 'begins' }
  /** `count` came in `seconds`. */
  | { readonly kind: 'ended'; readonly count: number; readonly seconds: number };

export class Episode {
  private last: number;
  /** Of the episode under way: the count before it, when it began and when it last grew. */
  private before = 0;
  private beganAt = 0;
  private grewAt = 0;
  private isOn = false;

  /** `count` is what there was before anyone observed. */
  constructor(count = 0) {
    this.last = count;
  }

  /** `count` never falls; `now` is in ms. */
  observe(count: number, now: number): EpisodeNews | undefined {
    const grew = count > this.last;
    const before = this.last;
    this.last = count;
    if (grew) this.grewAt = now;
    if (grew && !this.isOn) {
      this.isOn = true;
      this.before = before;
      this.beganAt = now;
      return { kind: 'begins' };
    }
    return this.isOn && now - this.grewAt >= QUIET_MS ? this.end() : undefined;
  }

  /** Ends the episode that is under way, as at a stop. */
  end(): EpisodeNews | undefined {
    if (!this.isOn) return undefined;
    this.isOn = false;
    const seconds = Math.round((this.grewAt - this.beganAt) / 1000);
    return { kind: 'ended', count: this.last - this.before, seconds };
  }
}
