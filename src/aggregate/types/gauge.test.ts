import { expect, test } from 'vitest';
import { FakeBucket } from '../../../test/support/fakes/fake-bucket.ts';
import { GaugeCells } from './gauge.ts';

const keeps = (title: string, parts: [value: number, at: number][], want: number) =>
  test(title, () => {
    const cells = new GaugeCells();
    for (const [value, at] of parts) {
      const part = new FakeBucket(1000);
      part.add({ slot: 0, type: 'gauge', value, at });
      cells.merge(9, part, 0);
    }
    expect(cells.outcomeAt(0)).toEqual({
      data: { kind: 'gauge', value: want },
      series: [{ suffix: '', type: 'gauge', value: want }],
    });
  });

keeps('a gauge of one part is its value', [[21.5, 1001]], 21.5);
keeps(
  'the value received last wins, whichever part is merged first',
  [
    [1, 1009.25],
    [2, 1009],
  ],
  1,
);
keeps(
  'of two received at the same time the one merged later wins',
  [
    [1, 1009],
    [2, 1009],
  ],
  2,
);
keeps(
  'times before the epoch are times too',
  [
    [1, -5],
    [2, -4],
  ],
  2,
);

test('after the clock has gone back, the one merged later wins', () => {
  const cells = new GaugeCells();
  for (const [value, at, clockWentBack] of [
    [1, 1009, false],
    [2, 1003, true],
  ] as const) {
    const part = new FakeBucket(1000);
    part.add({ slot: 0, type: 'gauge', value, at });
    cells.merge(9, part, 0, clockWentBack);
  }
  expect(cells.outcomeAt(0)?.series[0]?.value).toBe(2);
});
