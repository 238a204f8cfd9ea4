import { expect, test } from 'vitest';
import { FIRST_LINES_AGAIN, runFirstLines, WarmUp } from './warm-up.ts';

function start(firstLines?: number): {
  readonly warmUp: WarmUp;
  readonly seen: { lines: number; ends: number };
} {
  const seen = { lines: 0, ends: 0 };
  const warmUp = new WarmUp(
    (packet) => {
      seen.lines += packet.split('\n').length - 1;
    },
    () => seen.ends++,
    firstLines,
  );
  return { warmUp, seen };
}

test('a thread runs a thousand lines before it receives, and the rest eight at a time', () => {
  const { warmUp, seen } = start();
  expect(seen).toEqual({ lines: 1000, ends: 0 });
  warmUp.step();
  expect(seen.lines).toBe(1008);
  while (warmUp.isPending) warmUp.step();
  expect(seen).toEqual({ lines: 4000, ends: 1 });
  warmUp.step();
  expect(seen).toEqual({ lines: 4000, ends: 1 });
});

test('on an event loop the rest is run between other work', async () => {
  const { warmUp, seen } = start();
  warmUp.goOn();
  let turns = 0;
  for (; warmUp.isPending; turns++) await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual({ lines: 4000, ends: 1 });
  expect(turns).toBeGreaterThan(100);
});

test('a thread that has run the first lines without its settings runs a few with them', () => {
  let lines = 0;
  runFirstLines((packet) => {
    lines += packet.split('\n').length - 1;
  });
  expect(lines).toBe(1000);
  const { warmUp, seen } = start(FIRST_LINES_AGAIN);
  expect(seen).toEqual({ lines: 104, ends: 0 });
  while (warmUp.isPending) warmUp.step();
  expect(seen).toEqual({ lines: 4000, ends: 1 });
});
