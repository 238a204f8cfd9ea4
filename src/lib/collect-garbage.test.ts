import { expect, it } from 'vitest';
import { collectGarbage, collectYoung } from './collect-garbage.ts';

it('collects what nobody refers to', async () => {
  const kept = {};
  const [lost, held] = [new WeakRef({}), new WeakRef(kept)];
  // What a WeakRef refers to is kept until the turn of the event loop ends.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(lost.deref()).toBe(undefined);
  expect(held.deref()).toBe(kept);
});

it('collects young objects alone', async () => {
  const lost = new WeakRef({});
  await new Promise((resolve) => setImmediate(resolve));
  collectYoung();
  // A WeakRef is cleared by collections of the whole heap.
  expect(lost.deref()).toBeDefined();
});
