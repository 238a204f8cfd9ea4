import { describe, expect, test } from 'vitest';
import type { KnownContexts } from '../../statistics/metric-table.ts';
import { MetricTable } from '../../statistics/metric-table.ts';
import { TagTable } from '../../statistics/tag-table.ts';
import type { LiveStatistics } from './live-statistics.ts';
import { type MetricQuery, parseSearch, topMetrics } from './top-metrics.ts';

describe('a search', () => {
  test('has words, types and tags', () => {
    expect(parseSearch(' Check  type:d tag:env:prod name:A.b out ')).toEqual({
      words: ['check', 'out'],
      names: ['A.b'],
      types: ['distribution'],
      tags: ['env:prod'],
    });
  });

  test.each([
    ['type:count', 'counter'],
    ['type:ms', 'histogram'],
    ['TYPE:Gauge', 'gauge'],
    ['type:s', 'set'],
  ])('%s is the type %s', (text, want) => {
    expect(parseSearch(text).types).toEqual([want]);
  });

  test('an unknown type is a word', () => {
    expect(parseSearch('type:x')).toEqual({ words: ['type:x'], names: [], types: [], tags: [] });
  });
});

describe('rows of metrics', () => {
  const COUNT = 200;
  const ALL: MetricQuery = {
    ...{ sort: 'rate', reverse: false, search: '', type: undefined, offset: 0, limit: COUNT, since: 10 },
  };

  /** Metrics m0, m1 …: two of each rate, and every tenth with none. */
  function statisticsOf(): LiveStatistics {
    const nameOf = (id: number): string => `m${id}`;
    const known: KnownContexts = {
      nameOf,
      typeOf: () => 'counter',
      isOverflow: () => false,
      context: (id) => ({ id, name: nameOf(id), type: 'counter', host: '', tags: [] }),
    };
    const metrics = new MetricTable(known, new TagTable([1, 2]));
    for (let id = 0; id < COUNT; id++) {
      const samples = id % 10 === 0 ? 0 : ((id * 37) % 100) + 1;
      metrics.add(id, samples, 1000, 1010, 1009);
    }
    metrics.covered = 1010;
    return { metrics, startedAt: 1000, bytesScale: 1, threadCount: 1 } as unknown as LiveStatistics;
  }

  const namesOf = (statistics: LiveStatistics, query: Partial<MetricQuery>): string[] =>
    topMetrics(statistics, { ...ALL, ...query }, undefined).rows.map(({ name }) => name);

  test.each([
    'rate',
    'samples',
    'contexts',
    'last-seen',
    'name',
  ] as const)('pages of the order by %s are the whole order, both ways', (sort) => {
    const statistics = statisticsOf();
    for (const reverse of [false, true]) {
      const all = namesOf(statistics, { sort, reverse });
      expect(new Set(all).size).toBe(COUNT);
      const pages = [0, 60, 120, 180].flatMap((offset) =>
        namesOf(statistics, { sort, reverse, offset, limit: 60 }),
      );
      expect(pages).toEqual(all);
    }
  });

  test('the largest is first, equal ones by name, and the total is that of all', () => {
    const answer = topMetrics(statisticsOf(), { ...ALL, limit: 3 }, undefined);
    expect(answer.rows.map(({ name, samples }) => [name, samples])).toEqual([
      ['m27', 100],
      ['m127', 100],
      ['m54', 99],
    ]);
    expect(answer.total).toBe(COUNT);
  });
});
