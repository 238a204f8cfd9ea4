import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { DistinctCounter, EXACT_MAX } from './distinct-counter.ts';
import { largestKey, NO_KEYS, type TagKeys, TagTable } from './tag-table.ts';

afterEach(() => vi.restoreAllMocks());

test('a flood of values is counted without asking for an estimate each time', () => {
  const asked = vi.spyOn(DistinctCounter.prototype, 'value', 'get');
  let keys = NO_KEYS;
  const table = new TagTable([1, 2]);
  for (let i = 0; i < 10_000; i++) keys = table.add(keys, ['env:prod', `user:${i}`]);
  // Only while examples are gathered: of env there is one, and its counter is exact.
  const contexts = asked.mock.contexts as readonly DistinctCounter[];
  expect(contexts.filter(({ isExact }) => isExact).length).toBeGreaterThan(0);
  expect(contexts.filter(({ isExact }) => !isExact).length).toBeLessThan(20);
  const largest = largestKey(keys);
  expect(largest?.key).toBe('user');
  expect(Math.abs((largest?.distinct ?? 0) / 10_000 - 1)).toBeLessThan(3 * (largest?.error ?? 0));
});

const SEED = [1, 2] as const;
const METRICS = 3;

/** What tag-table.ts says, tag by tag. */
class PlainTable {
  leftOut = 0;
  private readonly limits: { pairs: number; sketches: number; keys: number };
  private readonly metrics = Array.from(
    { length: METRICS },
    () => new Map<string, { values: DistinctCounter; examples: string[] }>(),
  );

  constructor(limits: { pairs: number; sketches: number; keys: number }) {
    this.limits = limits;
  }

  add(metric: number, tags: readonly string[]): void {
    const keys = this.of(metric);
    for (const tag of tags) {
      const colon = tag.indexOf(':');
      const key = colon < 0 ? '(no key)' : tag.slice(0, colon);
      if (!keys.has(key)) {
        const pairs = this.metrics.reduce((sum, { size }) => sum + size, 0);
        if (pairs >= this.limits.pairs || keys.size >= this.limits.keys) {
          this.leftOut++;
          continue;
        }
        keys.set(key, { values: new DistinctCounter(SEED), examples: [] });
      }
      const { values, examples } = keys.get(key) as { values: DistinctCounter; examples: string[] };
      const all = this.metrics.flatMap((one) => [...one.values()]);
      if (values.isFull && all.filter((one) => !one.values.isExact).length >= this.limits.sketches) continue;
      const before = values.value;
      values.add(tag.slice(colon + 1));
      if (examples.length < 5 && values.value > before) examples.push(tag.slice(colon + 1));
    }
  }

  drop(metric: number): void {
    this.of(metric).clear();
  }

  report(metric: number): unknown {
    return [...this.of(metric)].map(([key, { values, examples }]) => [key, values.value, examples]);
  }

  private of(metric: number): Map<string, { values: DistinctCounter; examples: string[] }> {
    return this.metrics[metric] as Map<string, { values: DistinctCounter; examples: string[] }>;
  }
}

const reportOf = ({ byKey }: TagKeys): unknown =>
  [...byKey].map(([key, { values, examples }]) => [key, values.value, examples]);

test('tags that stand in an earlier context count as if they were looked up', () => {
  const limits = fc.record({
    pairs: fc.integer({ min: 1, max: 12 }),
    sketches: fc.nat({ max: 2 }),
    keys: fc.integer({ min: 1, max: 5 }),
  });
  const change = fc.record({
    at: fc.nat({ max: 6 }),
    tag: fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.constantFrom(':0', ':1', ':2', '', ':')),
  });
  const metric = fc.nat({ max: METRICS - 1 });
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.record({ metric, changes: fc.array(change, { maxLength: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ metric, flood: fc.constantFrom(1, EXACT_MAX, EXACT_MAX + 9) }) },
    { weight: 2, arbitrary: fc.record({ metric, end: fc.constantFrom('rest', 'drop', 'shorten') }) },
  );
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 60 }), (limitsMax, steps) => {
      const table = new TagTable(SEED, limitsMax);
      const plain = new PlainTable(limitsMax);
      const keys: TagKeys[] = Array.from({ length: METRICS }, () => NO_KEYS);
      // Of each metric the last context, which the next one is like.
      const contexts: string[][] = Array.from({ length: METRICS }, () => ['a:0', 'b:0', 'c:0']);
      const add = (one: number, tags: readonly string[]): void => {
        keys[one] = table.add(keys[one] as TagKeys, tags);
        plain.add(one, tags);
      };
      for (const one of steps) {
        const tags = contexts[one.metric] as string[];
        if ('changes' in one) {
          for (const { at, tag } of one.changes) tags[Math.min(at, tags.length)] = tag.join('');
          add(one.metric, tags);
        } else if ('flood' in one) {
          for (let i = 0; i < one.flood; i++) add(one.metric, [...tags, `flood:${i}`]);
        } else if (one.end === 'rest') table.rest(keys[one.metric] as TagKeys);
        else if (one.end === 'shorten') tags.pop();
        else {
          table.drop(keys[one.metric] as TagKeys);
          keys[one.metric] = NO_KEYS;
          plain.drop(one.metric);
        }
        expect(keys.map(reportOf)).toEqual(keys.map((_, i) => plain.report(i)));
        expect(table.leftOut).toBe(plain.leftOut);
      }
    }),
  );
});

test('only the first of alike contexts is held, and only while new ones come', () => {
  const table = new TagTable(SEED);
  const keys = table.add(NO_KEYS, ['env:prod', 'team:web', 'user:1']);
  const { earlier } = keys;
  for (let i = 0; i < 10; i++) table.add(keys, ['env:prod', 'team:web', `user:${i}`]);
  expect(keys.earlier).toBe(earlier);
  table.rest(keys);
  expect(keys.earlier).toBe(earlier);
  table.rest(keys);
  expect(keys.earlier).toEqual([]);
});

test('tags of a context that was refused count, and are not held', () => {
  const table = new TagTable(SEED);
  const keys = table.add(NO_KEYS, ['env:prod', 'user:1'], false);
  table.add(keys, ['env:prod', 'user:2'], false);
  expect(largestKey(keys)).toMatchObject({ key: 'user', distinct: 2 });
  expect(keys.earlier).toEqual([]);
});
