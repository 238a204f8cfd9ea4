/** How metrics are shown to Prometheus where no rule says otherwise, from the configuration. */
import type { Config } from '../../config/schema.ts';
import type { ExposureSettings } from '../../outputs/prometheus/exposure.ts';

export function exposureSettings({ outputs: { prometheus } }: Config): ExposureSettings {
  return {
    form: prometheus.distributions,
    buckets: prometheus.buckets.map(Number),
    timingsInSeconds: prometheus.timings !== 'milliseconds',
    timingsSaySo: prometheus.timings === 'seconds',
  };
}
