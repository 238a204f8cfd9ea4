import { expect, it } from 'vitest';
import { secondsLeft, wideBucketSeconds } from './wide-bucket.ts';

it('lasts for a quarter of an hour at any minute of a day, and can be halved', () => {
  const midnight = Date.parse('2026-03-01T00:00:00Z');
  for (let minute = 0; minute < 24 * 60; minute++) {
    // Half a second before the minute is over.
    const now = midnight + minute * 60_000 + 59_500;
    const width = wideBucketSeconds(now);
    expect(secondsLeft(width, now), new Date(now).toISOString()).toBeGreaterThan(900);
    expect(width % 2).toBe(0);
    expect(width).toBeLessThanOrEqual(3600);
  }
});
