/**
 * The tags of a line or of a context: what is written for as long as nobody asks for them one by one.
 *
 *   #env:prod,team:x,env:prod     written   env:prod,team:x,env:prod     as on the wire, joined by commas
 *   dogstatsd_tags, origin, …     added     [region:eu]                  behind them, one by one
 *
 * `list` is what they are; all else is worked out from the two parts so that it says the same of them (tags.test.ts). Most
 * lines of a context that is new never need the list: a text for each of 26 tags, and a set to find those that
 * come twice, took a third of the time of such a line.
 *
 * Never changed once made, but for what it remembers of its own answers.
 */
import type { ByteString } from './text.ts';

const COMMA = 0x2c;

/** Tags joined by commas, none of which holds one; wherever they are. */
export interface WrittenTags {
  /** 0 when there are none. */
  readonly bytes: number;
  readonly text: ByteString;
  /** Whether one of them begins with one of these texts, which hold no comma. */
  anyBeginsWith(beginnings: readonly ByteString[]): boolean;
  /** Copies the text into the memory of the core that it is for; its bytes. */
  copyTo(into: Buffer, at: number): number;
}

/** Those in a string. */
class TagText implements WrittenTags {
  readonly text: ByteString;

  constructor(text: ByteString) {
    this.text = text;
  }

  get bytes(): number {
    return this.text.length;
  }

  anyBeginsWith(beginnings: readonly ByteString[]): boolean {
    for (const beginning of beginnings) if (hasItem(this.text, beginning)) return true;
    return false;
  }

  copyTo(into: Buffer, at: number): number {
    return into.write(this.text, at, 'latin1');
  }
}

const NOTHING: WrittenTags = new TagText('');

export class Tags {
  static readonly NONE: Tags = new Tags(NOTHING, [], false);
  /** The first of them. */
  readonly written: WrittenTags;
  /** The others, in order. */
  readonly added: readonly ByteString[];
  /** Whether a tag that comes more than once counts at its first place alone. */
  readonly isDistinct: boolean;
  private made: readonly ByteString[] | undefined;
  private asked: readonly ByteString[] | undefined;
  private answer = false;

  private constructor(written: WrittenTags, added: readonly ByteString[], isDistinct: boolean) {
    this.written = written;
    this.added = added;
    this.isDistinct = isDistinct;
  }

  /** Those of a tag field (docs/protocol.md#metrics): an empty field has none. */
  static ofField(text: ByteString): Tags {
    return text === '' ? Tags.NONE : new Tags(new TagText(text), [], false);
  }

  /** The same of a field that is somewhere else. */
  static ofWritten(written: WrittenTags): Tags {
    return new Tags(written, [], false);
  }

  static of(list: readonly ByteString[]): Tags {
    return list.length === 0 ? Tags.NONE : new Tags(NOTHING, list, false);
  }

  /** One by one, in order. */
  get list(): readonly ByteString[] {
    if (this.made === undefined) {
      const all = this.written.bytes === 0 ? this.added : this.written.text.split(',').concat(this.added);
      this.made = this.isDistinct ? [...new Set(all)] : all;
    }
    return this.made;
  }

  get isEmpty(): boolean {
    return this.written.bytes === 0 && this.added.length === 0;
  }

  /** These and `others` behind them. */
  with(others: readonly ByteString[]): Tags {
    if (others.length === 0) return this;
    if (this.isDistinct) return new Tags(NOTHING, this.list.concat(others), false);
    return new Tags(this.written, this.added.concat(others), false);
  }

  /** These and behind them those of `others`, each once, that are not among them. */
  withMissing(others: readonly ByteString[]): Tags {
    if (others.length === 0) return this;
    if (this.isDistinct) return new Tags(this.written, this.added.concat(others), true);
    return this.with([...new Set(others)].filter((tag) => !this.list.includes(tag)));
  }

  /** Each once, at its first place. */
  distinct(): Tags {
    return this.isDistinct ? this : new Tags(this.written, this.added, true);
  }

  /** Whether one of them begins with one of these texts, which hold no comma. The last answer is remembered. */
  anyBeginsWith(beginnings: readonly ByteString[]): boolean {
    if (this.asked !== beginnings) {
      this.answer =
        (this.written.bytes > 0 && this.written.anyBeginsWith(beginnings)) ||
        (this.added.length > 0 && this.added.some((tag) => beginsWithAny(tag, beginnings)));
      this.asked = beginnings;
    }
    return this.answer;
  }
}

function beginsWithAny(tag: ByteString, beginnings: readonly ByteString[]): boolean {
  return beginnings.some((beginning) => tag.startsWith(beginning));
}

/** Whether an item of a text joined by commas begins with `beginning`. */
function hasItem(written: ByteString, beginning: ByteString): boolean {
  for (let at = written.indexOf(beginning); at >= 0; at = written.indexOf(beginning, at + 1))
    if (at === 0 || written.charCodeAt(at - 1) === COMMA) return true;
  return false;
}
