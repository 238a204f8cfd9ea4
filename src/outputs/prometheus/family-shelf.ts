/**
 * Where the names of families are kept, in one format: bits of the family table for families of series, of which there may
 * be a million, and maps for the few that did not get their own name and for service checks.
 *
 *   name ─▶ renamed or a check ─▶ else: a family that asked for this name and is marked as shown under its own
 *
 * Memory  nothing for a family of series that has its own name.
 */
import type { CheckFamily } from './check-table.ts';
import { type FamilyTable, MARKS } from './family-table.ts';
import type { NameShelf } from './naming.ts';
import type { ExpositionFormat } from './negotiate.ts';
import { displayName, namesDisplayed } from './syntax.ts';

/** The formats with names of their own; those of protobuf are the text format's. */
export type NamingFormat = Exclude<ExpositionFormat, 'protobuf'>;

/** A family: its number in the family table, or that of a service check itself. */
export type FamilyKey = number | CheckFamily;

/** The name that a family of series asks for. */
export function ownNameOf(table: FamilyTable, format: NamingFormat, number: number): string {
  return displayName(format, table.shapeOf(number).typeIn(format), table.nameOf(number));
}

export function familyShelf(table: FamilyTable, format: NamingFormat): NameShelf<FamilyKey> {
  return { families: new FamiliesByName(table, format), waiting: new WaitingFamilies(table, format) };
}

class FamiliesByName {
  private readonly table: FamilyTable;
  private readonly format: NamingFormat;
  private readonly mark: number;
  /** Those that are not marked. */
  private readonly others = new Map<string, FamilyKey>();

  constructor(table: FamilyTable, format: NamingFormat) {
    this.table = table;
    this.format = format;
    this.mark = MARKS[format].ownName;
  }

  get(name: string): FamilyKey | undefined {
    return this.others.get(name) ?? this.findMarked(name);
  }

  set(name: string, family: FamilyKey): void {
    if (typeof family === 'number' && ownNameOf(this.table, this.format, family) === name)
      this.table.mark(family, this.mark);
    else this.others.set(name, family);
  }

  delete(name: string): boolean {
    if (this.others.delete(name)) return true;
    const marked = this.findMarked(name);
    if (marked !== undefined) this.table.unmark(marked, this.mark);
    return marked !== undefined;
  }

  *[Symbol.iterator](): Generator<[string, FamilyKey]> {
    yield* this.others;
    for (const number of this.table.marked(this.mark))
      yield [ownNameOf(this.table, this.format, number), number];
  }

  private findMarked(name: string): number | undefined {
    const { table, format, mark } = this;
    for (const asked of namesDisplayed(format, name))
      for (let number = table.firstNamed(asked); number !== 0; number = table.nextNamed(number))
        if (table.isMarked(number, mark) && ownNameOf(table, format, number) === name) return number;
    return undefined;
  }
}

class WaitingFamilies {
  private readonly table: FamilyTable;
  private readonly mark: number;
  private readonly checks = new Set<CheckFamily>();
  private marked = 0;

  constructor(table: FamilyTable, format: NamingFormat) {
    this.table = table;
    this.mark = MARKS[format].waiting;
  }

  get size(): number {
    return this.checks.size + this.marked;
  }

  has(family: FamilyKey): boolean {
    return typeof family === 'number' ? this.table.isMarked(family, this.mark) : this.checks.has(family);
  }

  add(family: FamilyKey): void {
    if (typeof family !== 'number') this.checks.add(family);
    else if (!this.has(family)) {
      this.table.mark(family, this.mark);
      this.marked++;
    }
  }

  delete(family: FamilyKey): boolean {
    if (typeof family !== 'number') return this.checks.delete(family);
    if (!this.has(family)) return false;
    this.table.unmark(family, this.mark);
    this.marked--;
    return true;
  }

  clear(): void {
    this.checks.clear();
    this.table.unmarkAll(this.mark);
    this.marked = 0;
  }

  *[Symbol.iterator](): Generator<FamilyKey> {
    yield* this.checks;
    yield* this.table.marked(this.mark);
  }
}
