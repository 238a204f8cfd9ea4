/**
 * How much came over the last 10 minutes, in 60 cells of 10 seconds, and the rates that follow.
 *
 *   cells   │ 10 s │ 10 s │ … │ now │       of which `covered` says how far they are filled
 *
 * What a bucket held belongs to the time of the bucket: it is spread over the cells that the bucket covers. Rates end
 * where the counts end, not where the clock is, so an answer between two buckets is not too low.
 *
 * Memory  240 bytes of a pool (CellPool), in slabs: a typed array of its own takes 300 more, outside the heap, and time.
 */
import type { Rates } from '../model/live/traffic-views.ts';

export const CELL_SECONDS = 10;
export const CELLS = 60;

/** The cells of many, taken and given back one by one. */
export class CellPool {
  private readonly perSlab: number;
  private readonly slabs: Float32Array[] = [];
  private readonly free: number[] = [];
  private end = 0;

  constructor(perSlab: number) {
    this.perSlab = perSlab;
  }

  /** A place for CELLS cells, all 0. */
  take(): number {
    const place = this.free.pop() ?? this.end++;
    if (place >= this.slabs.length * this.perSlab) this.slabs.push(new Float32Array(this.perSlab * CELLS));
    const start = this.startOf(place);
    this.slabOf(place).fill(0, start, start + CELLS);
    return place;
  }

  give(place: number): void {
    this.free.push(place);
  }

  slabOf(place: number): Float32Array {
    return this.slabs[Math.floor(place / this.perSlab)] as Float32Array;
  }

  /** Where in its slab a place begins. */
  startOf(place: number): number {
    return (place % this.perSlab) * CELLS;
  }
}

export class RateCells {
  private readonly pool: CellPool;
  private readonly place: number;
  private readonly counts: Float32Array;
  private readonly start: number;
  /** The newest cell that holds something. */
  private newest = Number.NEGATIVE_INFINITY;

  constructor(pool = new CellPool(1)) {
    this.pool = pool;
    this.place = pool.take();
    this.counts = pool.slabOf(this.place);
    this.start = pool.startOf(this.place);
  }

  /** Gives its place back to the pool. It is not used any more. */
  release(): void {
    this.pool.give(this.place);
  }

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
    return this.counts[this.start + placeOf(cell)] as number;
  }

  private put(cell: number, count: number): void {
    if (cell > this.newest) {
      // A clock that jumps far ahead empties them all, once.
      const skipped = Math.min(cell - this.newest, CELLS);
      for (let i = 0; i < skipped; i++) this.counts[this.start + placeOf(cell - i)] = 0;
      this.newest = cell;
    } else if (cell <= this.newest - CELLS) {
      // It went back by more than is kept: begin anew there.
      this.counts.fill(0, this.start, this.start + CELLS);
      this.newest = cell;
    }
    (this.counts[this.start + placeOf(cell)] as number) += count;
  }
}

function placeOf(cell: number): number {
  return ((cell % CELLS) + CELLS) % CELLS;
}
