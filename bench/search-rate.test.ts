import { describe, expect, it } from 'vitest';
import { searchRate } from './search-rate.ts';

/** A receiver that loses above `capacity`, and in the trials numbered in `hiccups`. */
function receiver(capacity: number, fastest: number, hiccups: readonly number[] = []) {
  let trials = 0;
  return async (rate: number | undefined) => {
    const packetsPerSecond = Math.min(rate ?? fastest, fastest);
    return { packetsPerSecond, lost: packetsPerSecond > capacity || hiccups.includes(trials++) };
  };
}

describe('searchRate', () => {
  const finds = async (run: ReturnType<typeof receiver>, want: number): Promise<void> =>
    expect((await searchRate(run, 6)).packetsPerSecond).toBeCloseTo(want, -1);

  it('takes the fastest rate of the sender when nothing is lost at it', () =>
    finds(receiver(1000, 900), 900));
  it('finds the rate between loss and no loss', () => finds(receiver(700, 1000), 688));
  it('forgives one loss in three tries', () => finds(receiver(1000, 900, [1]), 900));
  it('does not forgive two', async () => {
    const found = await searchRate(receiver(1000, 900, [0, 2]), 0);
    expect(found).toMatchObject({ packetsPerSecond: 0, best: undefined });
  });
  it('says 0 when everything is lost', () => finds(receiver(0, 1000), 0));
});
