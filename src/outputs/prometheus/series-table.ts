/**
 * The state of every series on the page, in columns by context id: no object and no string per series.
 *
 *   familyOf   uint32    number of the family, 0 when the context has no series
 *   value      float64   a counter's total, a gauge's or set's value, a summary's sum
 *   count      float64   a summary's count
 *   dataAt     uint32    when data last came, Unix seconds
 *   bornAt     uint32    number of the birth, so that a page leaves out series born after it started
 *   flags      uint8     see FLAG
 *
 * Memory  29 bytes a context, doubling; plus 12 to 60 and its bins for a summary (quantile-window.ts).
 * Limits  as many rows as there are contexts; the context limit is the aggregator's.
 */
import { isWasteful, shrunk } from '../../lib/shrink-column.ts';
import type { Context } from '../../model/context.ts';
import { Families, type Family } from './family.ts';
import { renderLabels } from './labels.ts';
import type { Adjustment, Problems } from './problems.ts';
import { grown } from './quantile-age.ts';

export const FLAG = {
  /** A summary has seen negative observations, so its sum may fall. */
  negative: 1,
  /** The series expired while its context lives; zero fills do not bring it back. */
  expired: 2,
  /** The series is one of several shown as one, and was counted as such. */
  mergeCounted: 4,
} as const;

export class SeriesTable {
  readonly families = new Families();
  familyOf = new Uint32Array(64);
  value = new Float64Array(64);
  count = new Float64Array(64);
  dataAt = new Uint32Array(64);
  bornAt = new Uint32Array(64);
  flags = new Uint8Array(64);
  /** Series born so far. */
  births = 0;
  /** Series now. */
  size = 0;

  has(id: number): boolean {
    return id < this.familyOf.length && this.familyOf[id] !== 0;
  }

  hasFlag(id: number, flag: number): boolean {
    return id < this.flags.length && ((this.flags[id] as number) & flag) !== 0;
  }

  setFlag(id: number, flag: number): void {
    this.flags[id] = (this.flags[id] as number) | flag;
  }

  /** Makes sure that `context` has a series. `host` is its host label. */
  admit(context: Context, host: string, problems: Problems): void {
    const id = context.id;
    if (this.has(id)) return;
    if (id >= this.familyOf.length) this.#grow(id + 1);
    const found = new Set<Adjustment>();
    renderLabels(context.tags, host, (problem) => found.add(problem));
    const family: Family = this.families.join(context, found);
    for (const problem of found) problems.adjust(problem);
    this.familyOf[id] = family.number;
    this.value[id] = 0;
    this.count[id] = 0;
    this.flags[id] = 0;
    this.bornAt[id] = ++this.births;
    this.size++;
  }

  /** Removes the series of context `id`, if there is one. */
  remove(id: number): void {
    if (!this.has(id)) return;
    this.families.leave(this.familyOf[id] as number);
    this.familyOf[id] = 0;
    this.flags[id] = 0;
    this.size--;
  }

  /** Forgets everything about context `id`, whose number may name another one from now on. */
  forget(id: number): void {
    this.remove(id);
    if (id < this.flags.length) this.flags[id] = 0;
  }

  /** Gives back the rows of a burst of contexts that is over. */
  trim(): void {
    if (!isWasteful(this.familyOf.length, this.size)) return;
    let used = this.familyOf.length;
    while (used > 0 && this.familyOf[used - 1] === 0 && this.flags[used - 1] === 0) used--;
    this.familyOf = shrunk(this.familyOf, used);
    this.value = shrunk(this.value, used);
    this.count = shrunk(this.count, used);
    this.dataAt = shrunk(this.dataAt, used);
    this.bornAt = shrunk(this.bornAt, used);
    this.flags = shrunk(this.flags, used);
  }

  #grow(length: number): void {
    this.familyOf = grown(this.familyOf, length);
    this.value = grown(this.value, length);
    this.count = grown(this.count, length);
    this.dataAt = grown(this.dataAt, length);
    this.bornAt = grown(this.bornAt, length);
    this.flags = grown(this.flags, length);
  }
}
