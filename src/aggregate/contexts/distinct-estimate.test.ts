import { describe, expect, it } from 'vitest';
import { DistinctEstimate } from './distinct-estimate.ts';

describe('an estimate of distinct texts', () => {
  it.each([0, 1, 2, 5])('of few is exact: %i', (count) => {
    const estimate = new DistinctEstimate();
    for (let round = 0; round < 3; round++) for (let i = 0; i < count; i++) estimate.add(`value-${i}`);
    expect(estimate.value).toBe(count);
  });

  it.each([300, 1000, 1500, 10_000, 200_000])('of %i is within 15 per cent', (count) => {
    const estimate = new DistinctEstimate();
    for (let i = 0; i < count; i++) estimate.add(`request-${i}`);
    expect(Math.abs(estimate.value / count - 1)).toBeLessThan(0.15);
  });
});
