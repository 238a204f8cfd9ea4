/**
 * Text pages: the bytes of many texts, outside JavaScript's heap.
 *
 *   position ─▶ page, offset ─▶ │ length │ bytes │ length │ bytes (dead) │ length │ bytes │ … ─end
 *
 * A length is one byte, or LONG and four. A text that is removed leaves dead bytes. A page without live ones goes; of one
 * that is mostly dead remove() tells the owner, who alone knows which texts live, and moves those.
 *
 * Memory  pages of 256 KiB, or of one longer text, filled by the system as they are used; of each but the last at most
 *         half is dead.
 * Why     a string for each of millions of texts takes twice the memory, and the garbage collector visits it.
 */
import { assert } from '../assert.ts';
import { copyBytes, equalBytes, viewOf } from './bytes-by-words.ts';

const PAGE_BITS = 18;
const PAGE_BYTES = 2 ** PAGE_BITS;
const OFFSET_MASK = PAGE_BYTES - 1;
/** First byte of a length that does not fit into it. */
const LONG = 0xff;
const LONG_HEAD = 5;

interface Page {
  readonly bytes: Buffer;
  /** Of the same bytes. */
  readonly view: DataView;
  /** Where its texts end. */
  end: number;
  dead: number;
}

export class TextPages {
  /** Undefined where one has gone. */
  private readonly pages: (Page | undefined)[] = [];
  private readonly goneNumbers: number[] = [];
  /** Number of the page that texts are added to; -1 for none. */
  private openNumber = -1;

  /** Bytes of all pages. */
  get bytes(): number {
    return this.pages.reduce((sum, page) => sum + (page?.bytes.length ?? 0), 0);
  }

  /** Adds the text at [start, end) of `from`; its position, a 32-bit number. */
  append(from: DataView, start: number, end: number): number {
    const length = end - start;
    const head = length < LONG ? 1 : LONG_HEAD;
    const page = this.pageFor(head + length);
    const offset = page.end;
    page.view.setUint8(offset, Math.min(length, LONG));
    if (head === LONG_HEAD) page.view.setUint32(offset + 1, length, true);
    copyBytes(page.view, offset + head, from, start, length);
    page.end = offset + head + length;
    return this.openNumber * PAGE_BYTES + offset;
  }

  /** Whether the text at `position` is the one at [start, end) of `other`. */
  isAt(position: number, other: DataView, start: number, end: number): boolean {
    const { view } = this.pageAt(position);
    const offset = position & OFFSET_MASK;
    const length = end - start;
    if (lengthAt(view, offset) !== length) return false;
    return equalBytes(view, offset + headOf(length), other, start, length);
  }

  /** The first byte that isAt() reads at `position`. */
  firstByteAt(position: number): number {
    return this.pageAt(position).view.getUint8(position & OFFSET_MASK);
  }

  textAt(position: number): string {
    const { view, bytes } = this.pageAt(position);
    const offset = position & OFFSET_MASK;
    const length = lengthAt(view, offset);
    const start = offset + headOf(length);
    return bytes.toString('latin1', start, start + length);
  }

  /** What `use` makes of the text at `position`, which is at [start, end) of `view`. */
  read<Result>(position: number, use: (view: DataView, start: number, end: number) => Result): Result {
    const { view } = this.pageAt(position);
    const offset = position & OFFSET_MASK;
    const length = lengthAt(view, offset);
    const start = offset + headOf(length);
    return use(view, start, start + length);
  }

  /** Nobody needs the text at `position`; true when most of its page is dead now: positionsIn() are to be moved. */
  remove(position: number): boolean {
    const page = this.pageAt(position);
    page.dead += sizeAt(page.view, position & OFFSET_MASK);
    if (page.dead === page.end) {
      this.drop(position);
      return false;
    }
    return position >>> PAGE_BITS !== this.openNumber && page.dead * 2 > page.end;
  }

  /** Where the texts are that share a page with the one at `position`, dead ones as well. */
  *positionsIn(position: number): Generator<number> {
    const { view, end } = this.pageAt(position);
    const first = position - (position & OFFSET_MASK);
    for (let offset = 0; offset < end; offset += sizeAt(view, offset)) yield first + offset;
  }

  /** Moves a text that lives to the open page; its new position. */
  move(position: number): number {
    return this.read(position, (view, start, end) => this.append(view, start, end));
  }

  /** The page at `position` has no text any more that lives. */
  drop(position: number): void {
    const number = position >>> PAGE_BITS;
    this.pages[number] = undefined;
    this.goneNumbers.push(number);
    if (number === this.openNumber) this.openNumber = -1;
  }

  /** The open page, with room for `size` bytes. */
  private pageFor(size: number): Page {
    const open = this.pages[this.openNumber];
    if (open !== undefined && open.end + size <= open.view.byteLength) return open;
    const bytes = Buffer.allocUnsafeSlow(Math.max(PAGE_BYTES, size));
    const page = { bytes, view: viewOf(bytes), end: 0, dead: 0 };
    this.openNumber = this.goneNumbers.pop() ?? this.pages.length;
    this.pages[this.openNumber] = page;
    return page;
  }

  private pageAt(position: number): Page {
    const page = this.pages[position >>> PAGE_BITS];
    assert(page !== undefined, 'a text is in a page');
    return page;
  }
}

function lengthAt(view: DataView, offset: number): number {
  const length = view.getUint8(offset);
  return length < LONG ? length : view.getUint32(offset + 1, true);
}

function headOf(length: number): number {
  return length < LONG ? 1 : LONG_HEAD;
}

/** Of a text with its head. */
function sizeAt(view: DataView, offset: number): number {
  const length = lengthAt(view, offset);
  return headOf(length) + length;
}
