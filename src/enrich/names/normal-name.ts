/**
 * A metric name as the name filter compares it, and as the intake will store it: both the entry of a list and the name are
 * brought into this form first, so `my-app.errors` in a list hits the name `my-app.errors` and `my_app.errors` alike. What is sent stays as it came.
 *
 *   __9my-app._errors_  ─▶  my_app.errors
 *
 * By bytes: what is before the first ASCII letter goes; letters, with their case, and digits stay; a period stays and replaces an underscore
 * before it; any other byte becomes one underscore, none after a period or an underscore; an underscore at the end goes.
 */
import type { ByteString } from '../../model/text.ts';

/** The intake refuses longer names, so no filter hits them. */
const NAME_BYTES_MAX = 350;
const PERIOD = 46;
const UNDERSCORE = 95;

/** Undefined when no name can be equal: there is no letter in it, or too many bytes. */
export function normalName(name: ByteString): ByteString | undefined {
  return name.length > NAME_BYTES_MAX ? undefined : normalise(name, false);
}

/** The same for what names begin with: an underscore at its end stays, and no letter is needed where there is nothing at all. */
export function normalPrefix(prefix: ByteString): ByteString | undefined {
  return prefix === '' ? '' : normalise(prefix, true);
}

function normalise(name: ByteString, isPrefix: boolean): ByteString | undefined {
  let start = 0;
  while (start < name.length && !isLetter(name.charCodeAt(start))) start++;
  if (start === name.length) return undefined;
  let out = '';
  let last = 0;
  // What stays as it is is copied in one piece.
  let copied = start;
  for (let at = start; at < name.length; at++) {
    const byte = name.charCodeAt(at);
    if (isLetter(byte) || isDigit(byte) || (byte === PERIOD && last !== UNDERSCORE)) {
      last = byte;
      continue;
    }
    out += name.slice(copied, at);
    copied = at + 1;
    if (byte === PERIOD) {
      out = `${out.slice(0, -1)}.`;
      last = PERIOD;
    } else if (last !== PERIOD && last !== UNDERSCORE) {
      out += '_';
      last = UNDERSCORE;
    }
  }
  out += name.slice(copied);
  return last === UNDERSCORE && !isPrefix ? out.slice(0, -1) : out;
}

function isLetter(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90);
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}
