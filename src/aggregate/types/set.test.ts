import { expect, test } from 'vitest';
import { FakeBucket } from '../../../test/support/fakes/fake-bucket.ts';
import { finish } from '../../lib/time/steps.ts';
import { SetCells } from './set.ts';

const counts = (title: string, parts: string[][], want: number) =>
  test(title, () => {
    const cells = new SetCells();
    for (const elements of parts) {
      const part = new FakeBucket(1000);
      for (const value of elements) part.add({ slot: 0, type: 'set', value, at: 1001 });
      cells.merge(4, part, 0);
      part.forEachKey((_slot, kind, low, high) => cells.mergeKey(4, kind, low, high));
    }
    finish(cells.close());
    expect(cells.outcomeAt(0)).toEqual({
      data: { kind: 'set', distinct: want },
      series: [{ suffix: '', type: 'gauge', value: want }],
    });
  });

counts('a set of one part counts its elements', [['a', 'b', 'a']], 2);
counts(
  'elements that two parts share count once',
  [
    ['a', 'b'],
    ['b', 'c'],
  ],
  3,
);
counts('elements that three parts share count once', [['a', 'b'], ['b', 'c'], ['a']], 3);
counts('an element is its text: 1, 1.0 and 01 differ', [['1', '1.0', '01']], 3);
counts('the empty text is an element', [['']], 1);

test('a set whose elements found no room in the shard says nothing', () => {
  const cells = new SetCells();
  cells.merge(4, new FakeBucket(1000), 0);
  finish(cells.close());
  expect(cells.outcomeAt(0)).toBeUndefined();
});
