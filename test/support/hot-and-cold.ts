/** Two shards that get the same packets, one with its caches and one without: they must come to the same. */
import { expect } from 'vitest';
import type { CoreHarness } from './core-harness.ts';

export class HotAndCold {
  readonly hot: CoreHarness;
  readonly cold: CoreHarness;
  private bucket = 0;
  private seen: readonly [rejections: number, events: number, checks: number] = [0, 0, 0];

  constructor(hot: CoreHarness, cold: CoreHarness) {
    this.hot = hot;
    this.cold = cold;
  }

  ingest(packet: string, origin = 0): void {
    this.hot.ingest(packet, origin);
    this.cold.ingest(packet, origin);
  }

  /** Seals both, and compares everything that came since the last time. */
  compare(): void {
    const { hot, cold } = this;
    const [rejections, events, checks] = this.seen;
    this.seen = [hot.rejections.length, hot.events.length, hot.checks.length];
    this.bucket += 10;
    const got = hot.gather(this.bucket);
    const want = cold.gather(this.bucket);
    expect(got.timestamped).toEqual(want.timestamped);
    expect(new Map([...got.cells].sort())).toEqual(new Map([...want.cells].sort()));
    expect(hot.rejections.slice(rejections)).toEqual(cold.rejections.slice(rejections));
    expect(hot.events.slice(events)).toEqual(cold.events.slice(events));
    expect(hot.checks.slice(checks)).toEqual(cold.checks.slice(checks));
    expect(hot.count('samples')).toBe(cold.count('samples'));
    expect(hot.count('lines')).toBe(cold.count('lines'));
  }
}
