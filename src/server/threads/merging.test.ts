import { expect, test } from 'vitest';
import { registryLimits } from '../../../test/support/limits.ts';
import { Registry } from '../../aggregate/contexts/registry.ts';
import { ShardSlots } from '../../aggregate/contexts/shard-slots.ts';
import type { Steps } from '../../lib/time/steps.ts';
import { CONTEXT_KEY_WORDS } from '../../model/core-border.ts';
import type { NewContexts } from '../../model/shard-message.ts';
import type { Job } from './inbox.ts';
import { Merging, type MergingOptions } from './merging.ts';

test('a thousand new contexts of one message are admitted in many steps', () => {
  const COUNT = 1000;
  const registry = new Registry(registryLimits(COUNT));
  const slots = new ShardSlots(registry);
  const jobs: Job<void>[] = [];
  const merging = new Merging({
    inbox: { add: (job: Job<void>) => jobs.push(job) },
    registry,
    sampler: { slotsOf: () => slots },
    cardinality: { sampleText: () => undefined },
  } as unknown as MergingOptions);
  const keys = new Uint32Array(COUNT * CONTEXT_KEY_WORDS);
  for (let i = 0; i < COUNT; i++) keys[i * CONTEXT_KEY_WORDS] = i + 1;
  merging.accept(0, {
    kind: 'contexts',
    keys,
    slots: Uint32Array.from({ length: COUNT }, (_, i) => i),
    types: new Uint8Array(COUNT),
    limits: new Uint8Array(COUNT),
    ...textsOf(Array.from({ length: COUNT }, (_, i) => `m\n\nuser:${i}`)),
  });
  expect(jobs).toHaveLength(1);
  const steps = jobs[0]?.() as Steps;
  const after: number[] = [];
  while (steps.next().done !== true) after.push(registry.size);
  expect(after.length).toBeGreaterThanOrEqual(7);
  expect(Math.max(...after.map((size, i) => size - (after[i - 1] ?? 0)))).toBeLessThanOrEqual(128);
  expect(registry.size).toBe(COUNT);
  expect(registry.context(slots.idOf(999)).tags).toEqual(['user:999']);
});

/** Texts as a message has them. */
function textsOf(texts: readonly string[]): Pick<NewContexts, 'texts' | 'ends'> {
  let end = 0;
  return {
    texts: Uint8Array.from(Buffer.from(texts.join(''), 'latin1')),
    ends: Uint32Array.from(texts, (text) => {
      end += text.length;
      return end;
    }),
  };
}
