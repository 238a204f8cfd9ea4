/**
 * The failover region as a further Datadog output: where it is, its key, and which series it gets
 * (docs/datadog.md#a-failover-region). The key of the first region is never used for it.
 */
import { type ByteString, toByteString } from '../../model/text.ts';

export interface FailoverSettings {
  readonly enabled: boolean;
  readonly failover_metrics: boolean;
  readonly api_key: string;
  readonly site: string;
  readonly dd_url: string;
  readonly metric_allowlist: readonly string[];
}

export interface Failover {
  readonly place: { readonly dd_url: string; readonly site: string; readonly api_key: string };
  /** Names of series; undefined is all. */
  readonly series: ReadonlySet<ByteString> | undefined;
}

/** Undefined while nothing is sent there. */
export function failoverOf(settings: FailoverSettings): Failover | undefined {
  const { enabled, failover_metrics: isSent, dd_url: url, site, api_key, metric_allowlist: names } = settings;
  if (!enabled || !isSent) return undefined;
  return {
    place: { dd_url: url === '' ? `https://app.mrf.${site}` : url, site, api_key },
    series: names.length === 0 ? undefined : new Set(names.map(toByteString)),
  };
}
