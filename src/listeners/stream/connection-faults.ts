/**
 * What is wrong with one connection, and its words: counted each time, said in the log once.
 *
 *   fail(), endsWithin()      what ends it
 *   lineTooLong()             a line that is left out
 *   frameTooLong(), noFrame() a frame that is not taken; the log quotes its start, which may come with the next chunk only
 */
import type { ConnectionProblem, ConnectionReport } from '../../model/connection.ts';
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';
import type { StreamCounter } from '../../telemetry/counters/stream-counters.ts';
import type { Leftover } from './framing.ts';

/** Bytes of a frame that is too long which the log quotes. */
const QUOTE_BYTES = 64;

type Report = Omit<ConnectionReport, 'leftOut'>;

/** A frame that is not taken, until it is reported. */
interface TooLong {
  readonly problem: 'frame_too_long' | 'frame_impossible';
  readonly counter: 'framesTooLong' | 'framesImpossible';
  readonly detail: string;
}

export interface ConnectionFaultsOptions {
  readonly counters: ShardCounters;
  /** Whether frames that are too long are quoted. */
  readonly quotes: boolean;
  /** What every report says of the connection. */
  readonly about: Pick<Report, 'connection' | 'listener' | 'peer'>;
  readonly report: (report: Report) => void;
  /** Ends the connection: what comes on it cannot be frames. */
  readonly end: () => void;
}

export class ConnectionFaults {
  private readonly options: ConnectionFaultsOptions;
  private hasReported = false;
  private _last: string | null = null;
  /** A frame is too long and nothing of it has come yet that could be quoted. */
  private quoteOf: TooLong | undefined;

  constructor(options: ConnectionFaultsOptions) {
    this.options = options;
  }

  /** The last one in words; null when there was none. */
  get last(): string | null {
    return this._last;
  }

  /** Whether something is to be said with the start of what comes next. */
  get wantsQuote(): boolean {
    return this.quoteOf !== undefined;
  }

  count(counter: StreamCounter): void {
    this.options.counters.add(counter);
  }

  /** Counts it, and says it if this is the first thing to be said of this connection. */
  fail(problem: ConnectionProblem, counter: StreamCounter, detail: string): void {
    this.count(counter);
    this.say(problem, detail);
  }

  lineTooLong(limit: number): void {
    this.fail('line_too_long', 'linesTooLong', `a line is longer than ${limit} bytes; it is left out`);
  }

  /** `start` is what has come of it, without its length. */
  frameTooLong(length: number, limit: number, start: Uint8Array): void {
    const detail = `a frame of ${length} bytes, at most ${limit} are taken; it is skipped`;
    this.tooLong({ problem: 'frame_too_long', counter: 'framesTooLong', detail }, start);
  }

  /** Ends the connection. `start` is what has come behind what cannot be a length. */
  noFrame(length: number, start: Uint8Array): void {
    const detail = `no frame is ${length} bytes long, so these are no frames; the connection ends`;
    this.tooLong({ problem: 'frame_impossible', counter: 'framesImpossible', detail }, start);
  }

  /** The connection has ended, by its client or not, and left this. */
  endsWithin(leftover: Leftover, isByClient: boolean): void {
    switch (leftover) {
      case 'cut_header':
        this.fail('cut_header', 'framesCut', 'it ended within the length of a frame');
        break;
      case 'cut_payload':
        this.fail('cut_payload', 'framesCut', 'it ended within a frame');
        break;
      case 'unterminated':
        if (isByClient) {
          const detail = 'it ended within a line, and a newline is required';
          this.fail('unterminated', 'linesUnterminated', detail);
        } else this.fail('cut_line', 'linesCut', 'it ended within a line, and not by its client');
        break;
      case 'nothing':
        break;
    }
  }

  /** Counts it now; says it when there is something to quote, if it is to be quoted. */
  private tooLong(what: TooLong, start: Uint8Array): void {
    this.count(what.counter);
    if (this.options.quotes && start.length === 0) this.quoteOf = what;
    else this.sayTooLong(what, start);
  }

  /** What has come next, or nothing at the end. */
  quote(start: Uint8Array): void {
    if (this.quoteOf !== undefined) this.sayTooLong(this.quoteOf, start);
  }

  private sayTooLong(what: TooLong, start: Uint8Array): void {
    this.quoteOf = undefined;
    this.say(what.problem, what.detail, this.options.quotes ? quoted(start) : undefined);
    if (what.problem === 'frame_impossible') this.options.end();
  }

  private say(problem: ConnectionProblem, detail: string, quote?: string): void {
    this._last = detail;
    if (this.hasReported) return;
    this.hasReported = true;
    this.options.report({
      ...{ problem, detail, ...this.options.about },
      ...(quote === undefined ? {} : { quote }),
    });
  }
}

function quoted(start: Uint8Array): string {
  return Buffer.from(start.subarray(0, QUOTE_BYTES)).toString('latin1');
}
