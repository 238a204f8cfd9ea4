/**
 * Output `console`: what each flush contained, for the person who started the server.
 *
 *   on a terminal    a heading and a table that fits one screen: the busiest rows first, equal ones by name
 *   anywhere else    one line per flush, through writeLine: flush 12:00:10 contexts=3 series=7 idle=1
 *
 * Events and service checks print one line each, at most NOTICES_MAX between two flushes.
 *
 * Memory  maxRows aggregates between begin() and end(); the rest is only counted. Idle counters (a total of
 *         zero, usually a zero fill) are counted and not shown.
 * Quiet   a terminal hears once that nothing arrives, then nothing until something does.
 * Safety  text from the network is escaped before it reaches the terminal.
 */

import { compareNatural } from '../../lib/text/natural-order.ts';
import { type Paint, painter, wantsColour } from '../../lib/text/paint.ts';
import { formatCount } from '../../lib/text/short-number.ts';
import { elide } from '../../lib/text/terminal-text.ts';
import type { EventMessage, ServiceCheckMessage } from '../../model/message.ts';
import type { Aggregate } from '../../model/series.ts';
import type { ByteString } from '../../model/text.ts';
import type { DeliveryReport, FlushInfo, Output } from '../output.ts';
import { toSafeText } from '../safe-text.ts';
import { isIdle, rateOf, toRow } from './console-row.ts';
import { layOut } from './console-table.ts';

const COLUMNS_DEFAULT = 100;
const ROWS_DEFAULT = 40;
const NOTICES_MAX = 20;
/** How long an event or a check may be where there is no terminal. */
const NOTICE_COLUMNS = 500;
/** Lines of a table that are no rows of it: an empty one, two headings, how many more there are. */
const FRAME_ROWS = 4;
const CHECK_STATUSES = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;

/** The part of a terminal or other stream that is needed. */
export interface ConsoleStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface ConsoleOptions {
  readonly stream: ConsoleStream;
  /** Takes lines without line feed when the stream is not a terminal, for example into the log. */
  writeLine(line: string): void;
  readonly maxRows?: number;
  /** Where to see all rows, when some are left out. */
  readonly seeAll?: string;
  /** Samples accepted since the start; shown as the number per flush. */
  samples?(): number;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

interface Candidate {
  readonly rate: number;
  readonly aggregate: Aggregate;
}

/** Below 0 when `a` comes first: the busiest, then by name, tags, type and bucket. */
function compare(a: Candidate, b: Candidate): number {
  if (a.rate !== b.rate) return b.rate - a.rate;
  const [x, y] = [a.aggregate, b.aggregate];
  return (
    compareNatural(x.context.name, y.context.name) ||
    compareNatural([...x.context.tags].sort().join(' '), [...y.context.tags].sort().join(' ')) ||
    compareNatural(x.context.type, y.context.type) ||
    x.timestamp - y.timestamp
  );
}

export class ConsoleOutput implements Output {
  readonly name = 'console';
  readonly retentionSeconds = 0;
  private readonly options: ConsoleOptions;
  private readonly maxRows: number;
  private readonly isTerminal: boolean;
  private readonly paint: Paint;
  // What the flush under way brought.
  private candidates: Candidate[] = [];
  private contexts = 0;
  private series = 0;
  private idle = 0;
  private idleSeries = 0;
  private firstBucket = Number.POSITIVE_INFINITY;
  private lastBucketEnd = Number.NEGATIVE_INFINITY;
  private samplesBefore = 0;
  // What came between flushes.
  private notices = 0;
  private saidQuiet = false;

  constructor(options: ConsoleOptions) {
    this.options = options;
    this.maxRows = options.maxRows ?? ROWS_DEFAULT;
    this.isTerminal = options.stream.isTTY === true;
    this.paint = painter(this.isTerminal && wantsColour(true, options.env));
  }

  begin(): void {
    this.candidates = [];
    this.contexts = 0;
    this.series = 0;
    this.idle = 0;
    this.idleSeries = 0;
    this.firstBucket = Number.POSITIVE_INFINITY;
    this.lastBucketEnd = Number.NEGATIVE_INFINITY;
  }

  write(batch: readonly Aggregate[]): void {
    for (const aggregate of batch) {
      this.contexts++;
      this.series += aggregate.series.length;
      if (aggregate.data.kind !== 'timestamped') {
        this.firstBucket = Math.min(this.firstBucket, aggregate.timestamp);
        this.lastBucketEnd = Math.max(this.lastBucketEnd, aggregate.timestamp + aggregate.interval);
      }
      if (isIdle(aggregate)) {
        this.idle++;
        this.idleSeries += aggregate.series.length;
      } else if (this.isTerminal) this.consider(aggregate);
    }
  }

  end(flush: FlushInfo): void {
    const samplesNow = this.options.samples?.();
    const samples = samplesNow === undefined ? undefined : samplesNow - this.samplesBefore;
    this.samplesBefore = samplesNow ?? 0;
    this.tellLeftOutNotices();
    if (this.isTerminal) this.printTable(flush, samples);
    else this.printLine(flush, samples);
    this.candidates = [];
  }

  event(event: EventMessage, receivedAt: number): void {
    const title = toSafeText(event.title);
    const text = toSafeText(event.text);
    const alert = event.alertType === 'error' ? this.paint('red', event.alertType) : event.alertType;
    this.notice('event', receivedAt, alert, text === '' ? title : `${title}: ${text}`, event.tags);
  }

  serviceCheck(check: ServiceCheckMessage, receivedAt: number): void {
    const status = CHECK_STATUSES[check.status];
    const shown = this.paint(check.status === 0 ? 'green' : check.status === 2 ? 'red' : 'yellow', status);
    const message = toSafeText(check.message);
    const name = toSafeText(check.name);
    this.notice('check', receivedAt, shown, message === '' ? name : `${name}: ${message}`, check.tags);
  }

  async close(): Promise<DeliveryReport> {
    this.tellLeftOutNotices();
    return { undelivered: 0 };
  }

  /** Keeps the aggregate if it belongs to the first rows in order. */
  private consider(aggregate: Aggregate): void {
    const candidates = this.candidates;
    const last = candidates.at(-1);
    const isFull = candidates.length >= this.maxRows;
    const candidate = { rate: rateOf(aggregate), aggregate };
    // Most of a large flush ends here.
    if (isFull && (last === undefined || compare(candidate, last) >= 0)) return;
    let at = candidates.length;
    while (at > 0 && compare(candidates[at - 1] as Candidate, candidate) > 0) at--;
    candidates.splice(at, 0, candidate);
    if (candidates.length > this.maxRows) candidates.pop();
  }

  /** One screen: what the terminal has less the heading, what is left out, and a free line. */
  private get rowsThatFit(): number {
    const { rows } = this.options.stream;
    return rows === undefined ? this.maxRows : Math.max(1, Math.min(this.maxRows, rows - FRAME_ROWS));
  }

  /** How wide a line may be on the terminal. One column stays free: a full line makes some terminals wrap. */
  private get columns(): number {
    return (this.options.stream.columns ?? COLUMNS_DEFAULT) - 1;
  }

  private printTable(flush: FlushInfo, samples: number | undefined): void {
    const { columns } = this;
    const active = this.contexts - this.idle;
    if (active === 0) {
      if (this.saidQuiet) return;
      this.saidQuiet = true;
      const idle = this.idle > 0 ? `; ${count(this.idle, 'counter')} idle` : '';
      const waiting = `${clockTime(flush.at)}  no new metrics${idle}; waiting`;
      this.print(this.paint('dim', elide(waiting, columns)));
      return;
    }
    this.saidQuiet = false;
    const stats = [count(active, 'context'), `${formatCount(this.series - this.idleSeries)} series`];
    if (samples !== undefined) stats.unshift(count(samples, 'sample'));
    if (this.idle > 0) stats.push(count(this.idle, 'idle counter'));
    const times = this.bucketTimes(flush);
    const said = elide(stats.join(', '), Math.max(0, columns - times.length - 2));
    const heading = `${this.paint('bold', times)}  ${this.paint('dim', said)}`;
    const rows = this.candidates.slice(0, this.rowsThatFit).map(({ aggregate }) => toRow(aggregate));
    const lines = ['', heading, ...(rows.length > 0 ? layOut(rows, columns, this.paint) : [])];
    const leftOut = active - rows.length;
    const { seeAll } = this.options;
    const more = `        ${formatCount(leftOut)} more${seeAll === undefined ? '' : `: ${seeAll}`}`;
    if (leftOut > 0) lines.push(this.paint('dim', elide(more, columns)));
    this.print(lines.join('\n'));
  }

  private printLine(flush: FlushInfo, samples: number | undefined): void {
    const parts = [`flush ${clockTime(flush.at)}`, `contexts=${this.contexts}`, `series=${this.series}`];
    if (samples !== undefined) parts.push(`samples=${samples}`);
    if (this.idle > 0) parts.push(`idle=${this.idle}`);
    this.options.writeLine(parts.join(' '));
  }

  private bucketTimes(flush: FlushInfo): string {
    if (this.firstBucket > this.lastBucketEnd) return clockTime(flush.at);
    return `${clockTime(this.firstBucket)} to ${clockTime(this.lastBucketEnd)}`;
  }

  private notice(kind: string, at: number, state: string, text: string, tags: readonly ByteString[]): void {
    if (++this.notices > NOTICES_MAX) return;
    const columns = this.isTerminal ? this.columns : NOTICE_COLUMNS;
    const before = `${kind} ${clockTime(at)} `;
    const rest = tags.length === 0 ? text : `${text}  ${tags.map(toSafeText).join(' ')}`;
    // The state is at most eight columns wide.
    this.print(`${before}${state} ${elide(rest, Math.max(20, columns - before.length - 9))}`);
  }

  private tellLeftOutNotices(): void {
    const leftOut = this.notices - NOTICES_MAX;
    this.notices = 0;
    if (leftOut > 0) this.print(this.paint('dim', `… and ${leftOut} more events and checks`));
  }

  private print(text: string): void {
    if (this.isTerminal) this.options.stream.write(`${text}\n`);
    else this.options.writeLine(text);
  }
}

/** The time of day, local, of Unix seconds. */
export function clockTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

function count(amount: number, noun: string): string {
  return `${formatCount(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}
