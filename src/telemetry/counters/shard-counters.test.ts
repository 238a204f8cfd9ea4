import { describe, expect, it } from 'vitest';
import { EVENT_ERRORS, METRIC_ERRORS, SERVICE_CHECK_ERRORS } from '../../model/message.ts';
import { SHARD_COUNTER_BYTES, ShardCounters } from './shard-counters.ts';
import { shardMetrics } from './shard-metrics.ts';

function makeCounters(): ShardCounters {
  return new ShardCounters(new SharedArrayBuffer(SHARD_COUNTER_BYTES), 0);
}

describe('shard counters', () => {
  it('start at 0, add and are set', () => {
    const counters = makeCounters();
    expect(counters.get('events')).toBe(0);
    counters.add('events');
    counters.add('events', 4);
    counters.set('backlogHeldBytes', 77);
    expect(counters.get('events')).toBe(5);
    expect(counters.get('backlogHeldBytes')).toBe(77);
    expect(counters.get('serviceChecks')).toBe(0);
  });

  it('are seen by everyone who has the memory', () => {
    const buffer = new SharedArrayBuffer(SHARD_COUNTER_BYTES + 64);
    new ShardCounters(buffer, 64).add('lateSeals');
    expect(new ShardCounters(buffer, 64).get('lateSeals')).toBe(1);
  });

  it('have a place for every reason to reject a line', () => {
    const counters = makeCounters();
    for (const error of METRIC_ERRORS) counters.add(`metric:${error}`);
    for (const error of EVENT_ERRORS) counters.add(`event:${error}`);
    for (const error of SERVICE_CHECK_ERRORS) counters.add(`service_check:${error}`);
    const rejections = counters.rejections();
    expect(rejections).toHaveLength(METRIC_ERRORS.length + EVENT_ERRORS.length + SERVICE_CHECK_ERRORS.length);
    expect(rejections.every(({ count }) => count === 1)).toBe(true);
  });
});

describe('the metrics of shard counters', () => {
  it('are sums over all shards', () => {
    const [a, b] = [makeCounters(), makeCounters()];
    a.add('newContexts', 2);
    b.add('newContexts', 3);
    const contexts = shardMetrics([a, b]).find(({ name }) => name === 'whippet_core_new_contexts_total');
    expect(contexts?.samples).toEqual([{ labels: {}, value: 5 }]);
  });

  it('end in _total when they only grow, and have a sentence each', () => {
    for (const { name, type, help } of shardMetrics([makeCounters()])) {
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(help).toMatch(/^[A-Z].*\.$/);
    }
  });
});
