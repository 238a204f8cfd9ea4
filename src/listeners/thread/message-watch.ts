/**
 * Picks the lines a listener thread shows to whoever watches messages (`/api/messages`): those that hold a text, at
 * most so many a second, and how many it left out.
 *
 * Costs nothing while nobody watches. While somebody does, lines are looked at until as many were found as are shown in a
 * second, where every line fits, and otherwise up to SEARCHED_MAX; packets beyond are not even read, and their lines count
 * as left out: the core knows how many there were. Who looks for rejected lines alone has each of these parsed, because
 * lines that are picked first and judged later would nearly all be good ones.
 */

import type { ByteString } from '../../model/text.ts';
import type { LineSearch } from '../../model/views/line-search.ts';

/** At a line of 3.6 KB in each packet, a hundredth of a second. */
export const SEARCHED_MAX = 10_000;
const LINE_BYTES_MAX = 1024;
/** How often lines are reported at most, ms. */
const REPORT_MS = 100;

export class MessageWatch {
  private readonly report: (lines: ByteString[], leftOut: number) => void;
  private readonly isRejected: (line: ByteString) => boolean;
  private searches: readonly LineSearch[] = [];
  /** Whether somebody takes any line. */
  private takesAll = false;
  private perSecond = 0;
  private lines: ByteString[] = [];
  private leftOut = 0;
  private second = 0;
  private shown = 0;
  private searched = 0;
  /** Lines looked at that the shard had not counted yet. */
  private ahead = 0;
  private linesBefore = 0;
  private reportedAt = 0;

  /** `isRejected` says whether a line cannot be understood. */
  constructor(
    report: (lines: ByteString[], leftOut: number) => void,
    isRejected: (line: ByteString) => boolean,
  ) {
    this.report = report;
    this.isRejected = isRejected;
  }

  get isOn(): boolean {
    return this.searches.length > 0;
  }

  /** Whether the next packet's lines are looked at. */
  get wantsMore(): boolean {
    return this.isOn && this.searched < this.searchedMax;
  }

  /** Shows lines that fit one of `searches`; none turn it off. `linesSoFar` is the shard's number of lines. */
  use(searches: readonly LineSearch[], perSecond: number, linesSoFar: number): void {
    this.searches = searches;
    this.perSecond = perSecond;
    this.takesAll = searches.some(({ parts, rejected }) => !rejected && parts.every((part) => part === ''));
    this.lines = [];
    this.leftOut = 0;
    this.ahead = 0;
    this.linesBefore = linesSoFar;
  }

  /** Takes the lines of a packet. */
  accept(packet: ByteString): void {
    for (const line of packet.split('\n')) {
      const text = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (text === '') continue;
      if (this.searched >= this.searchedMax) return;
      this.searched++;
      this.ahead++;
      if (!this.searches.some((search) => this.fits(text, search))) continue;
      if (this.shown >= this.perSecond) {
        this.leftOut++;
        continue;
      }
      this.shown++;
      this.lines.push(text.slice(0, LINE_BYTES_MAX));
    }
  }

  /** After a batch, at `now` in Unix seconds. `linesSoFar` is the shard's number of lines. */
  flush(linesSoFar: number, now: number): void {
    this.ahead -= linesSoFar - this.linesBefore;
    this.linesBefore = linesSoFar;
    if (this.ahead < 0) {
      this.leftOut -= this.ahead;
      this.ahead = 0;
    }
    const second = Math.floor(now);
    if (second !== this.second) {
      this.second = second;
      this.shown = 0;
      this.searched = 0;
    }
    if (this.lines.length === 0 && this.leftOut === 0) return;
    if (Math.abs(now - this.reportedAt) * 1000 < REPORT_MS) return;
    this.reportedAt = now;
    this.report(this.lines, this.leftOut);
    this.lines = [];
    this.leftOut = 0;
  }

  /** Where every line fits, those beyond the first of a second would only be counted, which the core does. */
  private get searchedMax(): number {
    return this.takesAll ? this.perSecond : SEARCHED_MAX;
  }

  private fits(line: ByteString, { parts, rejected }: LineSearch): boolean {
    return parts.every((part) => line.includes(part)) && (!rejected || this.isRejected(line));
  }
}
