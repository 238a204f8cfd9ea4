/** Backends of gostatsd as outputs of ours. */
import { addressOf, type Fields, mapOf, type Notes, wordsOf } from './import-result.ts';

/** Settings of a backend that say how fast and how patiently it sends; ours have their own. */
const PACE =
  /^(metrics|events)?[-_]?(per[-_]batch|metrics[-_]per[-_]batch|max[-_]request[-_]elapsed[-_]time|max[-_]requests|timeout|client[-_]timeout|dial[-_]timeout|write[-_]timeout|compress[-_]payload|user[-_]agent|transport|network)$/;

interface Made {
  /** Keys beside `outputs`. */
  readonly keys?: Fields;
  readonly outputs?: Fields;
}

type Backend = (section: Fields, note: (text: string) => void) => Made | undefined;

const BACKENDS: Readonly<Record<string, Backend>> = {
  null: () => ({}),
  stdout: () => ({ outputs: { console: true } }),
  datadog: (section) => {
    const { api_key: key, api_endpoint: endpoint } = section;
    return {
      keys: {
        api_key: String(key ?? ''),
        // The address of old that is its default takes nothing else.
        ...(endpoint !== undefined && { dd_url: String(endpoint) }),
      },
    };
  },
  graphite: (section, note) => {
    const mode = String(section.mode ?? 'tags');
    const address = addressOf(String(section.address ?? 'localhost:2003'));
    if (address === undefined) return undefined;
    const host = address.host.includes(':') ? `[${address.host}]` : address.host || 'localhost';
    const prefix = section.global_prefix ?? (mode === 'legacy' ? undefined : 'stats');
    note('counters, timers, gauges and sets have one prefix here: prefix_counter and the like have no equal');
    if (section.global_suffix !== undefined && section.global_suffix !== '')
      note('global_suffix has no equal');
    return {
      outputs: {
        graphite: {
          url: `tcp://${host}:${address.port}`,
          tag_format: mode === 'tags' ? 'tagged' : 'none',
          ...(prefix !== undefined && prefix !== '' && { prefix: `${String(prefix)}.` }),
        },
      },
    };
  },
  influxdb: (section, note) => {
    const url = section['api-endpoint'];
    if (url === undefined) return undefined;
    if (section.consistency !== undefined) note('consistency has no equal');
    const isFirst = Number(section['api-version'] ?? 2) === 1;
    const text = (key: string) => String(section[key] ?? '');
    return {
      outputs: {
        influxdb: {
          url: String(url),
          ...(isFirst
            ? { database: text('database'), retention_policy: text('retention-policy') }
            : { bucket: text('bucket'), org: text('org') }),
          ...(section.credentials !== undefined && { bearer_token: text('credentials') }),
        },
      },
    };
  },
  otlp: ({ endpoint, resource_keys: keys, conversion }, note) => {
    if (endpoint === undefined) return undefined;
    if (wordsOf(keys).length > 0)
      note(
        'resource_keys: unified_tags moves env, service and version to the resource; others stay attributes',
      );
    if (conversion !== 'AsHistogram') note('timers are sent as exponential histograms, not as gauges');
    return { outputs: { otlp: { url: String(endpoint) } } };
  },
  promremotewriter: ({ 'api-endpoint': url }) =>
    url === undefined ? undefined : { outputs: { remote_write: { url: String(url) } } },
};

const KNOWN_FIELDS: Readonly<Record<string, readonly string[]>> = {
  datadog: ['api_key', 'api_endpoint'],
  graphite: [
    ...['address', 'mode', 'global_prefix', 'global_suffix'],
    ...['prefix_counter', 'prefix_timer', 'prefix_gauge', 'prefix_sets'],
  ],
  influxdb: [
    ...['api-endpoint', 'api-version', 'bucket', 'org', 'database', 'retention-policy', 'consistency'],
    'credentials',
  ],
  otlp: ['endpoint', 'resource_keys', 'conversion'],
  promremotewriter: ['api-endpoint'],
};

const WHY_NOT: Readonly<Record<string, string>> = {
  cloudwatch:
    'there is no output for CloudWatch; outputs.otlp and a Collector, or outputs.plugin, can send to it',
  newrelic: 'there is no output for New Relic; its OTLP endpoint takes outputs.otlp',
  statsdaemon:
    'no output sends aggregates as StatsD; statsd_forward_host and statsd_forward_port forward packets as they came',
};

/** Sections that are backends; others have their own meaning. */
export const BACKEND_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(BACKENDS),
  ...Object.keys(WHY_NOT),
]);

export function importBackends(config: Fields, notes: Notes): Required<Made> {
  const keys: Record<string, unknown> = {};
  const outputs: Record<string, unknown> = {};
  // Its default.
  const names = config.backends === undefined ? ['graphite'] : wordsOf(config.backends);
  for (const name of names) {
    const place = `backend ${name}`;
    const section = mapOf(config, name);
    const make = Object.hasOwn(BACKENDS, name) ? BACKENDS[name] : undefined;
    if (make === undefined) {
      notes.add(place, WHY_NOT[name] ?? 'is not known here');
      continue;
    }
    for (const field of Object.keys(section))
      if (!(KNOWN_FIELDS[name] ?? []).includes(field) && !PACE.test(field))
        notes.add(place, `${field} is not known here`);
    const made = make(section, (text) => notes.add(place, text));
    if (made === undefined) notes.add(place, 'does not say where to send, and is left out');
    Object.assign(keys, made?.keys);
    Object.assign(outputs, made?.outputs);
  }
  return { keys, outputs };
}
