/**
 * Which series are on the page, in columns by context id: no object and no string per series. Their values are in the
 * cumulative table (cumulative/cumulative-table.ts).
 *
 *   familyOf   uint32    number of the family, 0 when the context has no series
 *   bornAt     uint32    number of the birth, so that a page leaves out series born after it started
 *   merged     uint8     1 when the series is one of several shown as one, and was counted as such
 *   exposure   uint32    how it is shown (exposure.ts), chosen when it began
 *
 * Memory  13 bytes a context, doubling; plus 12 to 60 and its bins for a summary (quantile-window.ts).
 * Limits  as many rows as there are contexts; the context limit is the aggregator's.
 */
import { ColumnTable } from '../../lib/column-table.ts';
import type { Context } from '../../model/context.ts';
import type { Exposure } from './exposure.ts';
import type { FamilyRoll } from './family.ts';
import type { FamilyTable } from './family-table.ts';
import { renderLabels } from './labels.ts';
import type { Adjustment, Problems } from './problems.ts';

const ROWS_AT_START = 64;

export class SeriesTable {
  readonly families: FamilyTable;
  private readonly roll: FamilyRoll<number>;
  /** By context id. */
  private readonly table = new ColumnTable(
    { familyOf: Uint32Array, bornAt: Uint32Array, merged: Uint8Array, exposure: Uint32Array },
    ROWS_AT_START,
  );
  /** All exposures that were used; they are few (exposure.ts). */
  private readonly exposures: Exposure[] = [];
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
    return id < this.columns.familyOf.length && this.columns.familyOf[id] !== 0;
  }

  /** How the series of context `id`, which there is, is shown. */
  exposureOf(id: number): Exposure {
    return this.exposures[this.columns.exposure[id] as number] as Exposure;
  }

  /** Makes sure that `context` has a series. `host` is its host label. */
  admit(context: Context, host: string, exposure: Exposure, problems: Problems): void {
    const id = context.id;
    if (this.has(id)) return;
    this.table.reserve(id);
    const found = new Set<Adjustment>();
    renderLabels(context.tags, host, (problem) => found.add(problem));
    const family = this.families.join(context, exposure, found);
    if (this.families.sizeOf(family) === 1) this.roll.join(family);
    for (const problem of found) problems.adjust(problem);
    this.columns.familyOf[id] = family;
    this.columns.merged[id] = 0;
    let number = this.exposures.indexOf(exposure);
    if (number < 0) number = this.exposures.push(exposure) - 1;
    this.columns.exposure[id] = number;
    this.columns.bornAt[id] = ++this.births;
    this.size++;
  }

  /** Removes the series of context `id`, if there is one. */
  remove(id: number): void {
    if (!this.has(id)) return;
    const family = this.columns.familyOf[id] as number;
    if (this.families.sizeOf(family) === 1) this.roll.leave(family);
    this.families.leave(family, id);
    this.columns.familyOf[id] = 0;
    this.size--;
  }

  /** Gives back the rows of a burst of contexts that is over. */
  trim(): void {
    this.table.trimUnused('familyOf', this.size);
    this.families.trim();
  }
}
