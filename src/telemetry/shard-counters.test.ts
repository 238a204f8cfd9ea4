import { describe, expect, it } from 'vitest';
import { EVENT_ERRORS, METRIC_ERRORS, SERVICE_CHECK_ERRORS } from '../model/message.ts';
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
    for (const error of METRIC_ERRORS)
      counters.addRejection({ kind: 'error', messageType: 'metric', error, at: 0 });
    for (const error of EVENT_ERRORS)
      counters.addRejection({ kind: 'error', messageType: 'event', error, at: 0 });
    for (const error of SERVICE_CHECK_ERRORS)
      counters.addRejection({ kind: 'error', messageType: 'service_check', error, at: 0 });
    const rejections = counters.rejections();
    expect(rejections).toHaveLength(METRIC_ERRORS.length + EVENT_ERRORS.length + SERVICE_CHECK_ERRORS.length);
    expect(rejections.every(({ count }) => count === 1)).toBe(true);
  });
});

describe('the metrics of shard counters', () => {
  it('are sums over all shards', () => {
    const [a, b] = [makeCounters(), makeCounters()];
    a.add('events', 2);
    b.add('events', 3);
    a.addRejection({ kind: 'error', messageType: 'metric', error: 'value', at: 0 });
    b.addRejection({ kind: 'error', messageType: 'metric', error: 'value', at: 0 });
    const metrics = shardMetrics([a, b]);
    const events = metrics.find(({ name }) => name === 'whippet_protocol_events_total');
    expect(events?.samples).toEqual([{ labels: {}, value: 5 }]);
    const rejected = metrics.find(({ name }) => name === 'whippet_protocol_messages_rejected_total');
    expect(rejected?.samples).toContainEqual({
      labels: { message_type: 'metric', reason: 'value' },
      value: 2,
    });
  });

  it('end in _total when they only grow, and have a sentence each', () => {
    for (const { name, type, help } of shardMetrics([makeCounters()])) {
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(help).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('are there at 0 before anything happens', () => {
    const rejected = shardMetrics([makeCounters()]).find(({ name }) => name.includes('rejected'));
    expect(rejected?.samples).toHaveLength(13);
    expect(rejected?.samples.every(({ value }) => value === 0)).toBe(true);
  });
});
