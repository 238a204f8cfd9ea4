/**
 * The server's own metrics, as every part reports them and the Prometheus page shows them.
 *
 * Names are complete (`whippet_intake_packets_dropped_total`): a part names a counter with `_total` at the
 * end, a gauge without. Label values come from a fixed list; those that come from input (names of metrics) are the
 * few largest.
 */

export interface OwnSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface OwnMetric {
  readonly name: string;
  /** One sentence for people. */
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly OwnSample[];
}

/** Builds a metric with one sample and no labels. */
export function ownMetric(type: OwnMetric['type'], name: string, help: string, value: number): OwnMetric {
  return { name, help, type, samples: [{ labels: {}, value }] };
}

/** Builds a metric with one sample for each value of one label. */
export function ownMetricBy(
  type: OwnMetric['type'],
  name: string,
  help: string,
  label: string,
  values: Iterable<readonly [string, number]>,
): OwnMetric {
  const samples = [...values].map(([text, value]) => ({ labels: { [label]: text }, value }));
  return { name, help, type, samples };
}
