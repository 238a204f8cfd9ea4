/**
 * Points at a byte of a line on a terminal.
 *
 *   page.views:1x|c
 *              ^
 *
 * The caret stands under a column, not a byte: what comes before it may be wide, combined or escaped. Of a
 * long line only the neighbourhood is shown.
 */
import { widthOf } from '../../lib/text/terminal-text.ts';
import type { ByteString } from '../../model/text.ts';
import { show } from './words.ts';

/** Bytes shown on either side of the one pointed at. */
const CONTEXT_BYTES = 100;

/** Returns the line, or the part around byte `at`, and the spaces that lead to the column of that byte. */
export function pointAt(line: ByteString, at: number): { text: string; indent: string } {
  const start = at > 2 * CONTEXT_BYTES ? at - CONTEXT_BYTES : 0;
  const end = line.length - at > 2 * CONTEXT_BYTES ? at + CONTEXT_BYTES : line.length;
  const before = (start > 0 ? '…' : '') + show(line.slice(start, at));
  const after = show(line.slice(at, end)) + (end < line.length ? '…' : '');
  return { text: before + after, indent: ' '.repeat(widthOf(before)) };
}
