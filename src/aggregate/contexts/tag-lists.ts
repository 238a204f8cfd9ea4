/**
 * Tag lists: for every context the numbers of its tags, in order.
 *
 *   context id ─▶ start, count                      two columns
 *   pages      │ 5 9 2 │ 5 9 7 8 │ (dead) │ 2 │ …   numbers, 4 bytes each, in pages of 64 Ki
 *
 * Lists are only appended. One that is deleted leaves a dead range; when more than half as many numbers
 * are dead as alive, all lists move to new pages. So the memory stays below one and a half times what
 * is needed (three times for a moment, while moving), and a deletion costs a constant on average.
 *
 * Why     a JavaScript array of strings for each of 100,000 contexts takes three times as much, and the
 *         garbage collector walks it. Pages, because doubling one large array wastes half of it.
 */
import { assert } from '../../lib/assert.ts';
import { ColumnTable } from '../../lib/column-table.ts';

const PAGE_BITS = 16;
const PAGE_LENGTH = 1 << PAGE_BITS;

export class TagLists {
  private readonly lists = new ColumnTable({ starts: Uint32Array, counts: Uint32Array });
  private pages: Uint32Array[] = [];
  private end = 0;
  private alive = 0;

  /** Numbers held, dead ones included. */
  get length(): number {
    return this.end;
  }

  /** Sets the list of context `id`, which has none, to what `tags` holds from `first` on. */
  set(id: number, tags: readonly number[], first = 0): void {
    const count = tags.length - first;
    this.lists.reserve(id);
    this.lists.columns.starts[id] = this.end;
    this.lists.columns.counts[id] = count;
    this.alive += count;
    for (let i = first; i < tags.length; i++) this.append(tags[i] as number);
  }

  delete(id: number): void {
    this.alive -= this.countOf(id);
    this.lists.columns.counts[id] = 0;
    const dead = this.end - this.alive;
    if (dead > PAGE_LENGTH && dead * 2 > this.alive) this.compact();
  }

  /** Gives back what ids from `end` on, none with a list, needed. */
  trim(end: number): void {
    this.lists.trim(end);
    if (this.alive > 0) return;
    this.pages = [];
    this.end = 0;
  }

  countOf(id: number): number {
    return this.lists.columns.counts[id] ?? 0;
  }

  /** Number of the tag at `index` of the list of `id`. */
  at(id: number, index: number): number {
    return read(this.pages, (this.lists.columns.starts[id] as number) + index);
  }

  private append(tag: number): void {
    if (this.end === this.pages.length * PAGE_LENGTH) this.pages.push(new Uint32Array(PAGE_LENGTH));
    const page = this.pages[this.end >>> PAGE_BITS];
    assert(page !== undefined, 'the end of the lists is in a page');
    page[this.end++ & (PAGE_LENGTH - 1)] = tag;
  }

  private compact(): void {
    const pages = this.pages;
    this.pages = [];
    this.end = 0;
    for (let id = 0; id < this.lists.capacity; id++) {
      const start = this.lists.columns.starts[id] as number;
      const count = this.lists.columns.counts[id] as number;
      this.lists.columns.starts[id] = this.end;
      for (let i = 0; i < count; i++) this.append(read(pages, start + i));
    }
  }
}

function read(pages: readonly Uint32Array[], position: number): number {
  const page = pages[position >>> PAGE_BITS];
  assert(page !== undefined, 'a list is in a page');
  return page[position & (PAGE_LENGTH - 1)] as number;
}
