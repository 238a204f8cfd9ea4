import { expect, test } from 'vitest';
import { contextReport } from './context-report.ts';

const line = (name: string, ...tags: string[]): string =>
  JSON.stringify({
    ...{ Name: name, Host: 'h', Type: 'Counter', TaggerTags: ['pod:x'], MetricTags: tags },
    ...{ NoIndex: false, Source: 1 },
  });

const DUMP = [
  line('a.metric', 'env:1', 'service:x'),
  line('a.metric', 'env:2', 'service:x'),
  line('a.metric', 'env:1'),
  line('b.metric'),
  line('b.metric', 'env:1'),
  line('c.metric', 'a:1', 'b:1', 'b:2', 'c:1'),
  line('d.metric', 'x"}{', 'bare'),
].join('');
const HEAD = '   Contexts\tMetric name\t(number of unique values for each tag)\n';

test.each([
  [
    { metrics: 10, tags: 5 },
    '          3\ta.metric\t(2 env, 1 service)\n          2\tb.metric\t(1 env)\n          1\tc.metric\t(2 b, 1 a, 1 c)\n          1\td.metric\t(1 bare, 1 x"}{)\n',
  ],
  [{ metrics: 0, tags: 5 }, '          7\t(other 4 metrics)\n'],
  [{ metrics: 1, tags: 5 }, '          3\ta.metric\t(2 env, 1 service)\n          4\t(other 3 metrics)\n'],
  // One more than the limit is shown.
  [
    { metrics: 3, tags: 1 },
    '          3\ta.metric\t(2 env, 1 service)\n          2\tb.metric\t(1 env)\n          1\tc.metric\t(2 b, 2 values in 2 other tags)\n          1\td.metric\t(1 bare, 1 x"}{)\n',
  ],
  [
    { metrics: 4, tags: 0 },
    '          3\ta.metric\t(3 values in 2 other tags)\n          2\tb.metric\t(1 env)\n          1\tc.metric\t(4 values in 3 other tags)\n          1\td.metric\t(2 values in 2 other tags)\n',
  ],
])('with the limits %j it prints what the Agent does', (limits, want) => {
  expect(contextReport(DUMP, limits)).toBe(HEAD + want);
});

test('an empty dump is a heading', () => {
  expect(contextReport('', { metrics: 10, tags: 5 })).toBe(HEAD);
});
