/**
 * Bins of many distributions over one stretch of time, packed.
 *
 *   runs      context id ─▶ run        0 for none
 *   run       start, length, room, min, max                 columns, numbered from 1
 *   keys      │ run 1 ····│ run 2 │ free …                   int16
 *   counts    │ run 1 ····│ run 2 │                          uint32, saturating
 *
 * Memory  6 bytes a bin and 28 a distribution. A run has room for a power of two of bins; one that
 *         outgrows its room moves to the end and leaves a hole. Nothing is freed before clear(), which
 *         comes every minute, so holes are at most as large as what is in use.
 * Limits  binsMax in all, BINS_PER_RUN_MAX in one run (lowest bins collapse).
 * Full    add() returns false and changes nothing.
 */
import { ColumnTable } from '../../lib/column-table.ts';
import type { BinList } from './bin-list.ts';

const BINS_PER_RUN_MAX = 4096;
const ROOM_MIN = 4;
const BINS_AT_START = 1024;
const RUNS_AT_START = 64;
const COUNT_MAX = 0xffff_ffff;

export class QuantileAge {
  private readonly binsMax: number;
  /** By context id: its run, 0 for none. */
  private readonly contextTable = new ColumnTable({ runs: Uint32Array }, RUNS_AT_START);
  private readonly runTable = new ColumnTable(
    { start: Uint32Array, length: Uint16Array, room: Uint16Array, min: Float64Array, max: Float64Array },
    RUNS_AT_START,
  );
  private readonly binTable = new ColumnTable({ keys: Int16Array, counts: Uint32Array }, BINS_AT_START);
  private runs = 0;
  private bins = 0;

  constructor(binsMax: number) {
    this.binsMax = binsMax;
  }

  /** Merges `bins` into the run of context `id`. `bins` holds the merged run afterwards. */
  add(id: number, bins: BinList): boolean {
    this.read(id, bins);
    bins.trim(BINS_PER_RUN_MAX);
    const old = this.runOf(id);
    const run = old !== 0 ? old : this.runs + 1;
    this.runTable.reserve(run);
    const { start, room: rooms } = this.runTable.columns;
    if (old === 0 || bins.length > (rooms[run] as number)) {
      const room = Math.max(ROOM_MIN, 2 ** Math.ceil(Math.log2(bins.length)));
      if (!this.reserveBins(room)) return false;
      start[run] = this.bins;
      rooms[run] = room;
      this.bins += room;
    }
    if (old === 0) {
      this.setRun(id, run);
      this.runs = run;
    }
    this.store(run, bins);
    return true;
  }

  /** Merges the run of context `id` into `bins`. */
  read(id: number, bins: BinList): void {
    const run = this.runOf(id);
    if (run === 0) return;
    const { start, length, min, max } = this.runTable.columns;
    const { keys, counts } = this.binTable.columns;
    bins.merge(keys, counts, start[run] as number, length[run] as number);
    bins.widen(min[run] as number, max[run] as number);
  }

  forget(id: number): void {
    if (id < this.contextTable.capacity) this.contextTable.columns.runs[id] = 0;
  }

  /** Empties the age, and gives memory back when most of it was not needed. */
  clear(): void {
    this.binTable.trim(this.bins);
    if (this.runTable.isWasteful(this.runs)) {
      this.contextTable.clear();
      this.runTable.clear();
    } else this.contextTable.columns.runs.fill(0);
    this.runs = 0;
    this.bins = 0;
  }

  private store(run: number, bins: BinList): void {
    const { start: starts, length, min, max } = this.runTable.columns;
    const { keys, counts } = this.binTable.columns;
    const start = starts[run] as number;
    for (let i = 0; i < bins.length; i++) {
      keys[start + i] = bins.keys[i] as number;
      counts[start + i] = Math.min(bins.counts[i] as number, COUNT_MAX);
    }
    length[run] = bins.length;
    min[run] = bins.min;
    max[run] = bins.max;
  }

  private runOf(id: number): number {
    return this.contextTable.columns.runs[id] ?? 0;
  }

  private setRun(id: number, run: number): void {
    this.contextTable.reserve(id);
    this.contextTable.columns.runs[id] = run;
  }

  private reserveBins(room: number): boolean {
    const needed = this.bins + room;
    if (needed > this.binsMax) return false;
    this.binTable.reserve(needed - 1);
    return true;
  }
}
