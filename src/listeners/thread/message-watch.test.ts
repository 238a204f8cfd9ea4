import { expect, it } from 'vitest';
import { MessageWatch } from './message-watch.ts';

function watching(searches: string[], perSecond = 10) {
  const reports: { lines: string[]; leftOut: number }[] = [];
  const watch = new MessageWatch(
    (lines, leftOut) => reports.push({ lines, leftOut }),
    (line) => line.includes('bad'),
  );
  watch.use(
    searches.map((part) => ({ parts: [part], rejected: false })),
    perSecond,
  );
  return { watch, reports };
}

it('shows the lines that hold a text', () => {
  const { watch, reports } = watching(['env:prod', 'b:']);
  watch.accept('a:1|c|#env:prod\nb:1|c\r\n\nc:1|c');
  watch.flush(1);
  expect(reports).toEqual([{ lines: ['a:1|c|#env:prod', 'b:1|c'], leftOut: 0 }]);
});

it('shows rejected lines alone to who looks for them, however many others there are', () => {
  const { watch, reports } = watching([], 2);
  watch.use([{ parts: ['x'], rejected: true }], 2);
  watch.accept(`${'x:1|c\n'.repeat(50)}bad x\nbad\nbad x 2`);
  watch.flush(1);
  expect(reports).toEqual([{ lines: ['bad x', 'bad x 2'], leftOut: 0 }]);
});

it('leaves out what is beyond the rate, counts it, and begins anew each second', () => {
  const { watch, reports } = watching([''], 2);
  watch.flush(1);
  watch.accept('a:1|c\nb:1|c\nc:1|c');
  watch.flush(1);
  watch.accept('d:1|c');
  watch.flush(1.5);
  watch.flush(2);
  watch.accept('e:1|c');
  watch.flush(2.2);
  expect(reports).toEqual([
    { lines: ['a:1|c', 'b:1|c'], leftOut: 1 },
    { lines: [], leftOut: 1 },
    { lines: ['e:1|c'], leftOut: 0 },
  ]);
});

it('reports at most ten times a second', () => {
  const { watch, reports } = watching([''], 1000);
  for (let i = 0; i < 100; i++) {
    watch.accept(`a:${i}|c`);
    watch.flush(5 + i / 1000);
  }
  expect(reports.length).toBeLessThanOrEqual(2);
});

it('looks at no more than 20,000 lines a second', () => {
  const { watch, reports } = watching(['z'], 10);
  watch.accept(`${'a:1|c\n'.repeat(20_000)}z:1|c`);
  watch.flush(1);
  expect(reports).toEqual([{ lines: [], leftOut: 1 }]);
});

it('is off when nobody watches', () => {
  const { watch } = watching([]);
  expect(watch.isOn).toBe(false);
});
