/**
 * Picks the lines a listener thread shows for `--echo`: at most so many a second, and how many it left out.
 *
 * Costs nothing to the packets it leaves out but counting them: the core knows the number of lines.
 */
import type { ByteString } from '../../model/text.ts';

const LINE_BYTES_MAX = 512;

export class EchoSampler {
  private readonly perSecond: number;
  private readonly report: (lines: ByteString[], leftOut: number) => void;
  private lines: ByteString[] = [];
  private second = 0;
  private left: number;
  private linesBefore = 0;

  constructor(perSecond: number, report: (lines: ByteString[], leftOut: number) => void) {
    this.perSecond = perSecond;
    this.left = perSecond;
    this.report = report;
  }

  /** Whether the next packet's lines may be shown. */
  get wantsMore(): boolean {
    return this.left > 0;
  }

  /** Takes the lines of a packet, as far as the second allows. */
  accept(packet: ByteString): void {
    for (const line of packet.split('\n')) {
      if (this.left === 0) return;
      const text = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (text === '') continue;
      this.lines.push(text.slice(0, LINE_BYTES_MAX));
      this.left--;
    }
  }

  /** After a batch: reports what was taken. `linesSoFar` is the shard's number of lines, `now` Unix seconds. */
  flush(linesSoFar: number, now: number): void {
    const second = Math.floor(now);
    const nextSecond = second !== this.second;
    if (this.lines.length > 0 || (nextSecond && linesSoFar > this.linesBefore)) {
      const leftOut = Math.max(linesSoFar - this.linesBefore - this.lines.length, 0);
      if (this.lines.length > 0 || leftOut > 0) this.report(this.lines, leftOut);
      this.lines = [];
      this.linesBefore = linesSoFar;
    }
    if (nextSecond) {
      this.second = second;
      this.left = this.perSecond;
    }
  }
}
