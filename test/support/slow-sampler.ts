/**
 * The time sampler, slow and obvious: every sample is kept as it came, and a flush looks at them all. Written from
 * docs/behaviour/aggregation.md#buckets, for comparison with the real one; it shares no code with it but
 * sketch keys.
 */
import { keyOf } from '../../src/aggregate/sketch/sketch-keys.ts';
import type { ContextType } from '../../src/model/context.ts';

export interface SlowSample {
  /** Name of the context, unique. */
  readonly name: string;
  readonly type: ContextType;
  readonly value: number;
  readonly rate: number;
  /** When it was received, Unix seconds; and after how many others, as clocks step back. */
  readonly at: number;
  readonly order: number;
  /** A time of its own, Unix seconds; 0 for none. */
  readonly timestamp: number;
}

export interface SlowOptions {
  readonly intervalSeconds: number;
  readonly counterExpirySeconds: number;
  readonly contextExpirySeconds: number;
  readonly flushIncompleteBuckets: boolean;
}

export class SlowSampler {
  /** Aggregates of open buckets that the last flush of all left behind. */
  leftBehind = 0;
  private readonly options: SlowOptions;
  private samples: SlowSample[] = [];
  private passing: SlowSample[] = [];
  private readonly lastSeen = new Map<string, SlowSample>();
  private lastCutOff = 0;

  constructor(options: SlowOptions) {
    this.options = options;
  }

  add(sample: SlowSample): void {
    const { name, type, timestamp } = sample;
    if (timestamp !== 0 && type !== 'distribution') {
      this.passing.push(sample);
      return;
    }
    // A distribution with a time of its own is the copy of a histogram.
    const timed = { ...sample, at: timestamp === 0 ? sample.at : timestamp };
    this.samples.push(timed);
    const last = this.lastSeen.get(name);
    if (last === undefined || last.order < timed.order) this.lastSeen.set(name, timed);
  }

  /** What comes out, a line for each point. */
  flush(now: number, final: boolean): string[] {
    const { intervalSeconds: width, flushIncompleteBuckets } = this.options;
    const cutOff = this.startOf(now);
    const points = this.passing.map(({ name, type, value, timestamp }) =>
      pointOf(name, timestamp, '', type === 'counter' ? value / width : value),
    );
    this.passing = [];
    const starts = new Set(this.samples.map(({ at }) => this.startOf(at)));
    const withSeries = this.samples.filter(({ type }) => type !== 'distribution');
    const zeroStarts = new Set(withSeries.map(({ at }) => this.startOf(at)));
    if (zeroStarts.size === 0 && this.lastCutOff + width <= cutOff) {
      zeroStarts.add(cutOff - width);
      starts.add(cutOff - width);
    }
    for (const start of starts) {
      if (start + width > cutOff && !(final && flushIncompleteBuckets)) continue;
      points.push(...this.bucket(start, zeroStarts.has(start)));
    }
    if (final) this.leaveBehind();
    this.expire(now);
    this.lastCutOff = cutOff;
    return points.sort();
  }

  /** Takes the samples of a bucket away; its points, with those of idle counters. */
  private bucket(start: number, zeroFilled: boolean): string[] {
    const byName = new Map<string, SlowSample[]>();
    const rest: SlowSample[] = [];
    for (const sample of this.samples) {
      if (this.startOf(sample.at) !== start) rest.push(sample);
      else byName.set(sample.name, [...(byName.get(sample.name) ?? []), sample]);
    }
    this.samples = rest;
    if (zeroFilled) {
      for (const [name, { type, at }] of this.lastSeen) {
        const isDue = type === 'counter' && Math.trunc(at) + this.options.counterExpirySeconds > start;
        if (isDue && !byName.has(name)) byName.set(name, []);
      }
    }
    return [...byName].flatMap(([name, samples]) => this.pointsOf(name, start, samples));
  }

  private pointsOf(name: string, start: number, samples: readonly SlowSample[]): string[] {
    const { intervalSeconds: width } = this.options;
    const sum = samples.reduce((sum, { value, rate }) => sum + value / rate, 0);
    const observed = samples.flatMap(({ value, rate }) => Array<number>(Math.trunc(1 / rate)).fill(value));
    observed.sort((a, b) => a - b);
    const point = (suffix: string, value: number): string => pointOf(name, start, suffix, value);
    switch (samples[0]?.type ?? 'counter') {
      case 'counter':
        return [point('', sum / width)];
      case 'gauge':
        return [point('', lastOf(samples).value)];
      case 'set':
        return [point('', new Set(samples.map(({ value }) => value)).size)];
      case 'distribution':
        return [`${point('', sum)} ${sketchOf(observed)}`];
      case 'histogram':
        return [
          point('.max', observed.at(-1) as number),
          point('.median', observed[Math.trunc((observed.length - 1) / 2)] as number),
          point('.sum', sum),
          point('.count', observed.length / width),
          point('.95percentile', observed[Math.trunc((95 * observed.length - 1) / 100)] as number),
        ];
    }
  }

  private leaveBehind(): void {
    this.leftBehind += new Set(this.samples.map(({ name, at }) => `${name} ${this.startOf(at)}`)).size;
    this.samples = [];
  }

  private expire(now: number): void {
    const { contextExpirySeconds, counterExpirySeconds } = this.options;
    for (const [name, { type, at }] of this.lastSeen) {
      const life = contextExpirySeconds + (type === 'counter' ? counterExpirySeconds : 0);
      if (Math.trunc(at) + life < now) this.lastSeen.delete(name);
    }
  }

  private startOf(time: number): number {
    return Math.floor(time / this.options.intervalSeconds) * this.options.intervalSeconds;
  }
}

function lastOf(samples: readonly SlowSample[]): SlowSample {
  return samples.reduce((last, sample) => (sample.order > last.order ? sample : last));
}

/** A point as one line; the values in tests are exact in floating point. */
export function pointOf(name: string, timestamp: number, suffix: string, value: number): string {
  return `${name}${suffix} ${timestamp} ${value}`;
}

/** Observations, ascending, as what their sketch says of them. */
export function sketchOf(observed: readonly number[]): string {
  const bins = new Map<number, number>();
  for (const value of observed) bins.set(keyOf(value), (bins.get(keyOf(value)) ?? 0) + 1);
  const list = [...bins].sort(([a], [b]) => a - b).map(([key, count]) => `${key}:${count}`);
  return `${observed.length} ${observed[0]} ${observed.at(-1)} ${list.join()}`;
}
