/**
 * Tables give their memory back: after a burst of contexts that are gone, the array buffers of each table take no more
 * than after the few rows that a table always keeps room for.
 */
import { describe, expect, it } from 'vitest';
import { Registry } from '../src/aggregate/contexts/registry.ts';
import { ShardSlots } from '../src/aggregate/contexts/shard-slots.ts';
import { type Plan, Plans } from '../src/aggregate/plans.ts';
import { ROWS_KEPT } from '../src/lib/column-table.ts';
import type { AggregationRule } from '../src/model/metric-rule.ts';
import { BinStore } from '../src/outputs/cumulative/bin-store.ts';
import { CumulativeTable } from '../src/outputs/cumulative/cumulative-table.ts';
import { BinList } from '../src/outputs/prometheus/bin-list.ts';
import { PLAIN } from '../src/outputs/prometheus/exposure.ts';
import { FamilyTable } from '../src/outputs/prometheus/family-table.ts';
import { QuantileAge } from '../src/outputs/prometheus/quantile-age.ts';
import { SeriesTable } from '../src/outputs/prometheus/series-table.ts';
import { SeriesRegistry } from '../src/outputs/remote-write/series-registry.ts';
import { bufferBytes } from './support/buffer-bytes.ts';

const BURST = 50_000;
const NO_LIMITS = { contexts: Number.POSITIVE_INFINITY, contextsPerMetric: 0, dryRun: false };
const BRIEF = { contextExpirySeconds: 1, counterExpirySeconds: 1, outputSeconds: 0 };

const idsUpTo = (count: number): number[] => Array.from({ length: count }, (_, id) => id);
const keyOf = (id: number): Uint32Array => Uint32Array.of(id, id * 7, id * 31, id * 127);
const textOf = (id: number): string => `m${id}\n\nenv:prod,id:${id}\nshard:${id % 7}`;
const binsOf = (id: number) => ({
  ...{ keys: Int16Array.of(1, 2, 3, id % 1000), counts: Float64Array.of(1, 1, 1, 1), length: 4 },
});

function registryOf(count: number): Registry {
  const registry = new Registry(NO_LIMITS);
  for (const id of idsUpTo(count)) registry.intern(keyOf(id), 'gauge', textOf(id), 0);
  return registry;
}

/** Each makes a table, fills it with so many rows and takes all of them out again. */
const TABLES: Readonly<Record<string, (rows: number) => unknown>> = {
  Registry: (rows) => {
    const registry = registryOf(rows);
    registry.expire(100, BRIEF);
    registry.trim();
    return registry;
  },
  ShardSlots: (rows) => {
    const registry = registryOf(rows);
    const slots = new ShardSlots(registry);
    for (const id of idsUpTo(rows)) slots.admit(id, { id, limit: 1, isHere: true });
    for (const id of idsUpTo(rows)) slots.free(id);
    slots.trim();
    registry.expire(100, BRIEF);
    registry.trim();
    return slots;
  },
  Plans: (rows) => {
    const registry = registryOf(rows);
    const rule = {} as AggregationRule;
    const plans = new Plans(
      registry,
      () => rule,
      () => ({}) as Plan,
    );
    for (const id of idsUpTo(rows)) plans.of(id);
    plans.forget(registry.expire(100, BRIEF));
    registry.trim();
    plans.trim(registry.idEnd);
    return plans;
  },
  CumulativeTable: (rows) => {
    const table = new CumulativeTable({ expirySeconds: 300, keepsBins: true });
    const ids = idsUpTo(rows);
    table.begin(10);
    const batch = ids.map((id) => ({
      context: { id, name: 'a', type: 'distribution' as const, host: '', tags: [] },
      ...{ timestamp: 0, interval: 10, series: [] },
      data: {
        kind: 'distribution' as const,
        sketch: {
          ...{ count: 4, sum: 4, min: 1, max: 1, avg: 1 },
          ...{ keys: binsOf(id).keys, counts: binsOf(id).counts, quantile: () => 1 },
        },
      },
    }));
    for (const _ of table.parts(batch as never));
    table.end(10);
    table.forget(ids);
    table.begin(20);
    for (const _ of table.parts([]));
    return table;
  },
  BinStore: (rows) => {
    const store = new BinStore(16 * 1024 * 1024);
    for (const id of idsUpTo(rows)) store.add(id, binsOf(id));
    for (const id of idsUpTo(rows)) store.forget(id);
    store.trim(0);
    return store;
  },
  SeriesTable: (rows) => {
    const table = new SeriesTable(new FamilyTable(), { join: () => undefined, leave: () => undefined });
    for (const id of idsUpTo(rows)) {
      table.admit(id, PLAIN);
      table.join({ id, name: `a${id}`, type: 'gauge', host: '', tags: [`id:${id}`] });
    }
    for (const id of idsUpTo(rows)) table.remove(id);
    table.trim();
    return table;
  },
  QuantileAge: (rows) => {
    const age = new QuantileAge(16 * 1024 * 1024);
    const bins = new BinList();
    for (const id of idsUpTo(rows)) {
      bins.clear();
      bins.merge(Int16Array.of(id % 1000), Uint32Array.of(1), 0, 1);
      age.add(id, bins);
    }
    // The minute of the burst, and one in which nothing came.
    age.clear();
    age.clear();
    return age;
  },
  SeriesRegistry: (rows) => {
    const registry = new SeriesRegistry();
    for (const id of idsUpTo(rows))
      registry.admit(
        { id, type: 'gauge', name: 'm' },
        'gauge',
        'a',
        () => ['id', String(id)],
        (other) => ['id', String(other)],
      );
    for (const id of idsUpTo(rows)) registry.release(id);
    registry.trim();
    return registry;
  },
};

describe.each(Object.entries(TABLES))('%s', (_, emptied) => {
  it('takes no more after a burst than after a few rows', () => {
    expect(bufferBytes(emptied(BURST))).toBeLessThanOrEqual(bufferBytes(emptied(ROWS_KEPT)));
  });
});

it('a table that holds a burst takes as much more, which the tests above would see', () => {
  expect(bufferBytes(registryOf(BURST))).toBeGreaterThan(10 * bufferBytes(registryOf(ROWS_KEPT)));
});
