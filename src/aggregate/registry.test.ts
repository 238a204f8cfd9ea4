import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_CONTEXT, Registry, type Retention } from './registry.ts';

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

  test('refuses contexts over the limit and counts them', () => {
    const registry = makeRegistry({ contextsMax: 1 });
    expect(registry.intern([1, 0, 0, 0], 'gauge', 'a\n', 0)).toBe(0);
    expect(registry.intern([2, 0, 0, 0], 'gauge', 'b\n', 0)).toBe(NO_CONTEXT);
    expect(registry.intern([1, 0, 0, 0], 'gauge', 'a\n', 0)).toBe(0);
    expect(registry.refusedContexts).toBe(1);
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

test('counters to be zero-filled are those with a late enough live sample', () => {
  const registry = makeRegistry();
  const types = ['counter', 'counter', 'gauge', 'counter'] as const;
  const ids = types.map((type, i) => registry.intern([i, 0, 0, 0], type, `m${i}\n`, 100));
  registry.noteSample(ids[0] as number, 100, false);
  registry.noteSample(ids[1] as number, 99, false);
  registry.noteSample(ids[2] as number, 100, false);
  const visited: number[] = [];
  registry.forEachCounterSeenAfter(99, (id) => visited.push(id));
  expect(visited).toEqual([ids[0]]);
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

function makeRegistry(options: { contextsMax?: number } = {}): Registry {
  return new Registry({ contextsMax: 1000, ...options });
}

function withContext(type: 'gauge' | 'counter'): { registry: Registry; id: number } {
  const registry = makeRegistry();
  return { registry, id: registry.intern([1, 2, 3, 4], type, 'name\nhost', 0) };
}
