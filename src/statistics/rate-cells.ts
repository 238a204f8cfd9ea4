/**
 * How much came over the last 10 minutes, in 60 cells of 10 seconds, and the rates that follow.
 *
 *   cells   │ 10 s │ 10 s │ … │ now │       of which `covered` says how far they are filled
 *
 * What a bucket held belongs to the time of the bucket: it is spread over the cells that the bucket covers. Rates end
 * where the counts end, not where the clock is, so an answer between two buckets is not too low.
 *
 * Memory  240 bytes.
 */
import type { Rates } from '../model/live/traffic-views.ts';

export const CELL_SECONDS = 10;
export const CELLS = 60;

export class RateCells {
  private readonly counts = new Float32Array(CELLS);
  /** The newest cell that holds something. */
  private newest = Number.NEGATIVE_INFINITY;

  /** Adds `count` that came in [start, end), Unix seconds. */
  add(start: number, end: number, count: number): void {
    const first = Math.floor(start / CELL_SECONDS);
    const last = Math.max(first, Math.ceil(end / CELL_SECONDS) - 1);
    const width = end - start;
    if (first === last || width <= 0) {
      this.put(first, count);
      return;
    }
    for (let cell = first; cell <= last; cell++) {
      const from = Math.max(start, cell * CELL_SECONDS);
      const to = Math.min(end, (cell + 1) * CELL_SECONDS);
      this.put(cell, (count * (to - from)) / width);
    }
  }

  /** Per second over what came in the 10 s, minute and 10 min before `covered`; since `since` when that is shorter. */
  rates(covered: number, since: number): Rates {
    return {
      s10: this.rate(covered, 10, since),
      s60: this.rate(covered, 60, since),
      s600: this.rate(covered, 600, since),
    };
  }

  /** Per second over the `seconds` before `covered`. */
  rate(covered: number, seconds: number, since = Number.NEGATIVE_INFINITY): number {
    const span = Math.max(1, Math.min(seconds, covered - since));
    return this.sum(covered - seconds, covered) / span;
  }

  /** What came in [from, to); cells that lie partly within count for their share. */
  sum(from: number, to: number): number {
    let sum = 0;
    // Most metrics of a large server have nothing new, or nothing lately.
    if ((this.newest + 1) * CELL_SECONDS <= from) return 0;
    const first = Math.floor(from / CELL_SECONDS);
    const last = Math.ceil(to / CELL_SECONDS) - 1;
    for (let cell = first; cell <= last; cell++) {
      const count = this.at(cell);
      if (count === 0) continue;
      // The newest cell is filled up to `to` only.
      const end = cell === last ? to : (cell + 1) * CELL_SECONDS;
      const filled = Math.max(1e-9, end - cell * CELL_SECONDS);
      const taken = end - Math.max(from, cell * CELL_SECONDS);
      sum += count * Math.min(1, taken / filled);
    }
    return sum;
  }

  /** The cells before `covered`, oldest first. */
  spark(covered: number, cells: number): number[] {
    const last = Math.ceil(covered / CELL_SECONDS) - 1;
    return Array.from({ length: cells }, (_, i) => this.at(last - cells + 1 + i));
  }

  private at(cell: number): number {
    if (cell > this.newest || cell <= this.newest - CELLS) return 0;
    return this.counts[placeOf(cell)] as number;
  }

  private put(cell: number, count: number): void {
    if (cell > this.newest) {
      // A clock that jumps far ahead empties them all, once.
      const skipped = Math.min(cell - this.newest, CELLS);
      for (let i = 0; i < skipped; i++) this.counts[placeOf(cell - i)] = 0;
      this.newest = cell;
    } else if (cell <= this.newest - CELLS) {
      // It went back by more than is kept: begin anew there.
      this.counts.fill(0);
      this.newest = cell;
    }
    (this.counts[placeOf(cell)] as number) += count;
  }
}

function placeOf(cell: number): number {
  return ((cell % CELLS) + CELLS) % CELLS;
}
