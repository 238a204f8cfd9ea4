/** Flags of statsd_exporter's command line as our keys: where it listens, and which dialects of tags it reads. */
import { addressOf, type Fields, listenKeys } from './import-result.ts';

/** Each is on unless its flag turns it off; tags of DogStatsD are always read here. */
const DIALECTS = [
  ['influx', 'statsd.parse-influxdb-tags'],
  ['librato', 'statsd.parse-librato-tags'],
  ['signalfx', 'statsd.parse-signalfx-tags'],
] as const;

/** Flags that have no effect on what is received or shown. */
const NEUTRAL = new Set([
  ...['statsd.mapping-config', 'statsd.event-queue-size', 'statsd.event-flush-threshold'],
  ...['statsd.event-flush-interval', 'statsd.cache-type', 'log.level', 'log.format', 'statsd.read-buffer'],
  ...['statsd.udp-packet-queue-size', 'statsd.unixsocket-mode', 'web.enable-lifecycle'],
]);

/** `note` is told of each flag that has no equal here. */
export function importFlags(flags: readonly string[], note: (flag: string, text: string) => void): Fields {
  const given = new Map(flagPairs(flags));
  const isOff = (flag: string): boolean => given.has(`no-${flag}`) || given.get(flag) === 'false';
  const keys: Record<string, unknown> = {};
  let http: Fields = {};
  for (const [flag, value] of given) {
    const name = flag.replace(/^no-/, '');
    const address = addressOf(value);
    if (name === 'statsd.listen-udp') {
      if (value === '') keys.dogstatsd_port = -1;
      else if (address !== undefined)
        Object.assign(keys, listenKeys(address), { dogstatsd_port: address.port });
    } else if (name === 'statsd.listen-tcp') {
      if (address !== undefined)
        Object.assign(keys, listenKeys(address), { dogstatsd_tcp_port: address.port });
    } else if (name === 'statsd.listen-unixgram') {
      if (value !== '') keys.dogstatsd_socket = value;
    } else if (name === 'statsd.cache-size') keys.dogstatsd_mapper_cache_size = Number(value);
    else if (name === 'web.listen-address') {
      if (address !== undefined) http = { host: address.host || '0.0.0.0', port: address.port };
    } else if (name === 'web.telemetry-path') {
      if (value !== '/metrics') note(`--${flag}`, 'the page is at /metrics');
    } else if (name === 'statsd.relay.address')
      note(`--${flag}`, 'statsd_forward_host and statsd_forward_port forward packets as they came');
    else if (name === 'statsd.parse-dogstatsd-tags') {
      if (isOff(name)) note(`--${flag}`, 'tags of DogStatsD are always read here');
    } else if (!DIALECTS.some(([, known]) => known === name) && !NEUTRAL.has(name))
      note(`--${flag}`, 'is not known here');
  }
  return {
    ...keys,
    ...(Object.keys(http).length > 0 && { http }),
    dialects: {
      tags: DIALECTS.filter(([, flag]) => !isOff(flag)).map(([dialect]) => dialect),
      // A gauge with a sign is a change there.
      relative_gauges: true,
    },
  };
}

/** `--a=b`, `--a b` and `--a`, without their dashes. */
export function flagPairs(flags: readonly string[]): [flag: string, value: string][] {
  const pairs: [string, string][] = [];
  for (const word of flags) {
    const [, flag, value] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const last = pairs.at(-1);
    if (flag !== undefined) pairs.push([flag, value ?? '']);
    else if (last !== undefined) last[1] = word;
  }
  return pairs;
}
