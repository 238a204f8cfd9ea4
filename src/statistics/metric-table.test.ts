import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Context, ContextType } from '../model/context.ts';
import { type KnownContexts, MetricTable } from './metric-table.ts';
import { TagTable } from './tag-table.ts';

const SEED = [1, 2] as const;

class FakeContexts implements KnownContexts {
  readonly list: (Context & { overflow: boolean })[] = [];
  add(name: string, tags: string[] = [], type: ContextType = 'counter', overflow = false): number {
    const id = this.list.length;
    this.list.push({ id, name, type, host: '', tags, overflow });
    return id;
  }
  context(id: number): Context {
    return this.list[id] as Context;
  }
  nameOf(id: number): string {
    return this.context(id).name;
  }
  typeOf(id: number): ContextType {
    return this.context(id).type;
  }
  isOverflow(id: number): boolean {
    return this.list[id]?.overflow ?? false;
  }
}

function create(metricsMax?: number): { table: MetricTable; contexts: FakeContexts } {
  const contexts = new FakeContexts();
  return { contexts, table: new MetricTable(contexts, new TagTable(SEED), metricsMax) };
}

describe('MetricTable', () => {
  test('adds up the contexts of a metric: samples, rates, tag values, types', () => {
    const { table, contexts } = create();
    const a = contexts.add('views', ['env:prod', 'user:1']);
    const b = contexts.add('views', ['env:prod', 'user:2'], 'gauge');
    table.add(a, 30, 1000, 1010, 1009);
    table.add(b, 10, 1000, 1010, 1004);
    table.covered = 1010;
    const entry = table.get('views');
    expect(entry).toBeDefined();
    if (entry === undefined) return;
    const row = table.rowOf(entry, 0, 1);
    expect(row).toMatchObject({
      ...{ name: 'views', types: ['counter', 'gauge'], samples: 40, error: 0, contexts: 2, newPerMinute: 2 },
      ...{ tagKey: 'user', tagValues: 2, lastSeen: 1009, firstSeen: 1000, overLimit: 0, last: null },
    });
    expect(row.rates.s10).toBe(4);
    expect(row.spark.at(-1)).toBe(40);
    expect(row.spark).toHaveLength(30);
    expect(row.bytes).toBe(40 * ('views'.length + 10 + 'env:prod,user:1,'.length));
  });

  test('samples over a limit count for the metric and are no context of it', () => {
    const { table, contexts } = create();
    table.add(contexts.add('views', ['whippet.overflow:true'], 'counter', true), 5, 1000, 1010, 1001);
    expect(table.get('views')).toMatchObject({ samples: 5, overLimit: 5, contexts: 0 });
  });

  test('names beyond the table are counted by SpaceSaving, with the bound in the row', () => {
    const { table, contexts } = create(1);
    table.add(contexts.add('a'), 5, 1000, 1010, 1001);
    const b = contexts.add('b');
    table.add(b, 7, 1000, 1010, 1001);
    table.add(b, 7, 1010, 1020, 1011);
    expect(table.size).toBe(1);
    expect(table.otherRows()).toMatchObject([{ name: 'b', samples: 14, error: 0 }]);
  });

  test('a metric without contexts goes after ten minutes, and its id counts for another metric', () => {
    const { table, contexts } = create();
    const id = contexts.add('gone', ['k:v']);
    table.add(id, 5, 1000, 1010, 1001);
    table.sweep(5000);
    expect(table.size).toBe(1);
    table.forget([id]);
    table.sweep(1600);
    expect(table.size).toBe(1);
    table.sweep(1602);
    expect(table.size).toBe(0);
    contexts.list[id] = { id, name: 'new', type: 'gauge', host: '', tags: [], overflow: false };
    table.add(id, 1, 2000, 2010, 2001);
    expect(table.get('new')).toMatchObject({ samples: 1, contexts: 1 });
  });

  test('equals an exact reference over any traffic, in any order of parts', () => {
    const part = fc.record({
      id: fc.nat({ max: 30 }),
      samples: fc.integer({ min: 1, max: 1e6 }),
      cell: fc.nat({ max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 200 }), (parts) => {
        const { table, contexts } = create();
        for (let i = 0; i <= 30; i++) contexts.add(`m${i % 7}`, [`t:${i}`]);
        const samples = new Map<string, number>();
        const ids = new Map<string, Set<number>>();
        for (const { id, samples: count, cell } of parts) {
          const name = `m${id % 7}`;
          table.add(id, count, 1000 + cell * 10, 1010 + cell * 10, 1005 + cell * 10);
          samples.set(name, (samples.get(name) ?? 0) + count);
          ids.set(name, (ids.get(name) ?? new Set()).add(id));
        }
        expect(table.size).toBe(samples.size);
        for (const entry of table.values()) {
          expect(entry.samples).toBe(samples.get(entry.name));
          expect(entry.contexts).toBe(ids.get(entry.name)?.size);
        }
      }),
    );
  });
});
