/** Makes the outputs whose receivers take lines: Graphite and InfluxDB. A URL is all it takes; without one there is nothing. */
import type { GraphiteKeys } from '../../config/keys/outputs/graphite-keys.ts';
import type { InfluxdbKeys } from '../../config/keys/outputs/influxdb-keys.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { toByteString } from '../../model/text.ts';
import { filtered } from '../../outputs/filtered.ts';
import type { LineFormat } from '../../outputs/lines/line-output.ts';
import type { Courier } from '../../outputs/ordered/courier.ts';
import type { Output } from '../../outputs/output.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { httpSettings, queueSettings, receiversOf, shownUrl, tlsSettings } from './receiver-settings.ts';

export async function openGraphite(config: Config, log: Logger): Promise<Output[]> {
  const receivers = receiversOf<GraphiteKeys>('graphite', config.outputs.graphite, ({ url }) => url !== '');
  if (receivers.length === 0) return [];
  const [{ GraphiteCourier }, { GraphiteFormat }] = await Promise.all([
    import('../../outputs/lines/graphite-courier.ts'),
    import('../../outputs/lines/graphite-format.ts'),
  ]);
  return Promise.all(
    receivers.map(({ name, keys }) => {
      const { hostname: host, port, protocol } = new URL(keys.url);
      const courier = new GraphiteCourier({
        host: host.replace(/^\[|\]$/g, ''),
        port: Number(port),
        tls: protocol === 'tls:' ? tlsSettings(config, keys) : undefined,
        timeoutMs: keys.timeout_seconds * 1000,
        receipt: keys.receipt,
      });
      const { tag_format: tags, prefix, host_tag: hostTag } = keys;
      const format = new GraphiteFormat({ tags, prefix, hostTag });
      const parts = { name, kind: 'graphite', endpoint: keys.url, identity: `graphite ${keys.url}` };
      return makeLines(config, { ...parts, keys, courier, format, compression: 'none' }, log);
    }),
  );
}

export async function openInfluxdb(config: Config, log: Logger): Promise<Output[]> {
  const receivers = receiversOf<InfluxdbKeys>('influxdb', config.outputs.influxdb, ({ url }) => url !== '');
  if (receivers.length === 0) return [];
  const [{ HttpPost }, { HttpCourier }, { InfluxFormat }, { droppedOf, lineParts }] = await Promise.all([
    import('../../outputs/ordered/http-post.ts'),
    import('../../outputs/ordered/http-courier.ts'),
    import('../../outputs/lines/influx-format.ts'),
    import('../../outputs/lines/influx-lines.ts'),
  ]);
  return Promise.all(
    receivers.map(({ name, keys }) => {
      const url = writeUrl(keys);
      // The API of version 2 has a word of its own for its tokens.
      const settings = httpSettings(config, { ...keys, url }, keys.bucket === '' ? undefined : 'Token');
      const courier = new HttpCourier({
        post: new HttpPost(settings, systemClock),
        headers: () => ({ 'content-type': 'text/plain; charset=utf-8' }),
        takesPages: false,
        parts: lineParts,
        droppedOf,
      });
      const format = new InfluxFormat({ hostTag: keys.host_tag });
      const parts = { name, kind: 'influxdb', endpoint: shownUrl(url), identity: `influxdb ${url}` };
      return makeLines(config, { ...parts, keys, courier, format, compression: keys.compression }, log);
    }),
  );
}

/** Where lines are written, from the address of the database. */
function writeUrl({ url, database, retention_policy, bucket, org }: InfluxdbKeys): string {
  const target = new URL(url);
  const base = target.pathname.replace(/\/+$/, '');
  if (!base.endsWith('/write')) target.pathname = base + (bucket === '' ? '/write' : '/api/v2/write');
  const query = { db: database, rp: retention_policy, bucket, org, precision: 'ms' };
  for (const [name, value] of Object.entries(query)) if (value !== '') target.searchParams.set(name, value);
  return target.href;
}

interface LineParts {
  readonly name: string;
  readonly kind: string;
  readonly endpoint: string;
  readonly identity: string;
  readonly keys: GraphiteKeys | InfluxdbKeys;
  readonly courier: Courier;
  readonly format: LineFormat;
  readonly compression: 'gzip' | 'none';
}

async function makeLines(config: Config, parts: LineParts, log: Logger): Promise<Output> {
  const [{ LineOutput }, { OrderedDelivery }] = await Promise.all([
    import('../../outputs/lines/line-output.ts'),
    import('../../outputs/ordered/ordered-delivery.ts'),
  ]);
  const { name, kind, endpoint, identity, keys, courier, format, compression } = parts;
  const delivery = new OrderedDelivery({
    ...{ output: name, endpoint, identity, courier, log },
    queue: queueSettings(config, keys),
    clock: systemClock,
    random: Math.random,
  });
  const hostname = toByteString(config.hostname);
  const output = new LineOutput({
    name,
    kind,
    format,
    counters: keys.counters,
    compression,
    hostname,
    delivery,
  });
  void delivery.start();
  return filtered(output, keys);
}
