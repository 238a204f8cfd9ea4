/**
 * Which series the Agent makes of a histogram (spec aggregation §6.1), read once from the configuration.
 *
 *   histogram_aggregates   max min median avg sum count     .max … .count; others are skipped
 *   histogram_percentiles  "0.95" "0.5"                     .50percentile .95percentile, ascending
 */
import type { Series, SeriesType } from '../model/series.ts';
import type { Histogram } from './histogram-summary.ts';

interface SeriesPlan {
  readonly suffix: string;
  readonly type: SeriesType;
  /** Undefined when the series is left out. */
  measure(histogram: Histogram, intervalSeconds: number): number | undefined;
}

const AGGREGATES: readonly SeriesPlan[] = [
  { suffix: '.max', type: 'gauge', measure: (h) => h.max },
  { suffix: '.min', type: 'gauge', measure: (h) => h.min },
  { suffix: '.median', type: 'gauge', measure: (h) => h.median() },
  { suffix: '.avg', type: 'gauge', measure: (h) => h.sum / h.count },
  { suffix: '.sum', type: 'gauge', measure: (h) => h.sum },
  { suffix: '.count', type: 'rate', measure: (h, intervalSeconds) => h.count / intervalSeconds },
];

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export class HistogramSeries {
  readonly #plans: readonly SeriesPlan[];

  constructor(aggregates: readonly string[], percentiles: readonly string[]) {
    this.#plans = [...planAggregates(aggregates), ...planPercentiles(percentiles)];
  }

  /** What is appended to a histogram's name: `.max`, `.95percentile`, … */
  get suffixes(): readonly string[] {
    return this.#plans.map(({ suffix }) => suffix);
  }

  of(histogram: Histogram, intervalSeconds: number): Series[] {
    const series: Series[] = [];
    for (const plan of this.#plans) {
      const value = plan.measure(histogram, intervalSeconds);
      if (value !== undefined) series.push({ suffix: plan.suffix, type: plan.type, value });
    }
    return series;
  }
}

function planAggregates(names: readonly string[]): SeriesPlan[] {
  return names.flatMap((name) => AGGREGATES.find(({ suffix }) => suffix === `.${name}`) ?? []);
}

// "0.95" ─▶ 95, "0.999" ─▶ 100, "0.29" ─▶ 29; two texts may come to the same series, as in the Agent
function planPercentiles(texts: readonly string[]): SeriesPlan[] {
  return texts
    .filter((text) => DECIMAL.test(text))
    .map(Number)
    .filter((fraction) => fraction >= 0 && fraction <= 1)
    .map((fraction) => Math.trunc(fraction * 100 + 0.5))
    .sort((a, b) => a - b)
    .map((percent) => ({
      suffix: `.${percent}percentile`,
      type: 'gauge',
      measure: (histogram) => histogram.percentile(percent),
    }));
}
