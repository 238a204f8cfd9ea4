/**
 * Prints messages as they arrive, for someone who watches what a client sends.
 *
 *   ▸ page.views:1|c|#env:prod
 *
 * Limits  linesPerSecond lines in each second; the rest is counted, and the count is printed when the
 *         second is over. Lines are shortened to the terminal's width.
 * Safety  text from the network is escaped before it reaches the terminal.
 */
import { type Paint, painter, wantsColour } from '../lib/text/paint.ts';
import { elide } from '../lib/text/terminal-text.ts';
import type { ByteString } from '../model/text.ts';
import type { ConsoleStream } from './console/console.ts';
import { toSafeText } from './safe-text.ts';

const LINES_PER_SECOND_DEFAULT = 50;
const COLUMNS_WITHOUT_TERMINAL = 1000;
// name:value|type|rest
const METRIC = /^([^:|]+):([^|]*)\|([^|]*)(.*)$/s;

export interface EchoOptions {
  readonly stream: ConsoleStream;
  readonly linesPerSecond?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export class EchoPrinter {
  private readonly stream: ConsoleStream;
  private readonly linesPerSecond: number;
  private readonly paint: Paint;
  private printed = 0;
  private leftOut = 0;
  /** Runs while a second is under way. */
  private second: NodeJS.Timeout | undefined;

  constructor(options: EchoOptions) {
    this.stream = options.stream;
    this.linesPerSecond = options.linesPerSecond ?? LINES_PER_SECOND_DEFAULT;
    this.paint = painter(wantsColour(options.stream.isTTY === true, options.env));
  }

  /** Prints messages. `leftOut` more arrived that the caller already left out. */
  accept(lines: readonly ByteString[], leftOut: number): void {
    if (this.second === undefined && lines.length + leftOut > 0) {
      this.second = setTimeout(() => this.endSecond(), 1000).unref();
    }
    const room = Math.min(lines.length, this.linesPerSecond - this.printed);
    let text = '';
    for (let i = 0; i < room; i++) text += `${this.format(lines[i] as ByteString)}\n`;
    if (text !== '') this.stream.write(text);
    this.printed += room;
    this.leftOut += lines.length - room + leftOut;
  }

  /** Prints how many were left out so far and stops the clock. */
  close(): void {
    clearTimeout(this.second);
    this.endSecond();
  }

  private endSecond(): void {
    if (this.leftOut > 0) this.stream.write(`${this.paint('dim', `… ${this.leftOut} more not shown`)}\n`);
    this.printed = 0;
    this.leftOut = 0;
    this.second = undefined;
  }

  private format(line: ByteString): string {
    const columns = this.stream.isTTY === true ? (this.stream.columns ?? 100) - 3 : COLUMNS_WITHOUT_TERMINAL;
    const text = elide(toSafeText(line), columns);
    const paint = this.paint;
    const parts = METRIC.exec(text);
    if (parts === null || text.startsWith('_e{')) return `${paint('dim', '▸')} ${text}`;
    const [, name = '', value = '', type = '', rest = ''] = parts;
    const metric = `${paint('bold', name)}:${paint('cyan', value)}|${paint('yellow', type)}`;
    return `${paint('dim', '▸')} ${metric}${rest === '' ? '' : paint('dim', rest)}`;
  }
}
