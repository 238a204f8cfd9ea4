import { describe, expect, it } from 'vitest';
import { OVER, OVERFLOW_NAME } from '../model/views/cardinality.ts';
import { OverflowLog } from './overflow-log.ts';

const NAMES = ['a', 'b', OVERFLOW_NAME];
const nameOf = (id: number): string => NAMES[id] ?? `m${id}`;

describe('the log of what is over a limit', () => {
  it('has an episode for each metric and limit, and knows its samples', () => {
    const log = new OverflowLog(0);
    log.count(0, OVER.contexts, 5);
    log.count(0, OVER.tags, 1);
    log.count(1, OVER.contexts, 7);
    const { begun, ended } = log.settle(10, nameOf);
    expect(begun.map(({ name, limit, samples }) => [name, limit, samples])).toEqual([
      ['b', OVER.contexts, 7],
      ['a', OVER.contexts, 5],
      ['a', OVER.tags, 1],
    ]);
    expect(ended).toEqual([]);
    expect(new Map(log.totals()).get('contexts')).toBe(12);
  });

  it('tells a beginning and an end once', () => {
    const log = new OverflowLog(0);
    for (const now of [10, 20, 30]) {
      log.count(0, OVER.metric, 1);
      expect(log.settle(now, nameOf).begun).toHaveLength(now === 10 ? 1 : 0);
    }
    expect(log.settle(40, nameOf).ended).toEqual([]);
    expect(log.settle(50, nameOf).ended).toMatchObject([{ name: 'a', since: 10, until: 50, samples: 3 }]);
    expect(log.settle(60, nameOf)).toEqual({ begun: [], ended: [] });
    log.count(0, OVER.metric, 1);
    expect(log.settle(70, nameOf).begun).toMatchObject([{ name: 'a', since: 70, samples: 1 }]);
    expect(log.episodes()).toHaveLength(1);
  });

  it('keeps the tags of what came before the first count', () => {
    const log = new OverflowLog(0);
    log.sample(OVER.contexts, 'a', ['id:1'], 5);
    log.sample(OVER.contexts, 'a', ['id:2'], 6);
    expect(log.episodes()).toEqual([]);
    log.count(0, OVER.contexts, 2);
    log.settle(10, nameOf);
    expect(log.episodes()[0]?.growth.report(1)).toMatchObject([{ key: 'id', distinct: 2 }]);
  });

  it('forgets samples of tags that no count followed', () => {
    const log = new OverflowLog(0);
    log.sample(OVER.contexts, 'a', ['id:1'], 5);
    for (const now of [10, 20, 30]) expect(log.settle(now, nameOf)).toEqual({ begun: [], ended: [] });
    log.count(0, OVER.contexts, 1);
    expect(log.settle(40, nameOf).begun[0]?.growth.report(1)).toEqual([]);
  });

  it('has room for a hundred, those with most samples, and counts the others', () => {
    const log = new OverflowLog(0);
    for (let id = 3; id < 203; id++) log.count(id, OVER.contexts, id);
    expect(log.settle(10, nameOf).begun).toHaveLength(100);
    expect(log.episodes().at(-1)?.name).toBe('m103');
    expect(new Map(log.totals()).get('contexts')).toBe(((3 + 202) * 200) / 2);
    for (const now of [20, 30, 40]) log.settle(now, nameOf);
    log.count(0, OVER.contexts, 1);
    expect(log.settle(50, nameOf).begun).toMatchObject([{ name: 'a' }]);
    expect(log.episodes()[0]?.name).toBe('a');
    expect(log.episodes()).toHaveLength(100);
  });

  it('counts what went to the series for all names', () => {
    const log = new OverflowLog(0);
    log.count(2, OVER.contexts, 9);
    log.settle(10, nameOf);
    expect(log.unnamedSamples).toBe(9);
  });
});
