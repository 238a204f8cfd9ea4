/**
 * A full screen that is drawn in place: only cells that changed are written, in one write, between the marks of a
 * synchronized update, which terminals that do not know them ignore. So nothing flickers over SSH and in tmux.
 *
 *   lines of spans ─▶ cells ─▶ difference to what is shown ─▶ one write
 *
 * Text has been escaped before it comes here (lib/terminal-text.ts); a wide character takes two cells.
 */
import { escapeControls, widthOf } from '../../lib/text/terminal-text.ts';

export type Style = 'plain' | 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'accent' | 'reverse';

export interface Span {
  readonly text: string;
  readonly style: Style;
}

export type Line = readonly Span[];

/** One place on the screen; `char` is empty for the second half of a wide character. */
interface Cell {
  readonly char: string;
  readonly style: Style;
}

const SGR: Readonly<Record<Style, string>> = {
  ...{
    plain: '0',
    bold: '0;1',
    dim: '0;2',
    red: '0;31',
    yellow: '0;33',
    green: '0;32',
    accent: '0;36',
    reverse: '0;7',
  },
};
const BLANK: Cell = { char: ' ', style: 'plain' };
const BEGIN_UPDATE = '\x1b[?2026h';
const END_UPDATE = '\x1b[?2026l';
/** Alternate screen, no cursor, no wrapping at the right edge. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J';
const LEAVE = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';

export function span(text: string, style: Style = 'plain'): Span {
  return { text, style };
}

export class Screen {
  private readonly write: (text: string) => void;
  private readonly colour: boolean;
  private shown: Cell[][] = [];
  private columns = 0;
  private isOpen = false;

  /** Without `colour` only bold, dim and reverse are left away too: signs carry the meaning. */
  constructor(write: (text: string) => void, colour: boolean) {
    this.write = write;
    this.colour = colour;
  }

  enter(): void {
    this.isOpen = true;
    this.shown = [];
    this.write(ENTER);
  }

  leave(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.write(LEAVE);
  }

  draw(lines: readonly Line[], columns: number, rows: number): void {
    if (!this.isOpen) return;
    const wanted = Array.from({ length: rows }, (_, i) => cellsOf(lines[i] ?? [], columns));
    const isNew = columns !== this.columns || rows !== this.shown.length;
    let output = isNew ? '\x1b[0m\x1b[2J' : '';
    wanted.forEach((row, y) => {
      const before = isNew ? [] : (this.shown[y] ?? []);
      output += this.difference(row, before, y);
    });
    this.shown = wanted;
    this.columns = columns;
    if (output !== '') this.write(`${BEGIN_UPDATE}${output}${END_UPDATE}`);
  }

  private difference(row: readonly Cell[], before: readonly Cell[], y: number): string {
    let output = '';
    let style: Style | undefined;
    let at = -1;
    row.forEach((cell, x) => {
      const old = before[x] ?? BLANK;
      if (cell.char === old.char && cell.style === old.style) return;
      // Half a wide character cannot be written; its first half is different too or the same as before.
      if (cell.char === '') return;
      if (at !== x) output += `\x1b[${y + 1};${x + 1}H`;
      if (this.colour && cell.style !== style) output += `\x1b[${SGR[cell.style]}m`;
      style = cell.style;
      output += cell.char;
      at = x + widthOf(cell.char);
    });
    return output === '' || !this.colour ? output : `${output}\x1b[0m`;
  }
}

/** A line as cells, cut or filled to `columns`. */
export function cellsOf(line: Line, columns: number): Cell[] {
  const cells: Cell[] = [];
  for (const { text, style } of line) {
    for (const char of escapeControls(text)) {
      const width = widthOf(char);
      if (width === 0) {
        const last = cells.at(-1);
        if (last !== undefined) cells[cells.length - 1] = { ...last, char: last.char + char };
        continue;
      }
      if (cells.length + width > columns) return filled(cells, columns);
      cells.push({ char, style });
      if (width === 2) cells.push({ char: '', style });
    }
  }
  return filled(cells, columns);
}

/** The line as text, for tests and for terminals that cannot be drawn on. */
export function textOf(line: Line): string {
  return line.map(({ text }) => text).join('');
}

function filled(cells: Cell[], columns: number): Cell[] {
  while (cells.length < columns) cells.push(BLANK);
  return cells;
}
