/**
 * One aggregate as a row for people: what the numbers of a bucket are, in words short enough for a table.
 *
 *   counter       total 12               1.2/s
 *   gauge         0.93
 *   set           4 distinct
 *   histogram     count 20  min 1  avg 10.5  max 20  p95 19      2/s
 *   distribution  count 20  p50 10  p95 19  p99 20  max 20       2/s
 */
import type { Aggregate } from '../model/series.ts';
import { toSafeText } from './safe-text.ts';

/** `.95percentile`, `.99_9percentile`. */
const PERCENTILE = /^\.(\d+(?:_\d+)?)percentile$/;

export interface ConsoleRow {
  readonly metric: string;
  readonly type: string;
  readonly tags: string;
  readonly value: string;
  /** Per second; empty where a rate makes no sense. */
  readonly rate: string;
}

/** A counter without anything new: usually the zero fill of one that is idle. */
export function isIdle({ data }: Aggregate): boolean {
  return data.kind === 'counter' && data.sum === 0;
}

/** Describes an aggregate. Text from the network comes out escaped. */
export function toRow(aggregate: Aggregate): ConsoleRow {
  const { context } = aggregate;
  return {
    metric: toSafeText(context.name),
    type: context.type,
    tags: [...context.tags].sort().map(toSafeText).join(' '),
    ...measure(aggregate),
  };
}

/** Writes a number in at most about ten characters. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e12) return String(value);
  return String(Number(value.toPrecision(5)));
}

function measure({ data, interval, series }: Aggregate): Pick<ConsoleRow, 'value' | 'rate'> {
  switch (data.kind) {
    case 'counter':
      return { value: `total ${formatNumber(data.sum)}`, rate: perSecond(data.sum, interval) };
    case 'gauge':
      return { value: formatNumber(data.value), rate: '' };
    case 'set':
      return { value: `${formatNumber(data.distinct)} distinct`, rate: '' };
    case 'timestamped':
      return { value: `${formatNumber(data.value)} (with timestamp)`, rate: '' };
    case 'histogram': {
      const { count, sum, min, max } = data.histogram;
      const parts = describe({ count, min, avg: sum / count, max });
      for (const { suffix, value } of series) {
        const percentile = PERCENTILE.exec(suffix)?.[1]?.replace('_', '.');
        if (percentile !== undefined) parts.push(`p${percentile} ${formatNumber(value)}`);
      }
      return { value: parts.join('  '), rate: perSecond(count, interval) };
    }
    case 'distribution': {
      const { sketch } = data;
      const [p50, p95, p99] = [sketch.quantile(0.5), sketch.quantile(0.95), sketch.quantile(0.99)];
      const parts = describe({ count: sketch.count, p50, p95, p99, max: sketch.max });
      return { value: parts.join('  '), rate: perSecond(sketch.count, interval) };
    }
  }
}

function describe(numbers: Readonly<Record<string, number>>): string[] {
  return Object.entries(numbers).map(([name, value]) => `${name} ${formatNumber(value)}`);
}

function perSecond(amount: number, seconds: number): string {
  return `${formatNumber(amount / seconds)}/s`;
}
