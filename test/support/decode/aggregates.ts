/**
 * Aggregates for tests of outputs, written in one line each.
 */
import { fromSketchKey, toSketchKey } from '../../../src/lib/sketch-key.ts';
import type { Context, ContextType } from '../../../src/model/context.ts';
import type { HistogramSummary } from '../../../src/model/histogram.ts';
import type { EventMessage, ServiceCheckMessage } from '../../../src/model/message.ts';
import type { Aggregate, AggregateData, Series } from '../../../src/model/series.ts';
import type { Sketch } from '../../../src/model/sketch.ts';

const NO_ORIGIN = {
  localData: { containerId: '', inode: 0n },
  externalData: { init: false, containerName: '', podUid: '' },
  cardinality: '',
};

/** Hands out contexts with ids in the order of creation. */
export class Contexts {
  private readonly contexts: Context[] = [];
  private readonly host: string;

  constructor(host = 'server') {
    this.host = host;
  }

  create(name: string, type: ContextType, tags: readonly string[] = [], host = this.host): Context {
    const context = { id: this.contexts.length, name, type, host, tags };
    this.contexts.push(context);
    return context;
  }

  readonly lookup = (id: number): Context | undefined => this.contexts[id];
}

/** One aggregate of a bucket of ten seconds; series as the Agent would send them. */
export function aggregate(context: Context, data: AggregateData, timestamp = 1_700_000_000): Aggregate {
  return { context, timestamp, interval: 10, data, series: seriesOf(context, data) };
}

function seriesOf(context: Context, data: AggregateData): Series[] {
  switch (data.kind) {
    case 'counter':
      return [{ suffix: '', type: 'rate', value: data.sum / 10 }];
    case 'gauge':
      return [{ suffix: '', type: 'gauge', value: data.value }];
    case 'set':
      return [{ suffix: '', type: 'gauge', value: data.distinct }];
    case 'distribution':
      return [{ suffix: '', type: 'distribution', value: data.sketch.sum }];
    case 'histogram': {
      const { max, sum, count } = data.histogram;
      return [
        { suffix: '.max', type: 'gauge', value: max },
        { suffix: '.avg', type: 'gauge', value: sum / count },
        { suffix: '.count', type: 'rate', value: count / 10 },
        { suffix: '.95percentile', type: 'gauge', value: data.histogram.quantile(0.95) ?? 0 },
      ];
    }
    case 'timestamped':
      return context.type === 'counter'
        ? [{ suffix: '', type: 'rate', value: data.value / 10 }]
        : [{ suffix: '', type: 'gauge', value: data.value }];
  }
}

export function histogramOf(values: readonly number[]): HistogramSummary {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    count: sorted.length,
    sum: sorted.reduce((sum, value) => sum + value, 0),
    min: sorted[0] ?? 0,
    max: sorted.at(-1) ?? 0,
    exact: true,
    quantile: (q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)],
    forEachValue: (visit) => {
      for (const value of sorted) visit(value, 1);
    },
  };
}

export function sketchOf(values: readonly number[]): Sketch {
  const { count, sum, min, max, quantile } = histogramOf(values);
  const bins = new Map<number, number>();
  for (const value of values) bins.set(toSketchKey(value), (bins.get(toSketchKey(value)) ?? 0) + 1);
  const keys = [...bins.keys()].sort((a, b) => a - b);
  return {
    count,
    sum,
    min,
    max,
    avg: count === 0 ? 0 : sum / count,
    keys,
    counts: keys.map((key) => bins.get(key) ?? 0),
    quantile: (q) => fromSketchKey(toSketchKey(quantile(q) ?? 0)),
  };
}

export function eventOf(title: string, changes: Partial<EventMessage> = {}): EventMessage {
  return {
    ...NO_ORIGIN,
    kind: 'event',
    title,
    text: '',
    timestamp: 0,
    hostname: 'server',
    aggregationKey: '',
    priority: 'normal',
    sourceType: '',
    alertType: 'info',
    tags: [],
    warnings: 0,
    ...changes,
  };
}

export function checkOf(name: string, changes: Partial<ServiceCheckMessage> = {}): ServiceCheckMessage {
  return {
    ...NO_ORIGIN,
    kind: 'service_check',
    name,
    status: 0,
    timestamp: 0,
    hostname: 'server',
    message: '',
    tags: [],
    warnings: 0,
    ...changes,
  };
}
