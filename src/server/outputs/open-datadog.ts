/**
 * Makes what delivers to Datadog from the configuration. An API key is all it takes; without one there is nothing.
 */
import { readKey, storageFolder } from '../../config/checks/check-delivery.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { readVersion } from '../../lib/version.ts';
import type { Delivery, DeliverySettings } from '../../outputs/datadog/delivery.ts';
import { failoverOf } from '../../outputs/datadog/failover.ts';
import {
  type IntakeDomain,
  type ListenerSettings,
  listDomains,
} from '../../outputs/datadog/intake-domains.ts';
import type { PayloadKind } from '../../outputs/datadog/payload.ts';
import type { SeriesFormat } from '../../outputs/datadog/payload-format.ts';
import type { OutputFilter } from '../../outputs/filtered.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { olderFormat, seriesFormatOf } from './payload-settings.ts';

const MIB = 1024 * 1024;
const METRICS: readonly PayloadKind[] = ['series', 'sketches'];
const MESSAGES: readonly PayloadKind[] = ['events', 'service_checks'];
const DEFAULT_RETRY_BYTES = 15 * MIB;
export const TLS_VERSIONS = {
  'tlsv1.0': 'TLSv1',
  'tlsv1.1': 'TLSv1.1',
  'tlsv1.2': 'TLSv1.2',
  'tlsv1.3': 'TLSv1.3',
} as const;

export interface OpenDelivery {
  /** Of its output: `datadog`, `datadog_2`, `datadog_v2`, `datadog_worker`, `datadog_failover`. */
  readonly name: string;
  readonly sink: Delivery;
  readonly filter: OutputFilter;
  readonly series: SeriesFormat;
  /** Kinds of payload it gets of those that are sent at all; undefined is each. */
  readonly kinds: readonly PayloadKind[] | undefined;
}

/** The deliveries, started: one for each Datadog output. None when there is no key, or the output is off. */
export async function openDeliveries(config: Config, log: Logger): Promise<OpenDelivery[]> {
  const outputs = listOutputs(config, log);
  if (outputs.length === 0) return [];
  // undici is loaded by those who need it.
  const { Delivery } = await import('../../outputs/datadog/delivery.ts');
  return outputs.map(({ name, domains, filter, series, kinds }, i) => {
    // One of them looks after the files of those that are gone.
    const others = i === 0 ? outputs.slice(1).flatMap((other) => other.domains) : 'first';
    const settings = { ...deliverySettings(config, domains), others } as const;
    const sink = new Delivery(settings, { log, clock: systemClock, random: Math.random });
    void sink.start();
    return { name, sink, filter, series, kinds };
  });
}

interface DatadogDestination {
  readonly name: string;
  readonly domains: readonly IntakeDomain[];
  readonly filter: OutputFilter;
  readonly series: SeriesFormat;
  readonly kinds?: readonly PayloadKind[];
}

/** The Datadog outputs that have a key, the first one first. */
function listOutputs(config: Config, log: Logger): DatadogDestination[] {
  const { datadog } = config.outputs;
  if (!datadog.enabled) return [];
  const { domains, withoutKeys } = listDomains(config, readVersion());
  for (const endpoint of withoutKeys) {
    log.error(
      { endpoint, code: 'ERR_DATADOG_NO_KEY' },
      'this endpoint has no API key, so nothing is sent to it; set api_key or its keys in additional_endpoints',
    );
  }
  const further = datadog.additional.flatMap((keys, i) => {
    const { site, api_key_file: path, dd_url } = keys;
    const api_key = path === '' ? keys.api_key : readKey(path);
    const place = { dd_url, site: site === '' ? config.site : site, api_key, api_key_file: path };
    return outputAt(`datadog_${i + 2}`, place, keys, config);
  });
  const failover = failoverOf(config.multi_region_failover);
  return [
    ...firstOutputs(domains, config),
    ...further,
    ...(failover === undefined
      ? []
      : outputAt('datadog_failover', failover.place, { ...datadog, series: failover.series }, config)),
  ];
}

/** The output of a single intake; none without a key. */
function outputAt(
  name: string,
  place: Omit<ListenerSettings, 'additional_endpoints'>,
  filter: OutputFilter,
  config: Config,
): DatadogDestination[] {
  const { domains } = listDomains({ ...place, additional_endpoints: {} }, readVersion());
  return domains.map((domain) => ({
    name,
    domains: [{ ...domain, output: name }],
    filter,
    series: seriesFormatOf(domain.url, config),
  }));
}

/** Those of the first intake and of `additional_endpoints`. A worker takes metrics in the place of the first intake alone. */
function firstOutputs(domains: readonly IntakeDomain[], config: Config): DatadogDestination[] {
  const filter = config.outputs.datadog;
  const worker = workerOf(config);
  if (worker === undefined) return byFormat(domains, filter, config);
  const { api_key, api_key_file } = config;
  const place = { dd_url: worker.url, site: '', api_key, api_key_file };
  const first = byFormat(domains.slice(0, 1), filter, config);
  const others = byFormat(domains.slice(1), filter, config);
  return [
    ...first.map((one) => ({ ...one, kinds: MESSAGES })),
    ...others.map((one) => ({ ...one, name: `datadog_${versionOf(one)}` })),
    ...outputAt('datadog_worker', place, filter, config).map((one) => ({
      ...one,
      kinds: METRICS,
      series: worker.series,
    })),
  ];
}

/**
 * The first output: of intakes that want series in the same form. Those that want another one are an output of their own, as
 * everything else there is about one is there for it: what is held, counted and lost.
 */
function byFormat(
  domains: readonly IntakeDomain[],
  filter: OutputFilter,
  config: Config,
): DatadogDestination[] {
  const groups = new Map<SeriesFormat, IntakeDomain[]>();
  for (const domain of domains) {
    const series = seriesFormatOf(domain.url, config);
    groups.set(series, [...(groups.get(series) ?? []), domain]);
  }
  return [...groups].map(([series, some], i) => ({
    name: i === 0 ? 'datadog' : `datadog_${versionOf({ series })}`,
    domains: some,
    filter,
    series,
  }));
}

/** `v1`, `v2` or `v3`. */
function versionOf({ series }: Pick<DatadogDestination, 'series'>): string {
  return series.slice(0, 2);
}

/** The worker that metrics for the first intake go through; undefined when there is none. */
function workerOf(config: Config): { readonly url: string; readonly series: SeriesFormat } | undefined {
  const used = [config.observability_pipelines_worker, config.vector].find(({ metrics }) => metrics.enabled);
  if (used === undefined || used.metrics.url === '' || config.api_key === '') return undefined;
  const { url, use_v3_api } = used.metrics;
  const isColumns = use_v3_api.series && config.use_v2_api.series;
  return { url, series: isColumns ? 'v3-columns' : olderFormat(config) };
}

export function deliverySettings(config: Config, domains: readonly IntakeDomain[]): DeliverySettings {
  return {
    domains,
    version: readVersion(),
    timeoutMs: config.forwarder_timeout * 1000,
    requestsMax: config.forwarder_num_workers * config.forwarder_max_concurrent_requests,
    protocol: config.forwarder_http_protocol,
    connectionResetMs: config.forwarder_connection_reset_interval * 1000,
    highMax: config.forwarder_high_prio_buffer_size,
    lowMax: config.forwarder_low_prio_buffer_size,
    retryBytesMax: retryBytes(config),
    spillRatio: config.forwarder_flush_to_disk_mem_ratio,
    storage: storageOf(config),
    backoff: {
      baseSeconds: config.forwarder_backoff_base,
      maxSeconds: config.forwarder_backoff_max,
      factor: config.forwarder_backoff_factor,
      recovery: config.forwarder_recovery_interval,
      recoveryReset: config.forwarder_recovery_reset,
    },
    keyValidationMs:
      (config.forwarder_apikey_validation_interval > 0 ? config.forwarder_apikey_validation_interval : 60) *
      60_000,
    stopTimeoutMs: config.forwarder_stop_timeout * 1000,
    proxy: proxyOf(config),
    tls: {
      skipVerify: config.skip_ssl_validation,
      minVersion: TLS_VERSIONS[config.min_tls_version],
      caFile: config.outputs.datadog.ca_file,
    },
    allowArbitraryTags: config.allow_arbitrary_tags,
  };
}

/** The newer key wins over the older one, which counts in units of 2 MiB. */
function retryBytes(config: Config): number {
  const { forwarder_retry_queue_payloads_max_size: bytes, forwarder_retry_queue_max_size: older } = config;
  return older > 0 && bytes === DEFAULT_RETRY_BYTES ? older * 2 * MIB : bytes;
}

export function proxyOf(config: Config): DeliverySettings['proxy'] {
  return {
    http: config.proxy.http,
    https: config.proxy.https,
    noProxy: config.proxy.no_proxy,
    nonexact: config.no_proxy_nonexact_match,
  };
}

export function storageOf(config: Config): DeliverySettings['storage'] {
  if (config.forwarder_storage_max_size_in_bytes === 0) return undefined;
  return {
    path: storageFolder(config),
    bytesMax: config.forwarder_storage_max_size_in_bytes,
    diskRatioMax: config.forwarder_storage_max_disk_ratio,
    ageMaxMs: config.forwarder_outdated_file_in_days * 86_400_000,
  };
}
