/**
 * The server's own metrics, as every part reports them and the Prometheus page shows them.
 *
 * Names are complete (`whippet_listener_packets_dropped_total`): a part names a counter with `_total` at the
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

/** The same with one entry for each name, where the first was: a page may name a metric once. */
export function joinMetrics(metrics: readonly OwnMetric[]): OwnMetric[] {
  const byName = new Map<string, OwnMetric>();
  for (const metric of metrics) {
    const known = byName.get(metric.name);
    byName.set(metric.name, known ? { ...known, samples: [...known.samples, ...metric.samples] } : metric);
  }
  return [...byName.values()];
}
