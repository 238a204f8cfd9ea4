/** Makes the outputs for OTLP: one for each receiver. A URL is all it takes; without one there is nothing. */
import type { OtlpKeys } from '../../config/keys/outputs/otlp-keys.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { readVersion } from '../../lib/version.ts';
import type { Context } from '../../model/context.ts';
import { toByteString } from '../../model/text.ts';
import { CumulativeTable } from '../../outputs/cumulative/cumulative-table.ts';
import { filtered } from '../../outputs/filtered.ts';
import type { Exporter } from '../../outputs/otlp/answer.ts';
import type { Signal } from '../../outputs/otlp/pieces.ts';
import type { Output } from '../../outputs/output.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { httpSettings, queueSettings, shownUrl } from './receiver-settings.ts';

const POINTS_MAX = 2000;
const BYTES_MAX = 512 * 1024;
/** Events are few: their queue has this part of `queue_bytes`. */
const LOGS_SHARE = 1 / 8;
const LOGS_BYTES_MIN = 64 * 1024;

export interface OtlpSurroundings {
  readonly log: Logger;
  readonly context: (id: number) => Context;
}

export async function openOtlp(config: Config, around: OtlpSurroundings): Promise<Output[]> {
  const { additional, ...first } = config.outputs.otlp;
  const endpoints = [first, ...additional].filter(({ url }) => url !== '');
  const { expiry_seconds: expirySeconds } = config.outputs.prometheus;
  // The totals of a series are the same for all receivers.
  const cumulative = endpoints.some(({ temporality }) => temporality === 'cumulative')
    ? new CumulativeTable({ expirySeconds, keepsBins: true })
    : undefined;
  return Promise.all(
    endpoints.map((endpoint, i) =>
      openEndpoint(
        i === 0 ? 'otlp' : `otlp_${i + 1}`,
        endpoint,
        endpoint.temporality === 'cumulative' ? cumulative : undefined,
        config,
        around,
      ),
    ),
  );
}

/** What builds and sends requests is loaded by those who use it. */
async function openEndpoint(
  name: string,
  endpoint: OtlpKeys,
  cumulative: CumulativeTable | undefined,
  config: Config,
  { log, context }: OtlpSurroundings,
): Promise<Output> {
  const [{ OrderedDelivery }, { OtlpCourier }, { OtlpOutput }] = await Promise.all([
    import('../../outputs/ordered/ordered-delivery.ts'),
    import('../../outputs/otlp/otlp-courier.ts'),
    import('../../outputs/otlp/otlp-output.ts'),
  ]);
  const queue = queueSettings(config, endpoint);
  const deliver = async (signal: Signal) => {
    const shown = nameOf(endpoint, signal);
    const courier = new OtlpCourier({
      name: shown,
      exporter: await makeExporter(endpoint, signal, config),
      temporality: endpoint.temporality,
      bytesMax: BYTES_MAX,
      log,
      now: () => systemClock.now(),
    });
    const bytesMax =
      signal === 'logs' ? Math.max(queue.bytesMax * LOGS_SHARE, LOGS_BYTES_MIN) : queue.bytesMax;
    const delivery = new OrderedDelivery({
      output: name,
      endpoint: shown,
      identity: `otlp ${signal} ${endpoint.url} ${JSON.stringify(endpoint.headers)}`,
      courier,
      queue: { ...queue, bytesMax },
      log,
      clock: systemClock,
      random: Math.random,
    });
    void delivery.start();
    return { courier, delivery };
  };
  const { courier, delivery: metrics } = await deliver('metrics');
  const logs = endpoint.events ? (await deliver('logs')).delivery : undefined;
  const output = new OtlpOutput({
    name,
    settings: {
      hostname: toByteString(config.hostname),
      resource: {
        serviceName: endpoint.service_name,
        instanceId: endpoint.service_instance_id,
        attributes: endpoint.resource,
        unifiedTags: endpoint.unified_tags,
      },
      hostAsAttribute: endpoint.host_as_attribute,
      compression: endpoint.compression,
      scale: endpoint.scale,
      bucketsMax: endpoint.max_buckets,
      pointsMax: POINTS_MAX,
      zeroSample: endpoint.zero_sample,
      version: readVersion(),
    },
    cumulative,
    metrics,
    logs,
    bytesMax: () => courier.bytesMax,
    lookup: context,
    startedAt: Date.now(),
  });
  return filtered(output, endpoint);
}

async function makeExporter(endpoint: OtlpKeys, signal: Signal, config: Config): Promise<Exporter> {
  const url = urlOf(endpoint, signal);
  const settings = httpSettings(config, { ...endpoint, url });
  if (endpoint.protocol === 'grpc') {
    const [{ GrpcExporter }, { Credentials, withLoginOf }] = await Promise.all([
      import('../../outputs/otlp/grpc-exporter.ts'),
      import('../../outputs/ordered/credentials.ts'),
    ]);
    const target = new URL(url);
    return new GrpcExporter({
      origin: target.origin,
      timeoutMs: settings.timeoutMs,
      credentials: new Credentials(withLoginOf(target, settings.credentials)),
      tls: settings.tls,
      userAgent: settings.userAgent,
    });
  }
  const [{ HttpExporter }, { HttpPost }] = await Promise.all([
    import('../../outputs/otlp/http-exporter.ts'),
    import('../../outputs/ordered/http-post.ts'),
  ]);
  return new HttpExporter(new HttpPost(settings, systemClock));
}

/** Where a signal goes: below the URL, which many give with the path of metrics already. gRPC has paths of its own. */
function urlOf({ url, protocol }: OtlpKeys, signal: Signal): string {
  const target = new URL(url);
  const base = target.pathname.replace(/\/+$/, '').replace(/\/v1\/(metrics|logs)$/, '');
  target.pathname = protocol === 'grpc' ? '/' : `${base}/v1/${signal}`;
  return target.href;
}

/** The receiver for people: gRPC has one address for all signals. */
function nameOf(endpoint: OtlpKeys, signal: Signal): string {
  const shown = shownUrl(urlOf(endpoint, signal));
  return endpoint.protocol === 'grpc' ? `${shown}${signal}` : shown;
}
