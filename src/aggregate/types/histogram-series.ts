/**
 * Which series a histogram comes to (docs/behaviour/aggregation.md#histograms), read once from the configuration.
 *
 *   histogram_aggregates   max min median avg sum count     .max … .count; others are skipped
 *   histogram_percentiles  "0.95" "0.5"                     .50percentile .95percentile, ascending
 *   percentiles of a rule  0.95 0.999                       .95percentile .99_9percentile
 *
 * The Agent rounds `histogram_percentiles` to whole percentages, values as well as names: 0.999 is 100. A rule
 * means what it says, and a fraction has its decimals behind an underscore, because a dot would make another
 * name of it.
 */
import { agentPercents, exactPercents } from '../../lib/text/percents.ts';
import type { AggregationRule } from '../../model/metric-rule.ts';
import type { Series, SeriesType } from '../../model/series.ts';
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
  // No weight, no average: a quotient by 0 is no number.
  { suffix: '.avg', type: 'gauge', measure: (h) => (h.count > 0 ? h.sum / h.count : undefined) },
  { suffix: '.sum', type: 'gauge', measure: (h) => h.sum },
  { suffix: '.count', type: 'rate', measure: (h, intervalSeconds) => h.count / intervalSeconds },
];

/** `histogram_aggregates` and `histogram_percentiles`. */
export interface HistogramDefaults {
  readonly aggregates: readonly string[];
  readonly percentiles: readonly string[];
}

/** The series of histograms under a rule, or without one. */
export function histogramSeriesOf(defaults: HistogramDefaults, rule: AggregationRule = {}): HistogramSeries {
  const { aggregates = defaults.aggregates, percentiles } = rule;
  const percents =
    percentiles === undefined ? agentPercents(defaults.percentiles) : exactPercents(percentiles);
  return new HistogramSeries(aggregates, percents);
}

/** Everything that may be appended to a histogram's name. */
export function possibleSuffixes(defaults: HistogramDefaults, rules: readonly AggregationRule[]): string[] {
  const all = [undefined, ...rules].flatMap((rule) => histogramSeriesOf(defaults, rule).suffixes);
  return [...new Set(all)];
}

export class HistogramSeries {
  private readonly plans: readonly SeriesPlan[];

  /** `percents` ascend. */
  constructor(aggregates: readonly string[], percents: readonly number[]) {
    const plans = [...planAggregates(aggregates), ...percents.map(planPercentile)];
    // Percentiles that round to one percentage, and aggregates that are named twice, make one series.
    this.plans = [...new Map(plans.map((plan) => [plan.suffix, plan])).values()];
  }

  /** What is appended to a histogram's name: `.max`, `.95percentile`, … */
  get suffixes(): readonly string[] {
    return this.plans.map(({ suffix }) => suffix);
  }

  of(histogram: Histogram, intervalSeconds: number): Series[] {
    const series: Series[] = [];
    for (const plan of this.plans) {
      const value = plan.measure(histogram, intervalSeconds);
      if (value !== undefined) series.push({ suffix: plan.suffix, type: plan.type, value });
    }
    return series;
  }
}

function planAggregates(names: readonly string[]): SeriesPlan[] {
  return names.flatMap((name) => AGGREGATES.find(({ suffix }) => suffix === `.${name}`) ?? []);
}

function planPercentile(percent: number): SeriesPlan {
  return {
    suffix: `.${String(percent).replace('.', '_')}percentile`,
    type: 'gauge',
    measure: (histogram) => histogram.percentile(percent),
  };
}
