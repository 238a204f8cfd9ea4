import { describe, expect, it } from 'vitest';
import { workerCounts } from './worker-counts.ts';

describe('the threads for datagrams', () => {
  it('are as many as asked for, whatever the machine has', () => {
    expect(workerCounts(3, 2)).toMatchObject({ udp: 3, unixgram: 3 });
    expect(workerCounts(1, 64)).toMatchObject({ udp: 1, unixgram: 1 });
  });

  it.each([
    [0.5, 1],
    [1, 1],
    [2, 1],
    [7, 1],
    [7.9, 1],
    [8, 2],
    [11, 2],
    [12, 3],
    [16, 4],
    [128, 4],
  ])('are chosen for %d processors: %i for UDP, and one for Unix datagrams', (processors, udp) => {
    expect(workerCounts(0, processors)).toEqual({ udp, unixgram: 1, processors });
  });
});
