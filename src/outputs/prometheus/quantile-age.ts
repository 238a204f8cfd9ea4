/**
 * Bins of many distributions over one stretch of time, packed.
 *
 *   #runOf    context id ─▶ run        0 for none
 *   run       start, length, room, min, max                 columns, numbered from 1
 *   #keys     │ run 1 ····│ run 2 │ free …                   int16
 *   #counts   │ run 1 ····│ run 2 │                          uint32, saturating
 *
 * Memory  6 bytes a bin and 28 a distribution. A run has room for a power of two of bins; one that
 *         outgrows its room moves to the end and leaves a hole. Nothing is freed before clear(), which
 *         comes every minute, so holes are at most as large as what is in use.
 * Limits  binsMax in all, BINS_PER_RUN_MAX in one run (lowest bins collapse).
 * Full    add() returns false and changes nothing.
 */
import type { BinList } from './bin-list.ts';

const BINS_PER_RUN_MAX = 4096;
const ROOM_MIN = 4;
const BINS_AT_START = 1024;
const RUNS_AT_START = 64;
const COUNT_MAX = 0xffff_ffff;

export class QuantileAge {
  readonly #binsMax: number;
  #runOf = new Uint32Array(RUNS_AT_START);
  #runs = 0;
  #start = new Uint32Array(RUNS_AT_START);
  #length = new Uint16Array(RUNS_AT_START);
  #room = new Uint16Array(RUNS_AT_START);
  #min = new Float64Array(RUNS_AT_START);
  #max = new Float64Array(RUNS_AT_START);
  #bins = 0;
  #keys = new Int16Array(BINS_AT_START);
  #counts = new Uint32Array(BINS_AT_START);

  constructor(binsMax: number) {
    this.#binsMax = binsMax;
  }

  /** Merges `bins` into the run of context `id`. `bins` holds the merged run afterwards. */
  add(id: number, bins: BinList): boolean {
    this.read(id, bins);
    bins.trim(BINS_PER_RUN_MAX);
    const old = id < this.#runOf.length ? (this.#runOf[id] as number) : 0;
    const run = old !== 0 ? old : this.#runs + 1;
    if (run >= this.#start.length) this.#growRuns();
    if (old === 0 || bins.length > (this.#room[run] as number)) {
      const room = Math.max(ROOM_MIN, 2 ** Math.ceil(Math.log2(bins.length)));
      if (!this.#reserveBins(room)) return false;
      this.#start[run] = this.#bins;
      this.#room[run] = room;
      this.#bins += room;
    }
    if (old === 0) {
      this.#setRun(id, run);
      this.#runs = run;
    }
    this.#store(run, bins);
    return true;
  }

  /** Merges the run of context `id` into `bins`. */
  read(id: number, bins: BinList): void {
    const run = id < this.#runOf.length ? (this.#runOf[id] as number) : 0;
    if (run === 0) return;
    bins.merge(this.#keys, this.#counts, this.#start[run] as number, this.#length[run] as number);
    bins.widen(this.#min[run] as number, this.#max[run] as number);
  }

  forget(id: number): void {
    if (id < this.#runOf.length) this.#runOf[id] = 0;
  }

  /** Empties the age, and gives memory back when most of it was not needed. */
  clear(): void {
    if (this.#keys.length > BINS_AT_START && this.#bins < this.#keys.length / 4) {
      const bins = Math.max(BINS_AT_START, 2 ** Math.ceil(Math.log2(this.#bins * 2 + 1)));
      this.#keys = new Int16Array(bins);
      this.#counts = new Uint32Array(bins);
    }
    if (this.#start.length > RUNS_AT_START && this.#runs < this.#start.length / 4) this.#makeRuns();
    else this.#runOf.fill(0);
    this.#runs = 0;
    this.#bins = 0;
  }

  #store(run: number, bins: BinList): void {
    const start = this.#start[run] as number;
    for (let i = 0; i < bins.length; i++) {
      this.#keys[start + i] = bins.keys[i] as number;
      this.#counts[start + i] = Math.min(bins.counts[i] as number, COUNT_MAX);
    }
    this.#length[run] = bins.length;
    this.#min[run] = bins.min;
    this.#max[run] = bins.max;
  }

  #setRun(id: number, run: number): void {
    if (id >= this.#runOf.length) this.#runOf = grown(this.#runOf, id + 1);
    this.#runOf[id] = run;
  }

  /** Starts again with few runs, and few numbers of contexts. */
  #makeRuns(): void {
    this.#runOf = new Uint32Array(RUNS_AT_START);
    this.#start = new Uint32Array(RUNS_AT_START);
    this.#length = new Uint16Array(RUNS_AT_START);
    this.#room = new Uint16Array(RUNS_AT_START);
    this.#min = new Float64Array(RUNS_AT_START);
    this.#max = new Float64Array(RUNS_AT_START);
  }

  #growRuns(): void {
    const length = this.#start.length + 1;
    this.#start = grown(this.#start, length);
    this.#length = grown(this.#length, length);
    this.#room = grown(this.#room, length);
    this.#min = grown(this.#min, length);
    this.#max = grown(this.#max, length);
  }

  #reserveBins(room: number): boolean {
    const needed = this.#bins + room;
    if (needed > this.#binsMax) return false;
    if (needed > this.#keys.length) {
      this.#keys = grown(this.#keys, needed);
      this.#counts = grown(this.#counts, needed);
    }
    return true;
  }
}

/** Copies a column into one at least twice as long that holds `length` cells. */
export function grown<T extends Uint8Array | Uint16Array | Int16Array | Uint32Array | Float64Array>(
  column: T,
  length: number,
): T {
  const size = Math.max(column.length * 2, 2 ** Math.ceil(Math.log2(length)));
  const larger = new (column.constructor as new (size: number) => T)(size);
  larger.set(column);
  return larger;
}
