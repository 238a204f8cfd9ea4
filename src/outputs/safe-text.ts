/**
 * Wire text for people.
 */
import { escapeControls } from '../lib/text/terminal-text.ts';
import { type ByteString, toText } from '../model/text.ts';

/** Decodes wire text and escapes what could drive a terminal. */
export function toSafeText(bytes: ByteString): string {
  return escapeControls(toText(bytes));
}
