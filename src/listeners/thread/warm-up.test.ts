import { expect, test } from 'vitest';
import { WarmUp } from './warm-up.ts';

function start(): { readonly warmUp: WarmUp; readonly seen: { lines: number; ends: number } } {
  const seen = { lines: 0, ends: 0 };
  const warmUp = new WarmUp(
    (packet) => {
      seen.lines += packet.split('\n').length - 1;
    },
    () => seen.ends++,
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
