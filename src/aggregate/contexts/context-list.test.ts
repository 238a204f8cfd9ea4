import { describe, expect, it } from 'vitest';
import { finish } from '../../lib/time/steps.ts';
import type { ContextType } from '../../model/context.ts';
import type { ContextQuery } from '../../model/views/context-views.ts';
import { listContexts, listMetrics, viewMetric } from './context-list.ts';
import { Registry } from './registry.ts';

const QUERY: ContextQuery = { search: '', type: undefined, sort: 'samples', page: 1, perPage: 10 };
let lastKey = 0;

function registryOf(rows: [name: string, type: ContextType, tags: string[], samples: number][]): Registry {
  const registry = new Registry({ contexts: 1000, contextsPerMetric: 0, dryRun: false });
  for (const [name, type, tags, samples] of rows) {
    const key = new Uint32Array([++lastKey, 0, 0, 0]);
    const id = registry.intern(key, type, [name, 'h', ...tags].join('\n'), 100 + samples);
    registry.countSamples(id, samples);
  }
  return registry;
}

const registry = registryOf([
  ['hits', 'counter', ['env:prod', 'path:/a'], 5],
  ['hits', 'counter', ['env:prod', 'path:/b'], 9],
  ['hits', 'gauge', ['env:dev'], 1],
  ['load', 'gauge', [], 7],
]);

const contexts = (query: Partial<ContextQuery>) => finish(listContexts(registry, { ...QUERY, ...query }));

describe('listContexts', () => {
  it('orders by samples, most first, and tells everything of a context', () => {
    const { total, rows } = contexts({});
    expect(total).toBe(4);
    expect(rows.map(({ samples }) => samples)).toEqual([9, 7, 5, 1]);
    expect(rows[1]).toEqual({
      name: 'load',
      type: 'gauge',
      host: 'h',
      tags: [],
      samples: 7,
      bytes: 5,
      lastSeen: 107,
    });
  });

  it.each([
    ['bytes', ['hits', 'hits', 'hits', 'load']],
    ['name', ['hits', 'hits', 'hits', 'load']],
    ['tag_values', ['hits', 'hits', 'hits', 'load']],
    ['last_seen', ['hits', 'load', 'hits', 'hits']],
  ] as const)('orders by %s', (sort, names) => {
    expect(contexts({ sort }).rows.map(({ name }) => name)).toEqual(names);
  });

  it('finds parts of names and tags in any case, and types', () => {
    expect(contexts({ search: 'PATH:/A' }).total).toBe(1);
    expect(contexts({ search: 'loa' }).total).toBe(1);
    expect(contexts({ type: 'gauge' }).total).toBe(2);
    expect(contexts({ search: 'nothing' })).toEqual({ total: 0, page: 1, perPage: 10, rows: [] });
  });

  it('pages', () => {
    const samples = [1, 2, 3].map((page) => contexts({ page, perPage: 2 }).rows.map((row) => row.samples));
    expect(samples).toEqual([[9, 7], [5, 1], []]);
  });
});

describe('listMetrics', () => {
  it('adds up the contexts of each name', () => {
    expect(finish(listMetrics(registry, { ...QUERY, sort: 'tag_values' })).rows).toEqual([
      { name: 'hits', types: ['counter', 'gauge'], contexts: 3, samples: 15, bytes: 52, tagValues: 2 },
      { name: 'load', types: ['gauge'], contexts: 1, samples: 7, bytes: 5, tagValues: 0 },
    ]);
  });
});

describe('viewMetric', () => {
  it('tells tag keys and the largest contexts', () => {
    const view = finish(viewMetric(registry, 'hits'));
    expect(view).toMatchObject({ contexts: 3, tagValues: 2 });
    expect(view?.tagKeys.map(({ key, distinct }) => [key, distinct])).toEqual([
      ['env', 2],
      ['path', 2],
    ]);
    expect(view?.largest.map(({ samples }) => samples)).toEqual([9, 5, 1]);
  });

  it('knows nothing of a metric that is not there', () => {
    expect(finish(viewMetric(registry, 'hit'))).toBeUndefined();
  });
});
