/** The page for Prometheus, with what open buckets hold, as HTTP serves it. */
import type { Config } from '../../config/schema.ts';
import type { MetricsSource } from '../../http/observe-routes.ts';
import type { OpenValue } from '../../model/open-value.ts';
import type { PrometheusOutput } from '../../outputs/prometheus/prometheus-output.ts';
import type { OpenLook } from '../live/open-look.ts';

export function metricsSource(
  prometheus: PrometheusOutput,
  openLook: OpenLook,
  { weights, outputs }: Pick<Config, 'weights' | 'outputs'>,
): MetricsSource {
  const { open_bucket: seesOpen, own_metrics: own } = outputs.prometheus;
  // Fractions of exact weights are rounded when a bucket closes (outputs/cumulative/observed-bins.ts).
  const needsBins = weights === 'exact' ? undefined : (id: number) => prometheus.needsBins(id);
  const look = (value: OpenValue) => void prometheus.look(value);
  return {
    page: (accept) => prometheus.page(accept),
    ...(own === 'separate' && { ownPage: (accept) => prometheus.ownPage(accept) }),
    ...(seesOpen && { refresh: () => openLook.refresh(look, needsBins) }),
  };
}
