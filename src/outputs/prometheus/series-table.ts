/**
 * Which series are on the page, in columns by context id: no object and no string per series. Their values are in the
 * cumulative table (cumulative/cumulative-table.ts).
 *
 *   exposure   uint32    how it is shown (exposure.ts), chosen when it began; 0 when the context has no series
 *   bornAt     uint32    number of the birth, so that a page leaves out series born after it started
 *   familyOf   uint32    number of the family, 0 until somebody asks for a page (catalogue.ts)
 *   counted    uint8     what was counted of it, as bits: adjustments of its name and labels, that it was merged
 *
 * A family whose last series ends while others wait for theirs may be one of those: it keeps its place, and so its name, until
 * they have been looked through.
 *
 * Memory  13 bytes a context, doubling; plus 12 to 60 and its bins for a summary (quantile-window.ts).
 * Limits  as many rows as there are contexts; the context limit is the aggregator's.
 */
import { ColumnTable } from '../../lib/column-table.ts';
import type { Context } from '../../model/context.ts';
import type { Exposure } from './exposure.ts';
import type { FamilyRoll } from './family.ts';
import type { FamilyTable } from './family-table.ts';

const ROWS_AT_START = 64;
const NO_FAMILY = 0;

/** Bits of what is counted once in the life of a series. */
export const COUNTED = { labels: 1, merged: 2 } as const;

export class SeriesTable {
  readonly families: FamilyTable;
  private readonly roll: FamilyRoll<number>;
  /** By context id. */
  private readonly table = new ColumnTable(
    { exposure: Uint32Array, bornAt: Uint32Array, familyOf: Uint32Array, counted: Uint8Array },
    ROWS_AT_START,
  );
  /** All exposures that were used, from 1 on; they are few (exposure.ts). */
  private readonly exposures: (Exposure | undefined)[] = [undefined];
  /** Families that may go, and the series that was their last. */
  private readonly emptied = new Map<number, number>();
  /** Series without a family. */
  private waiting = 0;
  /** Series born so far. */
  births = 0;
  /** Series now. */
  size = 0;

  /** What the page reads, by context id. Not to be kept: growing replaces columns. */
  readonly columns = this.table.columns;

  /** `roll` hears of families that come, and of those that go while they are still there. */
  constructor(families: FamilyTable, roll: FamilyRoll<number>) {
    this.families = families;
    this.roll = roll;
  }

  has(id: number): boolean {
    return (this.columns.exposure[id] ?? 0) !== 0;
  }

  /** Context ids are below this. */
  get idEnd(): number {
    return this.table.capacity;
  }

  /** Whether context `id` has a series without a family, of the first `births` that there were. */
  waits(id: number, births: number): boolean {
    const { exposure, familyOf, bornAt } = this.columns;
    return exposure[id] !== 0 && familyOf[id] === NO_FAMILY && (bornAt[id] as number) <= births;
  }

  /** How the series of context `id`, which there is, is shown. */
  exposureOf(id: number): Exposure {
    return this.exposures[this.columns.exposure[id] as number] as Exposure;
  }

  /** Makes sure that context `id` has a series. */
  admit(id: number, exposure: Exposure): void {
    if (this.has(id)) return;
    this.table.reserve(id);
    let number = this.exposures.indexOf(exposure);
    if (number < 0) number = this.exposures.push(exposure) - 1;
    this.columns.exposure[id] = number;
    this.columns.bornAt[id] = ++this.births;
    this.columns.familyOf[id] = NO_FAMILY;
    this.columns.counted[id] = 0;
    this.waiting++;
    this.size++;
  }

  /** Gives the series of `context`, which waits for one, its family. */
  join(context: Context): void {
    const { id } = context;
    const family = this.families.join(context, this.exposureOf(id));
    this.columns.familyOf[id] = family;
    this.waiting--;
    const last = this.emptied.get(family);
    if (last !== undefined) {
      this.families.leave(family, last);
      this.emptied.delete(family);
    } else if (this.families.sizeOf(family) === 1) this.roll.join(family);
  }

  /** Whether families keep their place for series that wait. */
  get hasEmptied(): boolean {
    return this.emptied.size > 0;
  }

  /** Those that waited have been looked through: families that are still without a series go. */
  dropEmptied(): void {
    for (const [family, last] of this.emptied) this.dismiss(family, last);
    this.emptied.clear();
  }

  /** Whether something of context `id` is to be counted now: it was not before. */
  counts(id: number, what: number): boolean {
    const counted = this.columns.counted[id] as number;
    this.columns.counted[id] = counted | what;
    return (counted & what) === 0;
  }

  /** Removes the series of context `id`, if there is one. */
  remove(id: number): void {
    if (!this.has(id)) return;
    const family = this.columns.familyOf[id] as number;
    if (family === NO_FAMILY) this.waiting--;
    else if (this.families.sizeOf(family) > 1) this.families.leave(family, id);
    else if (this.waiting > 0) this.emptied.set(family, id);
    else this.dismiss(family, id);
    this.columns.familyOf[id] = NO_FAMILY;
    this.columns.exposure[id] = 0;
    this.size--;
  }

  private dismiss(family: number, last: number): void {
    this.roll.leave(family);
    this.families.leave(family, last);
  }

  /** Gives back the rows of a burst of contexts that is over. */
  trim(): void {
    this.table.trimUnused('exposure', this.size);
    this.families.trim();
  }
}
