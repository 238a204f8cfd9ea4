/**
 * All families that have members, in columns: no object and no string a family, because a server may have as many names as
 * contexts.
 *
 *   name ─▶ number of a text ─▶ family ─next─▶ family of the same name and another shape
 *   family ─▶ name │ source │ shape │ size │ ids │ marks      columns by number, from 1; reused
 *
 * A family of several keeps the ids of its members in page order, so that a scrape sorts only families whose members
 * changed since the last one. The array is never changed in place: a page being rendered keeps the one it started with.
 * That of a family of one is made when it is asked for: `ids` is all ids of members combined by exclusive or, so it is the id
 * of the one that is left.
 *
 * Memory  22 bytes a family, and its name and source (16 bytes each beside their own, 4 of them here); 4 bytes a series of a
 *         family of several, once there was a scrape.
 * Limits  as many families as there are contexts.
 */
import { assert } from '../../lib/assert.ts';
import { ColumnTable } from '../../lib/column-table.ts';
import { TextTable } from '../../lib/texts/text-table.ts';
import type { Context, ContextType } from '../../model/context.ts';
import { type ByteString, toByteString, toText } from '../../model/text.ts';
import { type Exposure, exposedName } from './exposure.ts';
import { FamilyShape, type PrometheusType } from './family.ts';
import { escapeName } from './labels.ts';
import type { ExpositionFormat } from './negotiate.ts';

/** Marks of a family that its names set (family-shelf.ts), as bits. */
export const MARKS = {
  text: { ownName: 1, waiting: 2 },
  openmetrics: { ownName: 4, waiting: 8 },
} as const;

/** Number of no family. */
const NONE = 0;

export interface Members {
  readonly ids: Uint32Array;
  /** Whether they are in page order. */
  readonly sorted: boolean;
}

/** A family of series as it was when a page came to it. */
export class SeriesFamily {
  readonly number: number;
  readonly shape: FamilyShape;
  /** The name as sent; the smallest when several became one. */
  readonly source: ByteString;

  constructor(number: number, shape: FamilyShape, source: ByteString) {
    this.number = number;
    this.shape = shape;
    this.source = source;
  }

  get kind(): ContextType {
    return this.shape.kind;
  }

  typeIn(format: ExpositionFormat): PrometheusType {
    return this.shape.typeIn(format);
  }
}

export class FamilyTable {
  /** Families now. */
  size = 0;
  /** Names, in UTF-8, and sources. */
  private readonly texts = new TextTable(0);
  /** By the number of a text: the first family of that name. */
  private readonly named = new ColumnTable({ first: Uint32Array });
  /** By number; a size of 0 is no family. */
  private readonly rows = new ColumnTable({
    names: Uint32Array,
    sources: Uint32Array,
    shapes: Uint8Array,
    /** Live members. */
    sizes: Uint32Array,
    ids: Uint32Array,
    next: Uint32Array,
    marks: Uint8Array,
  });
  private readonly shapes: FamilyShape[] = [];
  /** Of families of several: their members, unless one joined or left since they were collected. */
  private readonly members = new Map<number, Members>();
  private free: number[] = [];
  /** One more than the highest number given out. */
  private end = 1;

  /** Counts `context` as a member of its family, which is created when missing; its number. */
  join(context: Context, exposure: Exposure): number {
    const name = toByteString(exposedName(escapeName(context.name), exposure));
    const shape = this.takeShape(context, exposure);
    const number = this.find(name, shape) ?? this.add(name, context.name, shape);
    const { columns } = this.rows;
    if (context.name < this.sourceOf(number)) {
      this.texts.release(columns.sources[number] as number);
      columns.sources[number] = this.texts.take(context.name);
    }
    (columns.sizes[number] as number)++;
    (columns.ids[number] as number) ^= context.id;
    this.members.delete(number);
    return number;
  }

  /** Takes member `id` out of a family; an empty family is forgotten. */
  leave(number: number, id: number): void {
    const { columns } = this.rows;
    assert(this.sizeOf(number) > 0, 'a series that ends has a family');
    this.members.delete(number);
    (columns.sizes[number] as number)--;
    (columns.ids[number] as number) ^= id;
    if (columns.sizes[number] === 0) this.remove(number);
  }

  sizeOf(number: number): number {
    return this.rows.columns.sizes[number] ?? 0;
  }

  /** Escaped. */
  nameOf(number: number): string {
    return toText(this.texts.textOf(this.rows.columns.names[number] as number));
  }

  /** The name as sent; the smallest when several became one. */
  sourceOf(number: number): ByteString {
    return this.texts.textOf(this.rows.columns.sources[number] as number);
  }

  shapeOf(number: number): FamilyShape {
    return this.shapes[this.rows.columns.shapes[number] as number] as FamilyShape;
  }

  isMarked(number: number, mark: number): boolean {
    return ((this.rows.columns.marks[number] as number) & mark) !== 0;
  }

  mark(number: number, mark: number): void {
    (this.rows.columns.marks[number] as number) |= mark;
  }

  unmark(number: number, mark: number): void {
    (this.rows.columns.marks[number] as number) &= ~mark;
  }

  unmarkAll(mark: number): void {
    const { marks } = this.rows.columns;
    for (let number = 1; number < this.end; number++) (marks[number] as number) &= ~mark;
  }

  /** The numbers of all families with a mark. */
  *marked(mark: number): Generator<number> {
    for (let number = 1; number < this.end; number++) if (this.isMarked(number, mark)) yield number;
  }

  /** The first family of a name, 0 for none; the others follow it. */
  firstNamed(name: string): number {
    return this.firstOf(toByteString(name));
  }

  /** Another family of the same name, 0 for none. */
  nextNamed(number: number): number {
    return this.rows.columns.next[number] as number;
  }

  /** A family as it is now, for a page that goes on while families come and go. */
  show(number: number): SeriesFamily {
    return new SeriesFamily(number, this.shapeOf(number), this.sourceOf(number));
  }

  /** Collects the members of each family of several whose members changed, in no order. */
  collectMembers(familyOf: Uint32Array): void {
    const { sizes } = this.rows.columns;
    const rooms = new Array<Uint32Array | undefined>(this.end);
    let isComplete = true;
    for (let number = 1; number < this.end; number++) {
      const size = sizes[number] as number;
      if (size < 2 || this.members.has(number)) continue;
      const ids = new Uint32Array(size);
      this.members.set(number, { ids, sorted: false });
      rooms[number] = ids;
      isComplete = false;
    }
    if (isComplete) return;
    const filled = new Uint32Array(this.end);
    for (let id = 0; id < familyOf.length; id++) {
      const number = familyOf[id] as number;
      const ids = rooms[number];
      if (ids === undefined) continue;
      const at = filled[number] as number;
      assert(at < ids.length, 'a family has room for each of its series');
      ids[at] = id;
      filled[number] = at + 1;
    }
  }

  /** The members of a family; undefined when they have to be collected, and for a family that is gone. */
  membersOf(number: number): Members | undefined {
    if (this.sizeOf(number) !== 1) return this.members.get(number);
    return { ids: Uint32Array.of(this.rows.columns.ids[number] as number), sorted: true };
  }

  /** Keeps the page order of `members`, unless they have changed since they were asked for. */
  keepOrder(number: number, members: Members, sorted: Uint32Array): void {
    if (this.members.get(number) === members) this.members.set(number, { ids: sorted, sorted: true });
  }

  /** Gives back the rows of a burst of families that is over. */
  trim(): void {
    const end = this.rows.trimUnused('sizes', this.size);
    if (end === undefined) return;
    this.end = Math.max(1, end);
    this.free = this.free.filter((number) => number < this.end);
    this.texts.trim();
    this.named.trim(this.texts.end);
  }

  private firstOf(name: ByteString): number {
    const text = this.texts.numberOf(name);
    return text === undefined ? NONE : (this.named.columns.first[text] ?? NONE);
  }

  private find(name: ByteString, shape: number): number | undefined {
    let number = this.firstOf(name);
    while (number !== NONE && this.rows.columns.shapes[number] !== shape) number = this.nextNamed(number);
    return number === NONE ? undefined : number;
  }

  private add(name: ByteString, source: ByteString, shape: number): number {
    const number = this.free.pop() ?? this.end++;
    const text = this.texts.take(name);
    this.rows.reserve(number);
    this.named.reserve(text);
    const { columns } = this.rows;
    columns.names[number] = text;
    columns.sources[number] = this.texts.take(source);
    columns.shapes[number] = shape;
    columns.next[number] = this.named.columns.first[text] as number;
    this.named.columns.first[text] = number;
    this.size++;
    return number;
  }

  private remove(number: number): void {
    const { columns } = this.rows;
    this.unlink(number);
    this.texts.release(columns.names[number] as number);
    this.texts.release(columns.sources[number] as number);
    columns.marks[number] = 0;
    this.free.push(number);
    this.size--;
  }

  private unlink(number: number): void {
    const { names, next } = this.rows.columns;
    const { first } = this.named.columns;
    const text = names[number] as number;
    if (first[text] === number) {
      first[text] = next[number] as number;
      return;
    }
    let before = first[text] as number;
    while (before !== NONE && next[before] !== number) before = next[before] as number;
    assert(before !== NONE, 'a family that goes is listed under its name');
    next[before] = next[number] as number;
  }

  /** The number of the shape of a context's family. */
  private takeShape({ type }: Pick<Context, 'type'>, { form, buckets }: Exposure): number {
    const isClassic = buckets !== undefined;
    const known = this.shapes.findIndex(
      (shape) => shape.kind === type && shape.form === form && shape.isClassic === isClassic,
    );
    return known >= 0 ? known : this.shapes.push(new FamilyShape(type, form, isClassic)) - 1;
  }
}
