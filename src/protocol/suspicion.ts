/**
 * Events and checks that parse and are most likely not what their sender meant.
 *
 *   _e{5,4}:título|text     the title has 6 bytes, and its length says 5: characters were counted
 *        ^ ends between two characters, where no bar is
 *   _sc|db|0|m:a|b          the message was cut at its bar, which should not be in it
 *
 * Nothing is changed about them: an Agent reads them the same way. They are counted and said (docs/clients.md).
 */

import { type ByteString, toText } from '../model/text.ts';
import type { Suspicion } from '../model/views/suspicion.ts';

const BAR = 0x7c;

/** Whether the lengths of an event end where no bar is: in the middle of its title or text. */
export function isOddLength(line: ByteString, titleEnd: number, textEnd: number): boolean {
  if (line.charCodeAt(titleEnd) !== BAR) return true;
  return textEnd < line.length && line.charCodeAt(textEnd) !== BAR;
}

/** In words, for the person who looks at the line. */
export function describeSuspicion(line: ByteString, suspicion: Suspicion): string {
  if (suspicion === 'check_message')
    return 'the message ends at its first "|"; what follows was read as fields: escape or remove bars in messages';
  const bytes = lengthsInBytes(line);
  return bytes === undefined
    ? 'a length ends between two characters, where there is no "|": lengths count bytes of UTF-8'
    : `the lengths count characters; in bytes they are ${bytes.title} and ${bytes.text}`;
}

/** The lengths the header should have had, when what it has are numbers of characters or of UTF-16 units. */
export function lengthsInBytes(
  line: ByteString,
): { readonly title: number; readonly text: number } | undefined {
  const [header, titleLength = '', textLength = ''] = /^_e\{(\d{1,6}),(\d{1,6})\}:/.exec(line) ?? [];
  if (header === undefined) return undefined;
  const rest = toText(line.slice(header.length));
  for (const units of [[...rest], rest.split('')]) {
    const textStart = Number(titleLength) + 1;
    const textEnd = textStart + Number(textLength);
    if (units[textStart - 1] !== '|' || textEnd > units.length) continue;
    if (textEnd < units.length && units[textEnd] !== '|') continue;
    return {
      title: Buffer.byteLength(units.slice(0, textStart - 1).join('')),
      text: Buffer.byteLength(units.slice(textStart, textEnd).join('')),
    };
  }
  return undefined;
}
