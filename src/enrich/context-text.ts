/**
 * What tells contexts apart, as text:
 *
 *   name LF host                    without tags
 *   name LF host LF tag LF tag …    each once, unless their order and repetition count
 *
 * It is written to memory for the core in the form that costs least: tags of the line as they came, joined by commas and
 * with those that come twice, which the core makes one of (core/assembly/index.ts). `whole` is what that comes to.
 *
 *   │ name LF host LF │ env:prod,team:x,env:prod LF │ region:eu LF az:b │
 *   └ headBytes ──────┘ └ writtenBytes ────────┘    └ added tags
 */
import { HASHED_TAGS_MAX, LF } from '../model/core-border.ts';
import type { Tags } from '../model/tags.ts';
import type { ByteString } from '../model/text.ts';

/** The longest text of a context that is hashed, bytes; a longer one goes to the overflow series. */
export const CONTEXT_TEXT_BYTES_MAX = 131_072;

export class ContextText {
  /** Whether order and repetition of the tags count. */
  readonly isOrdered: boolean;
  private readonly name: ByteString;
  private readonly host: ByteString;
  private readonly tags: Tags;
  /** Behind the tags, '' for none (model/context.ts). */
  private readonly mark: ByteString;
  private made: ByteString | undefined;

  /** Distinct tags are a set; those of timestamped samples a list. */
  constructor(name: ByteString, host: ByteString, tags: Tags, mark: ByteString = '') {
    this.isOrdered = !tags.isDistinct;
    this.tags = tags;
    this.mark = mark;
    this.name = name;
    this.host = host;
  }

  /** Up to the tags. */
  get headBytes(): number {
    return this.name.length + this.host.length + (this.hasTags ? 2 : 1);
  }

  /** The text itself. */
  get whole(): ByteString {
    if (this.made === undefined) {
      const { list } = this.tags;
      // A mark is one more for the core. More than it takes are sorted, or one context would be as many as its tags have orders.
      const count = list.length + (this.mark === '' ? 0 : 1);
      this.made = this.joined(this.isOrdered || count <= HASHED_TAGS_MAX ? list : [...list].sort());
    }
    return this.made;
  }

  /** The same for every order of the tags, unless it counts. */
  get sorted(): ByteString {
    return this.isOrdered ? this.whole : this.joined([...this.tags.list].sort());
  }

  /** Whether the text is too long to be hashed. */
  get isTooLong(): boolean {
    // Most are short even with tags that come twice.
    return this.bytesAsWritten > CONTEXT_TEXT_BYTES_MAX && this.whole.length > CONTEXT_TEXT_BYTES_MAX;
  }

  /** Bytes of tags joined by commas in what write() writes. */
  get writtenBytes(): number {
    return this.isWrittenWhole ? 0 : this.tags.written.bytes;
  }

  /** Writes at most CONTEXT_TEXT_BYTES_MAX bytes, when it is not too long; returns their number. */
  write(into: Buffer, at: number): number {
    if (this.isWrittenWhole) return into.write(this.whole, at, 'latin1');
    const { written, added } = this.tags;
    // One after the other: a string of all would be made for this alone.
    let end = at + into.write(this.name, at, 'latin1');
    into[end++] = LF;
    if (this.host !== '') end += into.write(this.host, end, 'latin1');
    if (this.hasTags) into[end++] = LF;
    if (written.bytes > 0) end += written.copyTo(into, end);
    if (added.length > 0) {
      const rest = added.join('\n');
      end += into.write(written.bytes === 0 ? rest : `\n${rest}`, end, 'latin1');
    }
    return end - at;
  }

  /** Whether what write() writes may hold a tag more than once that is to be there once. */
  get mayRepeat(): boolean {
    return !this.isOrdered && !this.isWrittenWhole;
  }

  private joined(tags: readonly ByteString[]): ByteString {
    const head = `${this.name}\n${this.host}`;
    return this.hasTags ? `${head}\n${(this.mark === '' ? tags : [...tags, this.mark]).join('\n')}` : head;
  }

  private get hasTags(): boolean {
    return !this.tags.isEmpty || this.mark !== '';
  }

  /** A mark stays last, whatever is before it. */
  private get isWrittenWhole(): boolean {
    return this.made !== undefined || this.mark !== '' || this.bytesAsWritten > CONTEXT_TEXT_BYTES_MAX;
  }

  private get bytesAsWritten(): number {
    let bytes = this.headBytes + this.tags.written.bytes;
    if (this.mark !== '') bytes += this.mark.length + 1;
    for (const tag of this.tags.added) bytes += tag.length + 1;
    return bytes;
  }
}
