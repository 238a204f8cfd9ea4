/**
 * Reads the statsd input of a Telegraf configuration and says the same in our configuration: where it listens, percentiles,
 * templates, global tags. What has no equal here is left out and named; so are the other inputs and the outputs, with what to
 * set instead.
 */
import { readFields } from './file-format.ts';
import {
  addressOf,
  durationOf,
  EXPIRY_SECONDS_MAX,
  type Fields,
  type ImportResult,
  isMap,
  listenKeys,
  mapOf,
  Notes,
  percentilesOf,
  wordsOf,
} from './import-result.ts';
import { importTemplates } from './telegraf-templates.ts';

const BUCKET_SECONDS_MAX = 3600;
const CONNECTIONS_MAX = 1_000_000;

/** Settings of the input that need nothing here: always so, or a matter of its memory. */
const NEUTRAL = new Set([
  ...['delete_gauges', 'delete_sets', 'delete_timings', 'parse_data_dog_tags', 'datadog_extensions'],
  ...['datadog_distributions', 'allowed_pending_messages', 'percentile_limit', 'number_workers_threads'],
  ...['tcp_keep_alive', 'tcp_keep_alive_period', 'first_counter_metric_gather_fill_with_zero', 'alias'],
  ...['interval', 'precision', 'collection_jitter', 'collection_offset', 'log_level'],
]);
const READ = new Set([
  ...['protocol', 'service_address', 'max_tcp_connections', 'percentiles', 'metric_separator', 'templates'],
  ...['read_buffer_size', 'max_ttl', 'tags', 'delete_counters'],
]);
/** Settings with a sentence of their own where they say something. */
const WHY_NOT: Readonly<Record<string, string>> = {
  enable_aggregation_temporality: 'outputs.otlp.temporality chooses between delta and cumulative',
  sanitize_name_method: 'names are kept as they were sent; each output makes of them what it needs',
  convert_names: 'names are kept as they were sent; each output makes of them what it needs',
  float_counters: 'counters are numbers of any kind',
  float_sets: 'sets are whole numbers',
  float_timings: 'timings are numbers of any kind',
  name_prefix: 'statsd_metric_namespace puts a word and a dot before every name',
  name_suffix: 'there is no suffix for every name',
  name_override: 'a mapping with match .* gives every metric one name',
  namepass: 'match of an output, or rules, choose metrics by name',
  namedrop: 'rules with drop choose metrics by name',
};

/** Where Telegraf sends, and what does that here. */
const OUTPUTS: Readonly<Record<string, string>> = {
  influxdb: 'set outputs.influxdb.url, database',
  influxdb_v2: 'set outputs.influxdb.url, bucket, org, bearer_token',
  prometheus_client: 'Prometheus scrapes /metrics at http.port',
  datadog: 'set api_key',
  graphite: 'set outputs.graphite.url',
  opentelemetry: 'set outputs.otlp.url, with protocol: grpc',
  file: 'set outputs.file.path; its lines are JSON',
  http: 'set outputs.remote_write.url if it takes prometheusremotewrite',
};

/** Throws when the text is no configuration with a statsd input. */
export function importTelegraf(text: string): ImportResult {
  const file = readFields(text, 'toml');
  const inputs = mapOf(file, 'inputs');
  const [input, ...others] = [inputs.statsd].flat().filter(isMap);
  if (input === undefined) throw new Error('this configuration has no [[inputs.statsd]]');
  const notes = new Notes();
  if (others.length > 0)
    notes.add('inputs.statsd', `one of ${others.length + 1}: the others need a server each`);
  for (const name of Object.keys(inputs)) if (name !== 'statsd') notes.add(`inputs.${name}`, 'is not StatsD');
  for (const name of Object.keys(mapOf(file, 'outputs')))
    notes.add(`outputs.${name}`, OUTPUTS[name] ?? 'has no equal; outputs.plugin is for what is not there');
  for (const section of ['processors', 'aggregators'])
    for (const name of Object.keys(mapOf(file, section)))
      notes.add(`${section}.${name}`, 'rules, the mapper and filters of outputs do some of what it may do');
  noteFields(input, notes);
  const separator = String(input.metric_separator ?? '_');
  const lines = Array.isArray(input.templates) ? input.templates.map(String) : [];
  const mappings = importTemplates(lines, separator, notes);
  const tags = { ...mapOf(file, 'global_tags'), ...mapOf(input, 'tags') };
  return {
    config: {
      ...listening(input, notes),
      ...timing(file, input, notes),
      ...timers(input, notes),
      ...host(mapOf(file, 'agent')),
      ...(Object.keys(tags).length > 0 && {
        dogstatsd_tags: Object.entries(tags).map(([key, value]) => `${key}:${String(value)}`),
      }),
      // Always on there: tags behind commas in the name, and gauges with a sign as changes.
      dialects: { tags: ['influx'], relative_gauges: true },
      ...(mappings.length > 0 && {
        dogstatsd_mapper_profiles: [{ name: 'telegraf', prefix: '*', mappings }],
      }),
    },
    notes: notes.all,
  };
}

function noteFields(input: Fields, notes: Notes): void {
  const place = 'inputs.statsd';
  for (const [field, value] of Object.entries(input)) {
    const why = WHY_NOT[field];
    if (why !== undefined) {
      if (value !== false && value !== '') notes.add(place, `${field}: ${why}`);
    } else if (/^(tag|field|metric)(pass|drop|exclude|include)$|^tag(in|ex)clude$/.test(field))
      notes.add(place, `${field}: rules keep and drop tags, and outputs have filters`);
    else if (!NEUTRAL.has(field) && !READ.has(field)) notes.add(place, `${field} is not known here`);
    if (typeof value === 'string' && value.includes('${'))
      notes.add(place, `${field}: variables in its text are not put in`);
  }
  if (input.delete_counters === false)
    notes.add(
      place,
      'delete_counters = false: /metrics and remote write show totals; other outputs counts of each bucket',
    );
}

function listening(input: Fields, notes: Notes): Fields {
  const protocol = String(input.protocol ?? 'udp');
  const buffer = Number(input.read_buffer_size ?? 0);
  const address = addressOf(String(input.service_address ?? ':8125'));
  if (address === undefined) {
    notes.add('inputs.statsd', `service_address: ${String(input.service_address)} is no address with a port`);
    return {};
  }
  if (protocol === 'tcp') {
    const connections = Number(input.max_tcp_connections ?? 250);
    return {
      dogstatsd_port: -1,
      dogstatsd_tcp_port: address.port,
      ...listenKeys(address),
      ...(connections >= 1 && { listeners: { connections_max: Math.min(connections, CONNECTIONS_MAX) } }),
    };
  }
  return {
    dogstatsd_port: address.port,
    ...listenKeys(address),
    ...(buffer > 0 && { dogstatsd_so_rcvbuf: buffer }),
  };
}

/** Telegraf gathers every `interval`, and sends when `flush_interval` says. */
function timing(file: Fields, input: Fields, notes: Notes): Fields {
  const gathered = durationOf(input.interval ?? mapOf(file, 'agent').interval ?? '10s');
  const seconds = Math.min(Math.max(Math.round(gathered), 1), BUCKET_SECONDS_MAX);
  if (seconds !== gathered)
    notes.add('interval', `buckets are whole seconds, from 1 to ${BUCKET_SECONDS_MAX}: ${seconds}`);
  const ttl = durationOf(input.max_ttl);
  return {
    bucket_seconds: seconds,
    ...(ttl >= 1 && { outputs: { prometheus: { expiry_seconds: Math.min(ttl, EXPIRY_SECONDS_MAX) } } }),
  };
}

function timers(input: Fields, notes: Notes): Fields {
  notes.add(
    'inputs.statsd',
    'timings: stddev is not there; lower, upper and mean are called min, max and avg, and 90_percentile 90percentile',
  );
  const { shares, rounded } = percentilesOf(wordsOf(input.percentiles).map(Number));
  if (rounded.length > 0)
    notes.add(
      'inputs.statsd',
      `percentiles: ${rounded.join(', ')} are rounded; percentiles of a rule are not`,
    );
  return {
    histogram_aggregates: ['min', 'max', 'avg', 'median', 'sum', 'count'],
    histogram_percentiles: shares,
  };
}

function host(agent: Fields): Fields {
  return typeof agent.hostname === 'string' && agent.hostname !== '' ? { hostname: agent.hostname } : {};
}
