/**
 * Lines in the making, as bytes.
 *
 *   text, escaped, … ──▶ │ line │ line │ line (open) … │ ──keep, take──▶ UTF-8
 *                                       ▲ kept
 *
 * Memory  one buffer of `size` bytes, which grows for a line that is longer. Whoever took it may give it back.
 * UTF-8   byte strings go in as they are. What was taken is looked through once, where the native code needs a millisecond
 *         for 10 MB; bytes that are not UTF-8 become U+FFFD there.
 * Why     a line as a string lives until its batch is written: longer than two collections of the young generation, so
 *         that all of them were copied twice and then filled the old one (docs/decisions/memory-of-the-control-thread.md).
 */
import { isUtf8 } from 'node:buffer';
import { hasEscapes } from './json-escapes.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
/** Between two texts of a list. */
const SEPARATOR = '","';
/** Texts of fewer bytes are copied faster one by one than by the native code. */
const NATIVE_BYTES = 40;
/** A byte that JSON does not escape. */
const FILLER = 0x20;
const NO_WORDS = new Int32Array(0);

export class LineBytes {
  private readonly size: number;
  private buffer: Buffer | undefined;
  /** The same memory, four bytes at a time. */
  private words: Int32Array = NO_WORDS;
  /** One that was given back. */
  private spare: Buffer | undefined;
  private end = 0;
  private kept = 0;

  constructor(size: number) {
    this.size = size;
  }

  /** Bytes that are kept. */
  get length(): number {
    return this.kept;
  }

  /** Bytes since the last that were kept. */
  get openLength(): number {
    return this.end - this.kept;
  }

  /** Where the next byte goes. */
  get position(): number {
    return this.end;
  }

  /** Adds a short text of ASCII. */
  ascii(text: string): void {
    const { length } = text;
    const buffer = this.reserve(length);
    let at = this.end;
    for (let i = 0; i < length; i++) buffer[at++] = text.charCodeAt(i);
    this.end = at;
  }

  /** Adds a byte string, whose characters are bytes, as JSON has it between quotes. JSON escapes nothing but ASCII. */
  escaped(text: string): void {
    const { end: start } = this;
    const buffer = this.reserve(text.length);
    const end = copy(buffer, text, start);
    if (hasEscapes(buffer, this.words, start, end)) this.ascii(JSON.stringify(text).slice(1, -1));
    else this.end = end;
  }

  /** Adds byte strings as JSON has them in a list, without the first quote and the last. */
  escapedList(texts: readonly string[]): void {
    const { end: start } = this;
    let length = 0;
    for (let i = 0; i < texts.length; i++) length += (texts[i] as string).length + SEPARATOR.length;
    const buffer = this.reserve(length);
    let at = start;
    for (let i = 0; i < texts.length; i++) {
      at = copy(buffer, texts[i] as string, at);
      // Until all texts are looked through at once.
      for (const stop = at + SEPARATOR.length; at < stop; at++) buffer[at] = FILLER;
    }
    if (hasEscapes(buffer, this.words, start, at)) this.escapedOneByOne(texts);
    else this.separate(buffer, texts);
  }

  /** Adds once more the bytes [start, end) of the open line. */
  repeat(start: number, end: number): void {
    const buffer = this.reserve(end - start);
    buffer.copyWithin(this.end, start, end);
    this.end += end - start;
  }

  /** Adds ordinary text. */
  text(text: string): void {
    const start = this.end;
    const length = Buffer.byteLength(text);
    const buffer = this.reserve(length);
    buffer.write(text, start, length, 'utf8');
    this.end = start + length;
  }

  /** Keeps what was added since. */
  keep(): void {
    this.kept = this.end;
  }

  /** Forgets what was added since the last that was kept. */
  discard(): void {
    this.end = this.kept;
  }

  /** Takes what is kept, as UTF-8. */
  take(): Buffer {
    const { buffer, kept } = this;
    this.end = 0;
    this.kept = 0;
    if (buffer === undefined) return Buffer.alloc(0);
    const bytes = buffer.subarray(0, kept);
    const isValid = isUtf8(bytes);
    // What waits for long should not hold much more memory than it fills.
    if (isValid && kept >= buffer.length / 2) {
      this.use(undefined);
      return bytes;
    }
    return isValid ? Buffer.from(bytes) : Buffer.from(bytes.toString('utf8'));
  }

  /** Takes bytes back that nobody reads any more. */
  giveBack(bytes: Buffer): void {
    if (bytes.buffer.byteLength === this.size) this.spare = Buffer.from(bytes.buffer);
  }

  /** Lets go of the memory that is not in use. */
  trim(): void {
    this.spare = undefined;
    if (this.end === 0) this.use(undefined);
  }

  private escapedOneByOne(texts: readonly string[]): void {
    for (let i = 0; i < texts.length; i++) {
      if (i > 0) this.ascii(SEPARATOR);
      this.escaped(texts[i] as string);
    }
  }

  /** Between texts that are copied writes what belongs there. */
  private separate(buffer: Buffer, texts: readonly string[]): void {
    let at = this.end;
    for (let i = 0; i < texts.length; i++) {
      if (i > 0) {
        buffer[at] = QUOTE;
        buffer[at + 1] = COMMA;
        buffer[at + 2] = QUOTE;
        at += SEPARATOR.length;
      }
      at += (texts[i] as string).length;
    }
    this.end = at;
  }

  private use(buffer: Buffer | undefined): void {
    this.buffer = buffer;
    this.words = buffer === undefined ? NO_WORDS : new Int32Array(buffer.buffer, 0, buffer.length >> 2);
  }

  /** The buffer, with room for so many bytes more. */
  private reserve(bytes: number): Buffer {
    const end = this.end + bytes;
    const { buffer } = this;
    if (buffer !== undefined && end <= buffer.length) return buffer;
    if (buffer === undefined && end <= this.size) {
      const whole = this.spare ?? Buffer.allocUnsafeSlow(this.size);
      this.spare = undefined;
      this.use(whole);
      return whole;
    }
    const larger = Buffer.allocUnsafeSlow(Math.max(end, 2 * (buffer?.length ?? 0)));
    buffer?.copy(larger, 0, 0, this.end);
    this.use(larger);
    return larger;
  }
}

/** Copies a byte string; where it ends. */
function copy(buffer: Buffer, text: string, start: number): number {
  const { length } = text;
  if (length >= NATIVE_BYTES) buffer.write(text, start, length, 'latin1');
  else for (let i = 0; i < length; i++) buffer[start + i] = text.charCodeAt(i);
  return start + length;
}
