import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { registryLimits } from '../../../test/support/limits.ts';
import { OVER, OVERFLOW_NAME, OVERFLOW_SERIES_MAX, OVERFLOW_TAG } from '../../model/views/cardinality.ts';
import { Registry, type RegistryLimits, type Retention } from './registry.ts';

const RETENTION: Retention = { contextExpirySeconds: 20, counterExpirySeconds: 300, outputSeconds: 0 };

describe('intern', () => {
  test('answers the same id for the same key', () => {
    const registry = makeRegistry();
    const id = registry.intern([1, 2, 3, 4], 'gauge', 'temp\nweb-1\na:1', 0);
    expect(registry.intern([1, 2, 3, 4], 'gauge', 'temp\nweb-1\na:1', 5)).toBe(id);
    expect(registry.intern([1, 2, 3, 5], 'gauge', 'temp\nweb-1\na:2', 5)).not.toBe(id);
    expect(registry.size).toBe(2);
  });

  const keeps = (text: string, name: string, host: string, tags: string[]) =>
    test(`reads ${JSON.stringify(text)}`, () => {
      const registry = makeRegistry();
      const id = registry.intern([1, 2, 3, 4], 'set', text, 0);
      expect(registry.context(id)).toEqual({ id, name, type: 'set', host, tags });
    });
  keeps('users\nweb-1', 'users', 'web-1', []);
  keeps('users\n', 'users', '', []);
  keeps('users\nweb-1\nb:2\na:1', 'users', 'web-1', ['b:2', 'a:1']);
  keeps('users\nweb-1\n', 'users', 'web-1', ['']);
  keeps('us\xffers\nweb-1\na\n\nb\n', 'us\xffers', 'web-1', ['a', '', 'b', '']);
});

describe('the source of a context', () => {
  test('is kept with it and forgotten with it', () => {
    const registry = makeRegistry();
    const id = registry.intern([1, 2, 3, 4], 'gauge', 'heap\nweb-1', 0);
    registry.setSource(id, 'kafka');
    expect(registry.context(id).source).toBe('kafka');
    registry.expire(1000, RETENTION);
    expect(registry.intern([1, 2, 3, 5], 'gauge', 'other\nweb-1', 1000)).toBe(id);
    expect(registry.context(id)).not.toHaveProperty('source');
  });
  test('is not that of an overflow context', () => {
    const registry = makeRegistry({ contexts: 1 });
    registry.intern([1, 2, 3, 4], 'gauge', 'a\nh', 0);
    const over = registry.intern([1, 2, 3, 5], 'gauge', 'a\nh\nx:1', 0);
    registry.setSource(over, 'kafka');
    expect(registry.context(over)).not.toHaveProperty('source');
  });
});

describe('over a limit', () => {
  const admit = (registry: Registry, key: number, text: string, now = 0) =>
    registry.admit([key, 0, 0, 0], 'gauge', text, now);

  test('contexts of a name share one', () => {
    const registry = makeRegistry({ contexts: 1 });
    registry.overflowHost = 'own';
    expect(admit(registry, 1, 'a\nh\nx:1')).toEqual({ id: 0, limit: OVER.none, isHere: false });
    const over = admit(registry, 2, 'a\nh\nx:2');
    expect(over).toEqual({ id: 1, limit: OVER.contexts, isHere: true });
    expect(admit(registry, 3, 'a\nother\nx:3')).toEqual(over);
    expect(registry.context(1)).toEqual({
      id: 1,
      name: 'a',
      type: 'gauge',
      host: 'own',
      tags: [OVERFLOW_TAG],
    });
    expect(admit(registry, 1, 'a\nh\nx:1').id).toBe(0);
    expect(registry.admit([4, 0, 0, 0], 'set', 'a\nh', 0).id).not.toBe(over.id);
  });

  test('so do those that a shard says are over one', () => {
    const registry = makeRegistry();
    const over = registry.admit([9, 0, 0, 0], 'gauge', `a\nh\n${OVERFLOW_TAG}`, 0, OVER.tags);
    expect(over).toEqual({ id: 0, limit: OVER.tags, isHere: false });
    expect(registry.admit([8, 0, 0, 0], 'gauge', `a\nh\n${OVERFLOW_TAG}`, 0, OVER.metric).id).toBe(0);
    expect(registry.counts.total).toBe(0);
  });

  test('one name leaves room for others', () => {
    const registry = makeRegistry({ contextsPerMetric: 2 });
    for (const key of [1, 2]) expect(admit(registry, key, `a\nh\nx:${key}`).limit).toBe(OVER.none);
    expect(admit(registry, 3, 'a\nh\nx:3').limit).toBe(OVER.metric);
    expect(admit(registry, 4, 'b\nh\nx:3').limit).toBe(OVER.none);
    expect(registry.largest(1)).toEqual([{ name: 'a', contexts: 2 }]);
    expect(['a', 'b', 'c'].map((name) => registry.contextsOf(name))).toEqual([2, 1, 0]);
  });

  test('a dry run only says so', () => {
    const registry = makeRegistry({ contexts: 1, dryRun: true });
    admit(registry, 1, 'a\nh');
    expect(admit(registry, 2, 'b\nh')).toEqual({ id: 1, limit: OVER.contexts, isHere: true });
    expect(registry.context(1).name).toBe('b');
  });

  test('there is room again when a tenth has gone, not before, and it is said once', () => {
    const registry = makeRegistry({ contexts: 10 });
    for (let key = 0; key < 10; key++) admit(registry, key, `m${key}\nh`, key < 2 ? 0 : 100);
    const over = admit(registry, 10, 'late\nh', 100);
    registry.hold(over.id);
    registry.noteSample(0, 50, false);
    registry.expire(30, RETENTION);
    expect(registry.counts.total).toBe(9);
    expect(registry.takeReturned()).toBeUndefined();
    expect(admit(registry, 11, 'late\nh\nx', 100)).toEqual(over);
    registry.expire(80, RETENTION);
    expect(registry.takeReturned()?.(over.id)).toBe(true);
    expect(registry.takeReturned()).toBeUndefined();
    expect(registry.room).toBe(2);
    expect(admit(registry, 10, 'late\nh', 100).limit).toBe(OVER.none);
  });

  test('overflow contexts have a limit of their own, beyond which there is one of all names', () => {
    const registry = makeRegistry({ contexts: 1 });
    admit(registry, 0, 'first\nh');
    for (let key = 1; key <= OVERFLOW_SERIES_MAX + 10; key++) admit(registry, key, `m${key}\nh`);
    expect(registry.overflowSize).toBe(OVERFLOW_SERIES_MAX + 1);
    expect(registry.context(admit(registry, 99_999, 'more\nh').id).name).toBe(OVERFLOW_NAME);
    registry.expire(1000, RETENTION);
    expect(registry.size).toBe(0);
    expect(registry.overflowSize).toBe(0);
  });
});

describe('expire', () => {
  test('forgets a gauge when its time to live has passed, not before', () => {
    const { registry, id } = withContext('gauge');
    registry.noteSample(id, 100, false);
    expect(registry.expire(120, RETENTION)).toEqual([]);
    expect(registry.expire(120.5, RETENTION)).toEqual([id]);
    expect(registry.size).toBe(0);
  });

  test('keeps a counter for the time of zero filling on top', () => {
    const { registry, id } = withContext('counter');
    registry.noteSample(id, 100, false);
    expect(registry.expire(420, RETENTION)).toEqual([]);
    expect(registry.expire(421, RETENTION)).toEqual([id]);
  });

  test('keeps the entry while an output needs it, without life in aggregation', () => {
    const { registry, id } = withContext('counter');
    registry.noteSample(id, 100, false);
    expect(registry.expire(421, { ...RETENTION, outputSeconds: 1000 })).toEqual([]);
    expect(registry.lastSeen(id)).toBeUndefined();
    expect(registry.context(id).name).toBe('name');
    expect(registry.expire(1101, { ...RETENTION, outputSeconds: 1000 })).toEqual([id]);
  });

  test('keeps the entry while it is held', () => {
    const { registry, id } = withContext('gauge');
    registry.hold(id);
    expect(registry.expire(1000, RETENTION)).toEqual([]);
    registry.release(id);
    expect(registry.expire(1000, RETENTION)).toEqual([id]);
  });

  test('counts the time of a context without samples from its registration', () => {
    const { registry, id } = withContext('gauge');
    expect(registry.lastSeen(id)).toBeUndefined();
    expect(registry.expire(20, RETENTION)).toEqual([]);
    registry.noteTimestamped(id, 10);
    expect(registry.expire(25, RETENTION)).toEqual([]);
    expect(registry.expire(31, RETENTION)).toEqual([id]);
  });
});

describe('noteSample', () => {
  test('ignores an earlier second, unless the clock went back', () => {
    const { registry, id } = withContext('gauge');
    registry.noteSample(id, 100, false);
    registry.noteSample(id, 90, false);
    expect(registry.lastSeen(id)).toBe(100);
    registry.noteSample(id, 90, true);
    expect(registry.lastSeen(id)).toBe(90);
  });
});

test('counters that may be zero-filled are those with a live sample', () => {
  const registry = makeRegistry();
  const types = ['counter', 'counter', 'gauge', 'counter'] as const;
  const ids = types.map((type, i) => registry.intern([i, 0, 0, 0], type, `m${i}\n`, 100));
  registry.noteSample(ids[0] as number, 100, false);
  registry.noteSample(ids[2] as number, 100, false);
  const visited: number[][] = [];
  registry.forEachLiveCounter((id, seen) => visited.push([id, seen]));
  expect(visited).toEqual([[ids[0], 100]]);
});

test('the registry does what a map would, through expiry and reuse of ids', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('intern' as const), context: fc.nat(30) }),
    fc.record({ kind: fc.constant('expire' as const), seconds: fc.integer({ min: 1, max: 15 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const registry = makeRegistry();
      const model = new Map<number, { id: number; usedAt: number }>();
      let now = 1000;
      for (const next of steps) {
        if (next.kind === 'intern') {
          const id = registry.intern([next.context, 7, 7, 7], 'gauge', textOf(next.context), now);
          registry.noteSample(id, now, false);
          expect(model.get(next.context)?.id ?? id).toBe(id);
          model.set(next.context, { id, usedAt: now });
        } else {
          now += next.seconds;
          const gone = [...model].filter(([, { usedAt }]) => usedAt + 20 < now);
          expect(registry.expire(now, RETENTION).sort()).toEqual(gone.map(([, { id }]) => id).sort());
          for (const [context] of gone) model.delete(context);
        }
        expect(registry.size).toBe(model.size);
      }
      expect([...registry.ids()].sort()).toEqual([...model.values()].map(({ id }) => id).sort());
      for (const [context, { id }] of model) {
        const { name, host, tags } = registry.context(id);
        expect([name, host, ...tags].join('\n')).toBe(textOf(context));
      }
    }),
  );
});

function textOf(context: number): string {
  const tags = Array.from({ length: context % 5 }, (_, i) => `tag:${(context + i) % 7}`);
  return [`name${context % 3}`, `host${context % 2}`, ...tags].join('\n');
}

function makeRegistry(limits: Partial<RegistryLimits> = {}): Registry {
  return new Registry(registryLimits(1000, limits));
}

function withContext(type: 'gauge' | 'counter'): { registry: Registry; id: number } {
  const registry = makeRegistry();
  return { registry, id: registry.intern([1, 2, 3, 4], type, 'name\nhost', 0) };
}
