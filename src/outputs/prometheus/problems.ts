/**
 * What the Prometheus output did with input that does not fit the exposition formats, counted by reason.
 *
 * Adjusted means shown otherwise than sent, and nothing is lost; each series (or family of series) counts
 * once per reason. Rejected means an update was left out. Both appear on the page itself.
 */
import { type OwnMetric, ownMetricBy } from '../../telemetry/metric.ts';

export const ADJUSTMENTS = [
  /** A name without a single character; shown as `unnamed`. */
  'empty_name',
  /** Bytes that are not UTF-8; shown as U+FFFD, in names as `_`. */
  'invalid_utf8',
  /** Control characters in a label value; shown as U+FFFD. */
  'control_character',
  /** A tag without a key; left out. */
  'empty_tag',
  /** A tag without a value; shown as `tag="true"`. */
  'valueless_tag',
  /** A label name that means something to Prometheus; shown with `tag_` in front. */
  'reserved_label',
  /** Several values under one label name; joined with commas. */
  'duplicate_label',
  /** Series that look the same after escaping; shown as one. */
  'series_merged',
  /** Two types under one name; the second is shown with its type at the end of its name. */
  'type_conflict',
  /** A name that another family's samples need (`x_count` beside a summary `x`); shown like a type conflict. */
  'name_clash',
] as const;
export type Adjustment = (typeof ADJUSTMENTS)[number];

export const REJECTIONS = [
  /** A counter that would fall. */
  'negative_increment',
  /** A total that would become infinite: it stays at the largest double; counts and quantiles were still added. */
  'non_finite',
  /** No room for quantiles; the sum and count were still added. */
  'window_full',
  /** No room for the bins of a native or classic histogram; nothing of the bucket was added. */
  'bins_full',
  /** A service check beyond the number that is kept. */
  'check_limit',
  /** A timestamped sample of a type that cannot have one. */
  'unsupported',
] as const;
export type Rejection = (typeof REJECTIONS)[number];

export class Problems {
  private readonly _adjusted = new Map<Adjustment, number>(ADJUSTMENTS.map((reason) => [reason, 0]));
  private readonly _rejected = new Map<Rejection, number>(REJECTIONS.map((reason) => [reason, 0]));

  adjust(reason: Adjustment, times = 1): void {
    this._adjusted.set(reason, this.adjusted(reason) + times);
  }

  reject(reason: Rejection): void {
    this._rejected.set(reason, this.rejected(reason) + 1);
  }

  adjusted(reason: Adjustment): number {
    return this._adjusted.get(reason) ?? 0;
  }

  rejected(reason: Rejection): number {
    return this._rejected.get(reason) ?? 0;
  }

  ownMetrics(): OwnMetric[] {
    return [
      ownMetricBy(
        'counter',
        'whippet_prometheus_series_adjusted_total',
        'Series or families shown on this page otherwise than they were sent.',
        'reason',
        this._adjusted,
      ),
      ownMetricBy(
        'counter',
        'whippet_prometheus_updates_rejected_total',
        'Updates that this page could not take.',
        'reason',
        this._rejected,
      ),
    ];
  }
}
