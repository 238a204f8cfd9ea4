/**
 * An OTLP output with its deliveries and a receiver, for tests: over HTTP or gRPC, with a clock that stands still.
 */
import { afterEach, beforeEach, expect } from 'vitest';
import type { Context, ContextType } from '../../src/model/context.ts';
import type { Aggregate } from '../../src/model/series.ts';
import { CumulativeTable } from '../../src/outputs/cumulative/cumulative-table.ts';
import { Credentials } from '../../src/outputs/ordered/credentials.ts';
import { HttpPost } from '../../src/outputs/ordered/http-post.ts';
import { OrderedDelivery } from '../../src/outputs/ordered/ordered-delivery.ts';
import type { Exporter } from '../../src/outputs/otlp/answer.ts';
import { GrpcExporter } from '../../src/outputs/otlp/grpc-exporter.ts';
import { HttpExporter } from '../../src/outputs/otlp/http-exporter.ts';
import { OtlpCourier } from '../../src/outputs/otlp/otlp-courier.ts';
import { OtlpOutput, type OtlpSettings } from '../../src/outputs/otlp/otlp-output.ts';
import { imbalanceOf } from '../../src/telemetry/ledger/ledger.ts';
import { aggregate, Contexts } from './decode/aggregates.ts';
import { HeardLog } from './decode/transactions.ts';
import { OtlpReceiver } from './fakes/otlp-receiver.ts';
import { VirtualClock } from './virtual-clock.ts';

export const T = 1_700_000_000;
const TLS = { skipVerify: false, minVersion: 'TLSv1.2', caFile: '' } as const;
const CREDENTIALS = {
  username: '',
  password: '',
  passwordFile: '',
  bearerToken: 'secret-token',
  bearerTokenFile: '',
  headers: { 'X-Tenant': 'a' },
};

/** Of the test that runs: made anew for each. */
export const now = {
  receiver: new OtlpReceiver(),
  url: '',
  contexts: new Contexts(),
  clock: new VirtualClock(T * 1000),
  log: new HeardLog(),
  closing: [] as (() => Promise<unknown>)[],
};

/** Makes all of that before each test of the file, and closes it after. */
export function useOtlpBench(): void {
  beforeEach(() => {
    now.contexts = new Contexts();
    now.clock = new VirtualClock(T * 1000);
    now.log = new HeardLog();
  });
  afterEach(async () => {
    for (const close of now.closing.splice(0).reverse()) await close();
  });
}

export async function startReceiver(protocol: 'http' | 'grpc' = 'http'): Promise<void> {
  now.receiver = new OtlpReceiver(protocol);
  now.url = await now.receiver.start();
  now.closing.push(() => now.receiver.close());
}

function exporterFor(protocol: 'http' | 'grpc', signal: 'metrics' | 'logs', timeoutMs: number): Exporter {
  if (protocol === 'grpc')
    return new GrpcExporter({
      origin: now.url,
      timeoutMs,
      credentials: new Credentials(CREDENTIALS),
      tls: TLS,
      userAgent: 'whippet/test',
    });
  const post = new HttpPost(
    {
      url: `${now.url}/v1/${signal}`,
      timeoutMs,
      credentials: CREDENTIALS,
      tls: TLS,
      proxy: { http: '', https: '', noProxy: [], nonexact: false },
      userAgent: 'whippet/test',
    },
    now.clock,
  );
  return new HttpExporter(post);
}

export function open(
  some: Partial<OtlpSettings> = {},
  temporality: 'delta' | 'cumulative' = 'delta',
  protocol: 'http' | 'grpc' = 'http',
  timeoutMs = 5000,
) {
  const deliver = (signal: 'metrics' | 'logs') => {
    const courier = new OtlpCourier({
      name: `${now.url}/v1/${signal}`,
      exporter: exporterFor(protocol, signal, timeoutMs),
      temporality,
      bytesMax: 512 * 1024,
      log: now.log,
      now: () => now.clock.now(),
    });
    const delivery = new OrderedDelivery({
      output: 'otlp',
      endpoint: `${now.url}/v1/${signal}`,
      identity: signal,
      courier,
      queue: { bytesMax: 10_000_000, storage: undefined },
      log: now.log,
      clock: now.clock,
      random: () => 0.5,
    });
    return { courier, delivery };
  };
  const { courier, delivery: metrics } = deliver('metrics');
  const { delivery: logs } = deliver('logs');
  const cumulative =
    temporality === 'cumulative' ? new CumulativeTable({ expirySeconds: 30, keepsBins: true }) : undefined;
  const output = new OtlpOutput({
    name: 'otlp',
    settings: {
      hostname: 'server',
      resource: { serviceName: 'whippet', instanceId: '', attributes: {}, unifiedTags: false },
      hostAsAttribute: false,
      compression: 'gzip',
      scale: 6,
      bucketsMax: 0,
      pointsMax: 2000,
      zeroSample: true,
      version: '1.2.3',
      ...some,
    },
    cumulative,
    metrics,
    logs,
    bytesMax: () => courier.bytesMax,
    lookup: (id) => now.contexts.lookup(id),
    startedAt: 0,
  });
  now.closing.push(() => output.close(0));
  const started = Promise.all([metrics.start(), logs.start()]);
  const flush = async (at: number, batch: readonly Aggregate[], settles = true): Promise<void> => {
    await started;
    const info = { at, interval: 10, final: false };
    cumulative?.begin(at);
    output.begin(info);
    for (const part of cumulative?.parts(batch) ?? [batch]) output.write(part);
    cumulative?.end(at);
    output.end(info);
    if (settles) await Promise.all([metrics.idle(), logs.idle()]);
  };
  const ledgerHolds = (): void => {
    for (const totals of output.totals())
      expect(imbalanceOf(totals), `${totals.name} ${totals.unit}`).toBe(0);
  };
  return { output, metrics, logs, flush, ledgerHolds };
}

export const make = (name: string, type: ContextType, tags: string[] = [], host = 'server'): Context =>
  now.contexts.create(name, type, tags, host);
export const counter = (context: Context, sum: number, at = T): Aggregate =>
  aggregate(context, { kind: 'counter', sum }, at);
export const pointsOf = (name: string) =>
  now.receiver.points
    .filter((point) => point.name === name)
    .map(({ startAt, at, value }) => [startAt, at, value]);
export const lossesOf = (bench: ReturnType<typeof open>) =>
  bench.metrics.status.losses.map(({ reason, items }) => [reason, items]);
