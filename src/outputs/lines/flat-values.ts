/**
 * Aggregates as plain numbers, for receivers that take nothing else.
 *
 *   counter                 ''           what was counted in the bucket, or that per second
 *   gauge, set, timestamped ''           the value
 *   histogram               .max, .95percentile, …: the configured aggregates; `.count` as a counter
 *   distribution            .count, .sum, .min, .max, .avg, .median, .95percentile, .99percentile
 */
import type { Aggregate } from '../../model/series.ts';
import type { Sketch } from '../../model/sketch.ts';

export interface FlatValue {
  /** Appended to the name, with its dot; or empty. */
  readonly suffix: string;
  readonly value: number;
}

/** How a counter is given: what it counted in its bucket, or that per second. */
export type CounterForm = 'count' | 'rate';

const QUANTILES: readonly (readonly [suffix: string, q: number])[] = [
  ['.median', 0.5],
  ['.95percentile', 0.95],
  ['.99percentile', 0.99],
];

export function flatValues({ data, series, interval }: Aggregate, form: CounterForm): FlatValue[] {
  const counted = (sum: number): number => (form === 'count' ? sum : sum / interval);
  switch (data.kind) {
    case 'distribution':
      return ofSketch(data.sketch, counted);
    case 'counter':
      return series.map(({ suffix }) => ({ suffix, value: counted(data.sum) }));
    case 'histogram':
      return series.map(({ suffix, type, value }) => ({
        suffix,
        value: type === 'rate' || type === 'count' ? counted(data.histogram.count) : value,
      }));
    case 'timestamped':
      return series.map(({ suffix, type }) => ({
        suffix,
        value: type === 'rate' || type === 'count' ? counted(data.value) : data.value,
      }));
    default:
      return series.map(({ suffix, value }) => ({ suffix, value }));
  }
}

function ofSketch(sketch: Sketch, counted: (sum: number) => number): FlatValue[] {
  const { count, sum, min, max, avg } = sketch;
  if (count === 0) return [{ suffix: '.count', value: 0 }];
  return [
    { suffix: '.count', value: counted(count) },
    { suffix: '.sum', value: sum },
    { suffix: '.min', value: min },
    { suffix: '.max', value: max },
    { suffix: '.avg', value: avg },
    ...QUANTILES.map(([suffix, q]) => ({ suffix, value: sketch.quantile(q) })),
  ];
}
