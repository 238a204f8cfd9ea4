/** The counters of each listener thread with the listener it belongs to, and their sums by listener. */
import type { ShardCounter, ShardCounters } from './shard-counters.ts';

export interface ListenerCounters {
  /** Label `listener` of the metrics: `udp`, `unixgram`, … */
  readonly listener: string;
  readonly counters: ShardCounters;
}

/** One number a listener: the sum over its threads, or what `join` makes of them two by two. */
export function byListener(
  threads: readonly ListenerCounters[],
  counter: ShardCounter,
  join: (a: number, b: number) => number = (a, b) => a + b,
): Map<string, number> {
  const values = new Map<string, number>();
  for (const { listener, counters } of threads) {
    const value = counters.get(counter);
    const before = values.get(listener);
    values.set(listener, before === undefined ? value : join(before, value));
  }
  return values;
}

/** Over all threads. */
export function sum(threads: readonly ListenerCounters[], counter: ShardCounter): number {
  return threads.reduce((total, { counters }) => total + counters.get(counter), 0);
}

/** Of all threads; 0 without any. */
export function largest(threads: readonly ListenerCounters[], counter: ShardCounter): number {
  return threads.reduce((most, { counters }) => Math.max(most, counters.get(counter)), 0);
}
