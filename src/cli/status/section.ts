/**
 * A section of `whippet status`: one view of the server's API as lines for a terminal.
 *
 * A new section is one file and one line in status-command.ts. A view that the server does not have (an older one, or the
 * part is off) leaves its section out.
 */
import type { Paint } from '../../lib/text/paint.ts';

/** Columns a table may use. */
export const COLUMNS = 80;

export interface SectionContext {
  readonly paint: Paint;
  /** The same view as it was the last time, and how long ago that was; for rates. */
  readonly before: unknown;
  readonly seconds: number;
}

export interface StatusSection {
  /** `GET /api/<view>`, and its name among the answers. */
  readonly view: string;
  /** Where it is asked for, behind `/api/`, when that is not its name. */
  readonly path?: string;
  /** Lines without line feeds, at most COLUMNS wide; none to leave the section out. */
  render(answer: unknown, context: SectionContext): readonly string[];
}

/** A count in at most 9 columns: `1,234,567`, `12.35M`. */
export function formatCount(count: number): string {
  if (count < 10_000_000) return Math.round(count).toLocaleString('en-US');
  if (count < 1e9) return `${(count / 1e6).toFixed(2)}M`;
  if (count < 1e12) return `${(count / 1e9).toFixed(2)}G`;
  return `${(count / 1e12).toFixed(2)}T`;
}

/** `2 d 3 h`, `4 min 5 s`, `0.3 s`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const;
  const parts: string[] = [];
  let left = Math.round(seconds);
  for (const [name, size] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0 || parts.length > 0) parts.push(`${count} ${name}`);
  }
  return parts.slice(0, 2).join(' ');
}

/** Breaks text at spaces into lines of at most `columns`, each behind `indent`. */
export function wrap(text: string, columns: number, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > columns) {
      lines.push(indent + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, indent + line];
}
