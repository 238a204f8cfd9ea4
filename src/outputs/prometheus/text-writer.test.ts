import { expect, test } from 'vitest';
import { TextWriter } from './text-writer.ts';

test('lines of any length and script come out whole, in the order they were written', () => {
  const writer = new TextWriter('text');
  writer.begin('a', 'gauge', 'A gauge.');
  let want = '# HELP a A gauge.\n# TYPE a gauge\n';
  for (const length of [0, 1, 100, 40_000, 70_000, 300_000]) {
    for (const char of ['x', 'é', '語', '😀']) {
      const labels = `a="${char.repeat(length)}"`;
      writer.value(labels, length);
      want += `a{${labels}} ${length}\n`;
    }
  }
  writer.value('', Number.POSITIVE_INFINITY);
  expect(writer.size).toBe(Buffer.byteLength(want) + 'a +Inf\n'.length);
  expect(writer.take().toString()).toBe(`${want}a +Inf\n`);
  expect(writer.size).toBe(0);
});

test('what was taken stays as it is while more is written', () => {
  const writer = new TextWriter('openmetrics');
  writer.begin('a', 'summary', 'One.');
  writer.summary('b="1"', [[0.5, 2]], { sum: 3, count: 4, startAt: undefined });
  const taken = writer.take();
  const want =
    '# TYPE a summary\n# HELP a One.\na{b="1",quantile="0.5"} 2\na_sum{b="1"} 3\na_count{b="1"} 4\n';
  expect(taken.toString()).toBe(want);
  writer.summary('', [[0.5, 2]], { sum: undefined, count: 4, startAt: undefined });
  expect(writer.finish().toString()).toBe('a{quantile="0.5"} 2\na_count 4\n# EOF\n');
  expect(taken.toString()).toBe(want);
});
