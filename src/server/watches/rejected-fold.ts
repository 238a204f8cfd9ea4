/**
 * Rejected lines for the person at the terminal: one line a second and reason, with how many there were and the last one.
 *
 *   12:04:21 rejected 2, this is not a number (metric:value): page.views:1,5|c
 *
 * Elsewhere every sample is a line of the log (log-rejected.ts).
 */

import { describeRejection } from '../../inspect/explain/words.ts';
import { elide } from '../../lib/text/terminal-text.ts';
import type { Rejection } from '../../model/message.ts';
import type { RejectedLine } from '../../model/shard-message.ts';
import { type ConsoleStream, clockTime } from '../../outputs/console/console.ts';
import { toSafeText } from '../../outputs/safe-text.ts';
import type { RejectedTraffic } from '../../statistics/rejected-log.ts';

const FOLD_MS = 1000;
const COLUMNS_DEFAULT = 100;

export class RejectedFold {
  private readonly stream: ConsoleStream;
  private readonly rows: () => readonly RejectedTraffic[];
  private readonly lines = new Map<string, RejectedLine>();
  private readonly told = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  /** `rows` tells how many lines of each reason there were. */
  constructor(stream: ConsoleStream, rows: () => readonly RejectedTraffic[]) {
    this.stream = stream;
    this.rows = rows;
  }

  add(line: RejectedLine): void {
    this.lines.set(`${line.messageType}:${line.error}`, line);
    this.timer ??= setTimeout(() => this.tell(), FOLD_MS).unref();
  }

  /** Prints what came since the last time. */
  tell(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const { reason, count } of this.rows()) {
      const before = this.told.get(reason) ?? 0;
      if (count <= before) continue;
      this.told.set(reason, count);
      this.print(reason, count - before, this.lines.get(reason));
    }
    this.lines.clear();
  }

  private print(reason: string, count: number, last: RejectedLine | undefined): void {
    const [messageType, error] = reason.split(':');
    const words = describeRejection({ kind: 'error', messageType, error, at: 0 } as Rejection);
    const sample = last === undefined ? '' : `: ${toSafeText(last.line)}`;
    const text = `${clockTime(Date.now() / 1000)} rejected ${count}, ${words} (${reason})${sample}`;
    this.stream.write(`${elide(text, (this.stream.columns ?? COLUMNS_DEFAULT) - 1)}\n`);
  }
}
