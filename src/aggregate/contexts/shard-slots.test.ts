import { expect, test } from 'vitest';
import { registryLimits } from '../../../test/support/limits.ts';
import { NO_CONTEXT, Registry } from './registry.ts';
import { ShardSlots } from './shard-slots.ts';

const LONG_AFTER = 1e6;
const RETENTION = { contextExpirySeconds: 20, counterExpirySeconds: 300, outputSeconds: 0 };

function setUp() {
  const registry = new Registry(registryLimits(10));
  const a = registry.intern([1, 0, 0, 0], 'gauge', 'a\n', 0);
  const b = registry.intern([2, 0, 0, 0], 'gauge', 'b\n', 0);
  return { registry, slots: new ShardSlots(registry), a, b };
}

test('a slot means the context it was assigned last', () => {
  const { slots, a, b } = setUp();
  slots.assign(5000, a);
  expect(slots.idOf(5000)).toBe(a);
  slots.assign(5000, b);
  expect(slots.idOf(5000)).toBe(b);
  slots.assign(5000, NO_CONTEXT);
  expect(slots.idOf(5000)).toBe(NO_CONTEXT);
});

test('a slot that was never assigned means no context', () => {
  expect(setUp().slots.idOf(123)).toBe(NO_CONTEXT);
});

test('a context stays as long as a slot means it', () => {
  const { registry, slots, a, b } = setUp();
  slots.assign(0, a);
  slots.assign(0, a);
  slots.assign(1, b);
  expect(registry.expire(LONG_AFTER, RETENTION)).toEqual([]);
  slots.free(0);
  slots.free(0);
  expect(registry.expire(LONG_AFTER, RETENTION)).toEqual([a]);
  slots.freeAll();
  expect(registry.expire(LONG_AFTER, RETENTION)).toEqual([b]);
});
