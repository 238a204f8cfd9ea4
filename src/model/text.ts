/**
 * Text as it travels on the wire.
 *
 * DogStatsD text is bytes: nothing validates UTF-8 (docs/protocol.md). Inside the server a text is a
 * string with one character per byte (latin1), so no byte is ever lost and comparisons are byte
 * comparisons. Only outputs and people see decoded text.
 */

/** A string whose characters are bytes, 0 to 255. */
export type ByteString = string;

/** A text where it lies: bytes [start, end) of a memory. Borrowed: valid until the next call of whoever gave it. */
export interface TextRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** The same text as bytes of its own. */
export function toRange(text: ByteString): TextRange {
  const bytes = Buffer.from(text, 'latin1');
  return { bytes, start: 0, end: bytes.length };
}

/** The text that lies there. */
export function textAt({ bytes, start, end }: TextRange): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

/** Decodes wire bytes for people and outputs; bytes that are not UTF-8 come out as U+FFFD. */
export function toText(bytes: ByteString): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Encodes ordinary text, for example from a configuration file, as wire bytes. */
export function toByteString(text: string): ByteString {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** A copy of its own: a part of a string keeps the whole string in memory. */
export function detachText(text: ByteString): ByteString {
  return Buffer.from(text, 'latin1').toString('latin1');
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}
