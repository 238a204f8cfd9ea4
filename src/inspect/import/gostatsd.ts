/**
 * Reads a configuration of gostatsd (TOML, YAML or JSON) and its flags, and says the same in our configuration: where it listens,
 * when it flushes, tags, filters and backends. What has no equal here is left out and named. Its defaults are written where
 * ours are others, so that the two servers do the same.
 */
import { readFields } from './file-format.ts';
import { BACKEND_NAMES, importBackends } from './gostatsd-backends.ts';
import { importFilters } from './gostatsd-filters.ts';
import {
  addressOf,
  durationOf,
  EXPIRY_SECONDS_MAX,
  type Fields,
  type ImportResult,
  listenKeys,
  mapOf,
  Notes,
  percentilesOf,
  wordsOf,
} from './import-result.ts';
import { flagPairs } from './statsd-exporter-flags.ts';

const BUCKET_SECONDS_MAX = 3600;
const BUFFER_BYTES = [512, 65_536] as const;
/** Names there and here of what is computed from a timer. */
const AGGREGATES = [
  ...(['lower', 'upper', 'mean', 'median', 'sum', 'count'] as const),
  ...(['count-per-second', 'stddev', 'sum-squares'] as const),
];
const OUR_AGGREGATES: Readonly<Record<string, string>> = {
  ...{ lower: 'min', upper: 'max', mean: 'avg', median: 'median', sum: 'sum', count: 'count' },
};

/** Keys that concern threads, queues and its own log: there is nothing to carry over. */
const NEUTRAL = new Set([
  ...['max-readers', 'max-parsers', 'max-workers', 'max-queue-size', 'max-concurrent-events'],
  ...['estimated-tags', 'receive-batch-size', 'conn-per-reader', 'bad-lines-per-minute', 'log-raw-metric'],
  ...[
    'statser-type',
    'verbose',
    'json',
    'version',
    'profile',
    'config-path',
    'hostname',
    'filters',
    'filter',
  ],
  ...['backends', 'fast-fail-on-non-retryable-errors', 'disable-internal-events', 'flush-aligned'],
]);
/** Keys with a sentence of their own where they say something. */
const WHY_NOT: Readonly<Record<string, string>> = {
  'heartbeat-enabled':
    'there is no metric "heartbeat"; whippet_aggregate_flushes_total on /metrics counts flushes',
  'internal-tags': 'metrics of the server itself have labels of their own',
  'internal-namespace': 'metrics of the server itself begin with whippet_',
  'timer-histogram-limit': 'tags gsd_histogram are tags like others; buckets of a rule make a histogram',
  'cloud-provider':
    'tags of a cloud come from dogstatsd_tags; those of containers from the origin (docs/origin.md)',
  'server-mode': 'a forwarder and its aggregation server are global aggregation here (docs/global.md)',
  'http-transport': 'a forwarder and its aggregation server are global aggregation here (docs/global.md)',
  transport: 'how requests are sent is a matter of each output, and of proxy',
  'flush-offset': 'buckets begin at whole multiples of their width',
  'expiry-interval-gauge': 'a gauge is sent in buckets with data, and not repeated',
  'expiry-interval-set': 'a set is sent in buckets with data, and not repeated',
  'expiry-interval-timer': 'a timer is sent in buckets with data, and not repeated',
};
const READ = new Set([
  ...['metrics-addr', 'flush-interval', 'percent-threshold', 'expiry-interval', 'expiry-interval-counter'],
  ...['namespace', 'default-tags', 'receive-buffer-size', 'ignore-host', 'http-servers', 'http'],
  'disabled-sub-metrics',
]);
const OFF_WHEN: ReadonlySet<unknown> = new Set([false, 'false', '', 'standalone', 0, '0', '0s']);

/** Throws when the text is no configuration. `flags` are those of its command line, and win over the file. */
export function importGostatsd(text: string, flags: readonly string[] = []): ImportResult {
  const config: Fields = { ...readFields(text), ...Object.fromEntries(flagPairs(flags)) };
  const notes = new Notes();
  for (const [key, value] of Object.entries(config)) {
    const why = WHY_NOT[key];
    if (why !== undefined) {
      if (!OFF_WHEN.has(value)) notes.add(key, why);
    } else if (!READ.has(key) && !NEUTRAL.has(key) && !BACKEND_NAMES.has(key)) noteUnknown(key, value, notes);
  }
  const { keys, outputs } = importBackends(config, notes);
  const rules = importFilters(config, notes);
  const tags = wordsOf(config['default-tags']);
  if (config['ignore-host'] !== true && config['ignore-host'] !== 'true')
    notes.add(
      'ignore-host',
      'there the host of a metric is the address of its sender; here it is this server',
    );
  return {
    config: {
      ...listening(config, notes),
      ...timing(config, notes),
      ...timers(config, notes),
      ...(typeof config.namespace === 'string' &&
        config.namespace !== '' && { statsd_metric_namespace: config.namespace }),
      ...(tags.length > 0 && { dogstatsd_tags: tags }),
      // A gauge with a sign is a change there.
      dialects: { relative_gauges: true },
      ...keys,
      ...(rules.length > 0 && { rules }),
      ...http(config, notes),
      ...(Object.keys(outputs).length > 0 && { outputs }),
    },
    notes: notes.all,
  };
}

function noteUnknown(key: string, value: unknown, notes: Notes): void {
  if (/^cloud-|^(max|burst)-cloud-/.test(key) || ['aws', 'k8s', 'cachedcloud'].includes(key)) return;
  notes.add(key, typeof value === 'object' ? 'is a section that is not known here' : 'is not known here');
}

function listening(config: Fields, notes: Notes): Fields {
  const where = String(config['metrics-addr'] ?? ':8125');
  const buffer = Number(config['receive-buffer-size'] ?? BUFFER_BYTES[1]);
  const size = Math.min(Math.max(buffer, BUFFER_BYTES[0]), BUFFER_BYTES[1]);
  const bufferKeys = size === BUFFER_BYTES[1] ? {} : { dogstatsd_buffer_size: size };
  if (where.startsWith('/')) return { dogstatsd_port: -1, dogstatsd_socket: where, ...bufferKeys };
  const address = addressOf(where);
  if (address === undefined) {
    notes.add('metrics-addr', `${where} is no address with a port`);
    return bufferKeys;
  }
  return { dogstatsd_port: address.port, ...listenKeys(address), ...bufferKeys };
}

function timing(config: Fields, notes: Notes): Fields {
  const flush = durationOf(config['flush-interval'] ?? '1s');
  const seconds = Math.min(Math.max(Math.round(flush), 1), BUCKET_SECONDS_MAX);
  if (seconds !== flush)
    notes.add('flush-interval', `buckets are whole seconds, from 1 to ${BUCKET_SECONDS_MAX}: ${seconds}`);
  const expiry = durationOf(config['expiry-interval-counter'] ?? config['expiry-interval'] ?? '5m');
  if (expiry === 0)
    notes.add('expiry-interval', 'counters never expire there; here they do after a week without data');
  const kept = expiry === 0 ? EXPIRY_SECONDS_MAX : Math.min(Math.max(expiry, 0), EXPIRY_SECONDS_MAX);
  return { bucket_seconds: seconds, dogstatsd_expiry_seconds: kept };
}

function timers(config: Fields, notes: Notes): Fields {
  const disabled = mapOf(config, 'disabled-sub-metrics');
  const wanted = AGGREGATES.filter((name) => disabled[name] !== true);
  const missing = wanted.filter((name) => OUR_AGGREGATES[name] === undefined);
  if (missing.length > 0)
    notes.add(
      'timers',
      `${missing.join(', ')} are not there; lower, upper and mean are called min, max and avg`,
    );
  const thresholds = wordsOf(config['percent-threshold'] ?? '90').map(Number);
  const { shares, rounded } = percentilesOf(thresholds);
  if (rounded.length > 0)
    notes.add('percent-threshold', `${rounded.join(', ')} are rounded; percentiles of a rule are not`);
  if (thresholds.some((one) => one < 0))
    notes.add('percent-threshold', 'a negative one, for the values from the top, has no equal');
  return {
    histogram_aggregates: wanted.flatMap((name) => OUR_AGGREGATES[name] ?? []),
    histogram_percentiles: shares,
  };
}

/** The first of its servers; here there is one for everything. */
function http(config: Fields, notes: Notes): Fields {
  const [first, ...others] = wordsOf(config['http-servers']);
  if (first === undefined) return {};
  const section = mapOf(mapOf(config, 'http'), first);
  if (others.length > 0)
    notes.add('http-servers', `one server does everything here: ${others.join(', ')} are left out`);
  if (section['enable-ingestion'] === true)
    notes.add(`http.${first}`, 'packets over HTTP have another format here (docs/http.md)');
  const address = addressOf(String(section.address ?? ''));
  if (address === undefined) return {};
  return { http: { host: address.host || '0.0.0.0', port: address.port } };
}
