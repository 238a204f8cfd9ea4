/** Makes the outputs for remote write: one for each receiver. A URL is all it takes; without one there is nothing. */
import type { RemoteWriteKeys } from '../../config/keys/outputs/remote-write-keys.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../lib/time/clock.ts';
import type { Context } from '../../model/context.ts';
import { toByteString } from '../../model/text.ts';
import { CumulativeTable } from '../../outputs/cumulative/cumulative-table.ts';
import { filtered } from '../../outputs/filtered.ts';
import type { Output } from '../../outputs/output.ts';
import type { ExposureRuleOf } from '../../outputs/prometheus/exposure.ts';
import type { RelabelRule } from '../../outputs/remote-write/series-labels.ts';
import { unitOf } from '../../outputs/remote-write/unit-of.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { httpSettings, queueSettings, shownUrl } from './receiver-settings.ts';

const SERIES_MAX = 2000;
const BYTES_MAX = 1024 * 1024;

export interface RemoteWriteSurroundings {
  readonly log: Logger;
  readonly context: (id: number) => Context;
  /** What the rule for a context says of how Prometheus sees it. */
  readonly exposureOf: ExposureRuleOf;
}

export async function openRemoteWrite(config: Config, around: RemoteWriteSurroundings): Promise<Output[]> {
  const { additional, ...first } = config.outputs.remote_write;
  const endpoints = [first, ...additional].filter(({ url }) => url !== '');
  if (endpoints.length === 0) return [];
  const { expiry_seconds: expirySeconds } = config.outputs.prometheus;
  const keepsBins = endpoints.some(({ distributions }) => distributions === 'native');
  // The totals of a series are the same for all receivers.
  const cumulative = new CumulativeTable({ expirySeconds, keepsBins });
  return Promise.all(
    endpoints.map((endpoint, i) =>
      openEndpoint(i === 0 ? 'remote_write' : `remote_write_${i + 1}`, endpoint, cumulative, config, around),
    ),
  );
}

/** What builds and sends requests is loaded by those who use it. */
async function openEndpoint(
  name: string,
  endpoint: RemoteWriteKeys,
  cumulative: CumulativeTable,
  config: Config,
  { log, context, exposureOf }: RemoteWriteSurroundings,
): Promise<Output> {
  const [{ HttpPost }, { OrderedDelivery }, { RemoteWriteCourier }, { RemoteWriteOutput }] =
    await Promise.all([
      import('../../outputs/ordered/http-post.ts'),
      import('../../outputs/ordered/ordered-delivery.ts'),
      import('../../outputs/remote-write/remote-write-courier.ts'),
      import('../../outputs/remote-write/remote-write-output.ts'),
    ]);
  const http = new HttpPost(httpSettings(config, endpoint), systemClock);
  const courier = new RemoteWriteCourier({
    name: shownUrl(endpoint.url),
    post: (headers, body) => http.post(headers, body),
    close: () => http.close(),
    version: endpoint.version === 'auto' ? 'auto' : endpoint.version === '1' ? 1 : 2,
    log,
  });
  const delivery = new OrderedDelivery({
    output: name,
    endpoint: shownUrl(endpoint.url),
    identity: `remote_write ${endpoint.url} ${JSON.stringify(endpoint.headers)}`,
    courier,
    queue: queueSettings(config, endpoint),
    log,
    clock: systemClock,
    random: Math.random,
  });
  const instance = endpoint.instance_label ? { instance: config.hostname } : {};
  const output = new RemoteWriteOutput({
    name,
    settings: {
      labels: {
        hostname: toByteString(config.hostname),
        labels: { ...instance, ...endpoint.labels },
        utf8Names: endpoint.utf8_names,
        relabel: endpoint.relabel.map(relabelRule),
      },
      seriesMax: SERIES_MAX,
      bytesMax: BYTES_MAX,
      zeroSample: endpoint.zero_sample,
      staleOnStop: endpoint.stale_on_stop,
      distributions: endpoint.distributions,
      schema: endpoint.schema,
      bucketsMax: endpoint.max_buckets,
    },
    cumulative,
    delivery,
    version: () => courier.version,
    lookup: context,
    unitOf: (one) => unitOf(one, exposureOf(one)),
    startedAt: Date.now(),
    log,
  });
  void delivery.start();
  return filtered(output, endpoint);
}

function relabelRule(rule: RemoteWriteKeys['relabel'][number]): RelabelRule {
  const { match, drop, keep_labels, drop_labels, rename_labels, set_labels, name } = rule;
  return {
    match,
    ...(drop !== undefined && { drop }),
    ...(keep_labels !== undefined && { keepLabels: keep_labels }),
    ...(drop_labels !== undefined && { dropLabels: drop_labels }),
    ...(rename_labels !== undefined && { renameLabels: rename_labels }),
    ...(set_labels !== undefined && { setLabels: set_labels }),
    ...(name !== undefined && { name }),
  };
}
