/**
 * One aggregate as a row for people: figures that stand under each other in a table.
 *
 *   rate/s  val/p50     p95     p99     max  ty metric  tags
 *
 *   counter       rate of its total, and the total
 *   gauge         the last value
 *   set           distinct elements
 *   histogram, distribution   rate of its values, p50, p95, p99 and the maximum, whatever is configured for outputs
 */
import { formatRate, formatValue } from '../../lib/text/short-number.ts';
import { TYPE_LETTERS } from '../../model/context.ts';
import type { Aggregate } from '../../model/series.ts';
import { toSafeText } from '../safe-text.ts';

const FIGURE = 7;

export interface ConsoleRow {
  readonly metric: string;
  readonly type: string;
  readonly tags: string;
  readonly rate: string;
  readonly value: string;
  readonly p95: string;
  readonly p99: string;
  readonly max: string;
}

/** A counter without anything new: usually the zero fill of one that is idle. */
export function isIdle({ data }: Aggregate): boolean {
  return data.kind === 'counter' && data.sum === 0;
}

/** Values a second, by which rows are ordered; of sets and gauges it is not known here, and they come last. */
export function rateOf({ data, interval }: Aggregate): number {
  switch (data.kind) {
    case 'counter':
      return Math.abs(data.sum) / interval;
    case 'histogram':
      return data.histogram.count / interval;
    case 'distribution':
      return data.sketch.count / interval;
    default:
      return 1 / interval;
  }
}

/** Describes an aggregate. Text from the network comes out escaped. */
export function toRow(aggregate: Aggregate): ConsoleRow {
  const { context } = aggregate;
  return {
    metric: toSafeText(context.name),
    type: TYPE_LETTERS[context.type],
    tags: [...context.tags].sort().map(toSafeText).join(' '),
    ...figuresOf(aggregate),
  };
}

function figuresOf(aggregate: Aggregate): Omit<ConsoleRow, 'metric' | 'type' | 'tags'> {
  const { data } = aggregate;
  const none = { p95: '', p99: '', max: '' };
  const rate = formatRate(rateOf(aggregate), 6);
  switch (data.kind) {
    case 'counter':
      return { rate, value: formatValue(data.sum, 8), ...none };
    case 'gauge':
    case 'timestamped':
      return { rate: '', value: formatValue(data.value, 8), ...none };
    case 'set':
      return { rate: '', value: formatValue(data.distinct, 8), ...none };
    case 'histogram': {
      const { histogram } = data;
      const figure = (q: number): string => formatValue(histogram.quantile(q) ?? null, FIGURE, true);
      return {
        ...{ rate, value: figure(0.5), p95: figure(0.95), p99: figure(0.99) },
        max: formatValue(histogram.max, FIGURE, true),
      };
    }
    case 'distribution': {
      const { sketch } = data;
      const figure = (q: number): string => formatValue(sketch.quantile(q), FIGURE, true);
      return {
        ...{ rate, value: figure(0.5), p95: figure(0.95), p99: figure(0.99) },
        max: formatValue(sketch.max, FIGURE, true),
      };
    }
  }
}
