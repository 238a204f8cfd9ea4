import { expect, it } from 'vitest';
import { MessageWatch, SEARCHED_MAX } from './message-watch.ts';

function watching(searches: string[], perSecond = 10) {
  const reports: { lines: string[]; leftOut: number }[] = [];
  const watch = new MessageWatch(
    (lines, leftOut) => reports.push({ lines, leftOut }),
    (line) => line.includes('bad'),
  );
  watch.use(
    searches.map((part) => ({ parts: [part], rejected: false })),
    perSecond,
    0,
  );
  let lines = 0;
  /** A packet as a shard treats it: shown to the watch while that looks, and counted. */
  const accept = (packet: string): void => {
    if (watch.wantsMore) watch.accept(packet);
    lines += packet.split(/\r?\n/).filter((line) => line !== '').length;
  };
  return { watch, reports, accept, flush: (now: number) => watch.flush(lines, now) };
}

it('shows the lines that hold a text', () => {
  const { reports, accept, flush } = watching(['env:prod', 'b:']);
  accept('a:1|c|#env:prod\nb:1|c\r\n\nc:1|c');
  flush(1);
  expect(reports).toEqual([{ lines: ['a:1|c|#env:prod', 'b:1|c'], leftOut: 0 }]);
});

it('shows rejected lines alone to who looks for them, however many others there are', () => {
  const { watch, reports, accept, flush } = watching([], 2);
  watch.use([{ parts: ['x'], rejected: true }], 2, 0);
  accept(`${'x:1|c\n'.repeat(50)}bad x\nbad\nbad x 2`);
  flush(1);
  expect(reports).toEqual([{ lines: ['bad x', 'bad x 2'], leftOut: 0 }]);
});

it('leaves out what is beyond the rate, counts it, and begins anew each second', () => {
  const { reports, accept, flush } = watching([''], 2);
  flush(1);
  accept('a:1|c\nb:1|c\nc:1|c');
  flush(1);
  accept('d:1|c');
  flush(1.5);
  flush(2);
  accept('e:1|c');
  flush(2.2);
  expect(reports).toEqual([
    { lines: ['a:1|c', 'b:1|c'], leftOut: 1 },
    { lines: [], leftOut: 1 },
    { lines: ['e:1|c'], leftOut: 0 },
  ]);
});

it('reports at most ten times a second', () => {
  const { reports, accept, flush } = watching([''], 1000);
  for (let i = 0; i < 100; i++) {
    accept(`a:${i}|c`);
    flush(5 + i / 1000);
  }
  expect(reports.length).toBeLessThanOrEqual(2);
});

it('looks at so many lines a second, and counts the others without reading them', () => {
  const { watch, reports, accept, flush } = watching(['z'], 10);
  accept(`${'a:1|c\n'.repeat(SEARCHED_MAX - 1)}b:1|c\nz:1|c\nz:2|c`);
  expect(watch.wantsMore).toBe(false);
  accept('z:3|c\nz:4|c');
  flush(1);
  expect(watch.wantsMore).toBe(true);
  accept('z:5|c');
  flush(2);
  expect(reports).toEqual([
    { lines: [], leftOut: 4 },
    { lines: ['z:5|c'], leftOut: 0 },
  ]);
});

it('reads no more than is shown where every line fits, whatever others look for', () => {
  const { watch, reports, accept, flush } = watching(['', 'z'], 3);
  accept('a:1|c\nb:1|c');
  expect(watch.wantsMore).toBe(true);
  accept('c:1|c\nd:1|c\ne:1|c');
  expect(watch.wantsMore).toBe(false);
  accept('f:1|c');
  flush(1);
  flush(2);
  expect(watch.wantsMore).toBe(true);
  accept('g:1|c');
  flush(3);
  expect(reports).toEqual([
    { lines: ['a:1|c', 'b:1|c', 'c:1|c'], leftOut: 3 },
    { lines: ['g:1|c'], leftOut: 0 },
  ]);
});

it('does not take lines for left out that the shard counts later than they are looked at', () => {
  const { watch, reports } = watching(['a'], 10);
  watch.accept('a:1|c\na:2|c');
  watch.flush(0, 1);
  watch.flush(2, 2);
  watch.flush(5, 3);
  expect(reports).toEqual([
    { lines: ['a:1|c', 'a:2|c'], leftOut: 0 },
    { lines: [], leftOut: 3 },
  ]);
});

it('is off when nobody watches', () => {
  const { watch } = watching([]);
  expect(watch.isOn).toBe(false);
});
