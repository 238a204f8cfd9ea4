/**
 * Rejected lines by reason: how many, since when, how fast, and the last ones that threads sampled.
 *
 * Limits  one entry a reason (there are about a dozen), LINES_MAX lines each, of the bytes that threads send.
 */
import type { ErrorTraffic, RejectedSample } from '../model/live/traffic-views.ts';
import { RateCells } from './rate-cells.ts';

const LINES_MAX = 64;

interface Reason {
  count: number;
  firstSeen: number;
  lastSeen: number;
  readonly cells: RateCells;
  /** The newest last. */
  readonly lines: RejectedSample[];
}

/** Without what it means, which others know. */
export type RejectedTraffic = Omit<ErrorTraffic, 'words' | 'remedy'>;

export class RejectedLog {
  private readonly reasons = new Map<string, Reason>();

  /** Lines of a reason since the start, as counted by all threads, at `now` in Unix seconds. */
  count(reason: string, total: number, now: number): void {
    const before = this.reasons.get(reason)?.count ?? 0;
    if (total <= before) return;
    const entry = this.entryOf(reason, now);
    entry.cells.add(Math.max(entry.lastSeen, now - 1), now, total - before);
    entry.count = total;
    entry.lastSeen = now;
  }

  /** One of the lines. */
  addLine(reason: string, sample: RejectedSample): void {
    const { lines } = this.entryOf(reason, sample.seenAt);
    lines.push(sample);
    if (lines.length > LINES_MAX) lines.shift();
  }

  /** Those met since `since`, most lines per second first; at most `lines` of each, the newest first. */
  rows(now: number, since: number, lines: number): RejectedTraffic[] {
    return [...this.reasons]
      .filter(([, { count, lastSeen }]) => count > 0 && lastSeen >= since)
      .map(([reason, entry]) => ({
        reason,
        ...{ count: entry.count, firstSeen: entry.firstSeen, lastSeen: entry.lastSeen },
        perSecond: entry.cells.rate(now, 10),
        lines: entry.lines.slice(-lines).reverse(),
      }))
      .sort((a, b) => b.perSecond - a.perSecond || b.count - a.count);
  }

  private entryOf(reason: string, now: number): Reason {
    const known = this.reasons.get(reason);
    if (known !== undefined) return known;
    const entry = { count: 0, firstSeen: now, lastSeen: now, cells: new RateCells(), lines: [] };
    this.reasons.set(reason, entry);
    return entry;
  }
}
