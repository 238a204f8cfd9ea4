/**
 * Picks the lines an intake thread shows to whoever watches messages (`/api/messages`): those that hold a text, at
 * most so many a second, and how many it left out.
 *
 * Costs nothing while nobody watches. While somebody does, every line is looked at, up to SEARCHED_MAX a second;
 * those beyond count as left out.
 */
import type { ByteString } from '../model/text.ts';

const SEARCHED_MAX = 20_000;
const LINE_BYTES_MAX = 1024;
/** How often lines are reported at most, ms. */
const REPORT_MS = 100;

export class MessageWatch {
  private readonly report: (lines: ByteString[], leftOut: number) => void;
  private searches: readonly ByteString[] = [];
  private perSecond = 0;
  private lines: ByteString[] = [];
  private leftOut = 0;
  private second = 0;
  private shown = 0;
  private searched = 0;
  private reportedAt = 0;

  constructor(report: (lines: ByteString[], leftOut: number) => void) {
    this.report = report;
  }

  get isOn(): boolean {
    return this.searches.length > 0;
  }

  /** Shows lines that hold one of `searches`, every line holding the empty text; none turn it off. */
  use(searches: readonly ByteString[], perSecond: number): void {
    this.searches = searches;
    this.perSecond = perSecond;
    this.lines = [];
    this.leftOut = 0;
  }

  /** Takes the lines of a packet. */
  take(packet: ByteString): void {
    for (const line of packet.split('\n')) {
      const text = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (text === '') continue;
      if (this.searched >= SEARCHED_MAX) {
        this.leftOut++;
        continue;
      }
      this.searched++;
      if (!this.searches.some((part) => text.includes(part))) continue;
      if (this.shown >= this.perSecond) {
        this.leftOut++;
        continue;
      }
      this.shown++;
      this.lines.push(text.slice(0, LINE_BYTES_MAX));
    }
  }

  /** After a batch, at `now` in Unix seconds. */
  flush(now: number): void {
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
}
