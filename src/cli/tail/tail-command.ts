/**
 * `whippet tail`: lines as they arrive at a running server, one a line; on a terminal in colour, rejected ones with a
 * caret under the trouble.
 */
import { once } from 'node:events';
import { type Colour, painter, wantsColour } from '../../lib/text/paint.ts';
import { escapeControls, widthOf } from '../../lib/text/terminal-text.ts';
import type { TailBatch, TailLine } from '../../model/live/line-views.ts';
import { askJson, type ServerChoice, serverOf } from '../ask-server.ts';
import { readEvents } from '../top/event-reader.ts';
import type { Style } from '../top/screen.ts';
import { tailLine } from '../top/tail-line.ts';

export interface TailOptions extends ServerChoice {
  readonly outcome?: string;
  readonly type?: string;
  readonly name?: string;
  readonly tag?: string;
  readonly origin?: string;
  readonly count?: string;
  readonly json?: boolean;
  readonly ascii?: boolean;
}

/** The command was called wrongly; the message says how. */
export class TailUsageError extends Error {}

/** What the command needs of the process; memory in tests. */
export interface TailSurroundings {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
}

const COLOURS: Partial<Readonly<Record<Style, Colour>>> = {
  ...{ bold: 'bold', dim: 'dim', red: 'red', yellow: 'yellow', green: 'green', accent: 'cyan' },
};

/** Resolves when it has shown as many lines as were asked for, or the reader of its output has gone. */
export async function tailCommand(
  filter: string | undefined,
  options: TailOptions,
  around: TailSurroundings = process,
): Promise<void> {
  const { stdout, stderr, env } = around;
  const wanted = options.count === undefined ? Number.POSITIVE_INFINITY : Number(options.count);
  if (!(wanted >= 1))
    throw new TailUsageError(`--count is a whole number, at least 1; it is "${options.count}"`);
  const server = await serverOf(options, env);
  // Nobody waits for a server that was never there.
  await askJson(server, '/api/status');
  const query = new URLSearchParams({ search: filter ?? '' });
  for (const name of ['outcome', 'type', 'name', 'tag', 'origin'] as const) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  const print = printerFor(options, around);
  let shown = 0;
  const gone = once(stdout, 'error').then(() => undefined);
  await Promise.race([
    gone,
    new Promise<void>((resolve) => {
      const stop = readEvents(server, `/api/messages?${query}`, {
        onEvent: (event, data) => {
          if (event !== 'messages') return;
          const { messages, leftOut } = data as TailBatch;
          for (const message of messages) {
            if (shown++ < wanted) print(message);
          }
          if (leftOut > 0) stderr.write(`whippet: ${leftOut} lines left out\n`);
          if (shown < wanted) return;
          stop();
          resolve();
        },
        onLost: (why, retryAt) => {
          const seconds = Math.ceil((retryAt - Date.now()) / 1000);
          stderr.write(`whippet: ${why}; trying again in ${seconds} s\n`);
        },
      });
    }),
  ]);
}

function printerFor(
  { json, ascii }: TailOptions,
  { stdout, env }: TailSurroundings,
): (line: TailLine) => void {
  if (json === true) return (line) => void stdout.write(`${JSON.stringify(line)}\n`);
  const paint = painter(wantsColour(stdout.isTTY === true, env));
  const painted = (text: string, style: Style): string => {
    const colour = COLOURS[style];
    return colour === undefined ? text : paint(colour, text);
  };
  return (line) => {
    const spans = tailLine(line, ascii === true);
    const texts = spans.map(({ text, style }) => painted(escapeControls(text), style));
    stdout.write(
      `${texts.join('').trimEnd()}\n${caretUnder(
        line,
        spans
          .slice(0, 3)
          .map(({ text }) => text)
          .join(''),
      )}`,
    );
  };
}

/** A line with a caret under the trouble of a rejected line; empty for every other. */
export function caretUnder({ caret, line, corrected }: TailLine, before: string): string {
  if (caret === null) return '';
  const indent = widthOf(before) + widthOf(escapeControls(line.slice(0, caret)));
  const fix = corrected === null ? '' : `  ${escapeControls(corrected.line)}`;
  return `${' '.repeat(indent)}^${fix}\n`;
}
