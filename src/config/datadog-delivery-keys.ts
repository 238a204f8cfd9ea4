/**
 * Keys that say where Datadog payloads go and how they are delivered (spec output A.1, A.9 to A.15). The names are
 * the Agent's, but for `api_key_file` and those below `outputs.datadog`.
 */
import { z } from 'zod';
import { maskKey, maskUrl } from '../lib/mask.ts';
import {
  choice,
  integer,
  type KeyText,
  keyDocumentation,
  number,
  readNumber,
  seconds,
  section,
  text,
  yesOrNo,
} from './key-types.ts';

const MIB = 1024 * 1024;
const BYTES_MAX = 1024 ** 4;
const NUMBER_MAX = 1_000_000;
const WHO_NOBODY = 'Rarely anyone: the defaults are what Datadog chose for its own agents.';
/** A key, or the handle of a secret, which check-delivery.ts refuses where it would be used. */
const KEY = /^(\S*|ENC\[.*\])$/;

export const datadogDeliveryKeys = {
  api_key: secret({
    what: 'The API key of your Datadog organisation. It is all it takes to send to Datadog; empty sends nothing there.',
    trade:
      'Whoever reads the file or the variables of the process has the key; a file of its own is easier to guard.',
    who: 'Whoever sends to Datadog. `api_key_file` keeps the key in a file of its own.',
  }),
  site: text(
    { default: 'datadoghq.com', pattern: /^[a-z0-9.-]+$/i, patternText: 'such as datadoghq.eu' },
    {
      what: 'The Datadog site the key is of: `datadoghq.com`, `datadoghq.eu`, `us3.datadoghq.com` and others.',
      trade: 'A key is valid at its own site only.',
      who: 'Whoever has an account elsewhere than at datadoghq.com.',
    },
  ),
  dd_url: text(
    { default: '', pattern: /^(https?:\/\/[^\s/]+\S*)?$/, patternText: 'that is an http or https URL' },
    {
      what: 'URL of the intake, in place of the one that `site` stands for. `DD_URL` is another name of the variable.',
      trade: 'Sends through a proxy of your own, or to something that takes what Datadog takes.',
      who: 'Whoever does that, and tests: `whippet intake` is such a thing.',
      defaultText: 'the intake of `site`',
    },
  ),
  additional_endpoints: endpoints({
    what: 'More intakes, each with its keys: everything is sent to all of them. In a variable: as JSON.',
    trade:
      'Each has its own queue, connections and files, so that one that is down does not hold the others up; each takes memory and traffic of its own.',
    who: 'Whoever ships to two organisations or sites, for example while moving.',
  }),
  skip_ssl_validation: yesOrNo(
    { default: false },
    {
      what: 'Accepts any certificate, whoever it is from.',
      trade: 'Whoever is between you and Datadog can read your data and your key.',
      who: 'Whoever tests. For a certificate of your own there is `outputs.datadog.ca_file`.',
    },
  ),
  min_tls_version: choice(
    { default: 'tlsv1.2', words: ['tlsv1.0', 'tlsv1.1', 'tlsv1.2', 'tlsv1.3'] },
    {
      what: 'The oldest version of TLS that is spoken.',
      trade: 'Older ones are broken; newer ones keep some proxies out.',
      who: 'Whoever has to pass an old proxy, or a rule that asks for 1.3.',
    },
  ),
  proxy: section({
    http: proxyUrl('http'),
    https: proxyUrl('https'),
    no_proxy: nameList({
      what: 'Hosts that are reached without the proxy. `NO_PROXY` is read too.',
      trade:
        'Names, names with what is below them (`.example.com`), addresses and blocks of them, `*` for all.',
      who: 'Whoever sends to something inside the proxy as well.',
    }),
  }),
  no_proxy_nonexact_match: yesOrNo(
    { default: true },
    {
      what: 'Reads `proxy.no_proxy` as other programs do. Off, entries are compared with the host as it stands in the URL, which is the default of the Agent.',
      trade: 'On, `example.com` also covers `eu.example.com`.',
      who: "Whoever relies on the Agent's way.",
    },
  ),
  allow_arbitrary_tags: yesOrNo(
    { default: false },
    {
      what: 'Asks the intake to take tags as they are, whatever characters they have.',
      trade: 'Tags keep their characters; only some organisations may ask for it.',
      who: 'Whoever was told to by Datadog.',
    },
  ),
  run_path: text(
    { default: '' },
    {
      what: 'Folder of the Agent for what it keeps; retry files go to `transactions_to_retry` below it when `forwarder_storage_path` is empty.',
      trade: 'None.',
      who: "Nobody: it is here for an Agent's file.",
    },
  ),
  forwarder_timeout: seconds(
    { default: 20, min: 0.05, max: 3600 },
    {
      what: 'How long a request may take until its answer begins.',
      trade: 'Longer is patient with slow lines; shorter frees the place for another request sooner.',
      who: 'Whoever has a very slow line.',
    },
  ),
  forwarder_num_workers: integer(
    { default: 1, min: 1, max: 100 },
    {
      what: 'Times `forwarder_max_concurrent_requests`: that many requests to an intake are under way at most.',
      trade: 'The Agent has threads here; a Node server needs none, so the two numbers are multiplied.',
      who: WHO_NOBODY,
    },
  ),
  forwarder_max_concurrent_requests: integer(
    { default: 10, min: 1, max: 1000, unit: 'requests' },
    {
      what: 'Requests under way at once to each intake.',
      trade: 'More delivers more over a line with long delays, and takes connections and memory.',
      who: 'Whoever sees payloads queue while the intake answers well.',
    },
  ),
  forwarder_http_protocol: choice(
    { default: 'auto', words: ['auto', 'http1'] },
    {
      what: '`auto` speaks HTTP/2 with intakes that offer it, `http1` never does.',
      trade: 'HTTP/2 needs fewer connections; some proxies do not carry it well.',
      who: 'Whoever suspects a proxy.',
    },
  ),
  forwarder_connection_reset_interval: seconds(
    { default: 0, min: 0, max: 604_800 },
    {
      what: 'Replaces the connections to an intake this often; `0` never does.',
      trade: 'New connections notice that a name has a new address; each costs a handshake.',
      who: 'Whoever has an intake behind names that move.',
    },
  ),
  forwarder_high_prio_buffer_size: integer(
    { default: 100, min: 1, max: 100_000, unit: 'payloads' },
    {
      what: 'New payloads that wait for a request; more go to the retry queue. They take no more memory than that queue may.',
      trade: 'More keeps the order of new payloads through a short stall.',
      who: WHO_NOBODY,
    },
  ),
  forwarder_low_prio_buffer_size: integer(
    { default: 100, min: 1, max: 100_000, unit: 'payloads' },
    {
      what: 'Payloads of the retry queue that are taken up at a time.',
      trade: 'More looks at the retry queue less often.',
      who: WHO_NOBODY,
    },
  ),
  forwarder_retry_queue_payloads_max_size: integer(
    { default: 15 * MIB, min: 1024, max: BYTES_MAX, unit: 'bytes' },
    {
      what: 'Memory of each intake for payloads that have to be sent again.',
      trade:
        'More survives a longer outage without a disk. Beyond it payloads go to disk, or the oldest are lost and counted.',
      who: 'Whoever sends much and has memory to spare.',
    },
  ),
  forwarder_retry_queue_max_size: integer(
    { default: 0, min: 0, max: NUMBER_MAX },
    {
      what: 'The older form of `forwarder_retry_queue_payloads_max_size`, in units of 2 MiB; used only while that has its default. `0` is not set.',
      trade: 'None: the two work alike.',
      who: "Nobody: it is here for an Agent's file.",
    },
  ),
  forwarder_flush_to_disk_mem_ratio: number(
    { default: 0.5, min: 0, max: 1 },
    {
      what: 'Share of the retry memory that goes to disk at once when it is full.',
      trade: 'More makes fewer and larger files.',
      who: WHO_NOBODY,
    },
  ),
  forwarder_storage_max_size_in_bytes: integer(
    { default: 0, min: 0, max: BYTES_MAX, unit: 'bytes' },
    {
      what: 'Disk of each intake for payloads that memory has no room for, and for what is undelivered at a stop. `0` uses no disk.',
      trade:
        'An outage of hours loses nothing, and neither does a restart in the middle of it; the disk has to be there.',
      who: 'Whoever must not lose data: about 50 MB hold what 1,000 series make in a day.',
    },
  ),
  forwarder_storage_path: text(
    { default: '' },
    {
      what: 'Folder for those files. It is created, for its owner alone. Two servers must not share one.',
      trade: 'A disk that survives a restart of the machine or the container survives more.',
      who: 'Whoever sets `forwarder_storage_max_size_in_bytes`.',
      defaultText: '`transactions_to_retry` below `run_path`',
    },
  ),
  forwarder_storage_max_disk_ratio: number(
    { default: 0.8, min: 0, max: 1 },
    {
      what: 'How full the disk may become by those files, all that is on it taken together.',
      trade: 'Leaves room for others; the oldest files go first.',
      who: 'Whoever shares the disk with something that must not find it full.',
    },
  ),
  forwarder_outdated_file_in_days: integer(
    { default: 10, min: 0, max: 3650, unit: 'days' },
    {
      what: 'Age at which those files are given up.',
      trade: 'Datadog takes only what is recent; older data fills the disk for nothing.',
      who: 'Whoever sends to something that takes older data.',
    },
  ),
  forwarder_backoff_factor: replaced(2, 2, {
    what: 'After an error the intake is left alone for a random time; the shortest is the longest divided by this.',
    trade: 'Larger spreads many servers further apart.',
    who: WHO_NOBODY,
  }),
  forwarder_backoff_base: replaced(2, 0, {
    what: 'The longest pause after the first error is twice this, in seconds; it doubles with each further one.',
    trade: 'Shorter comes back sooner after a short outage and asks more often during a long one.',
    who: WHO_NOBODY,
  }),
  forwarder_backoff_max: replaced(64, 0, {
    what: 'The longest pause of all, in seconds.',
    trade: 'Shorter notices the end of an outage sooner.',
    who: WHO_NOBODY,
  }),
  forwarder_recovery_interval: replaced(2, 0, {
    what: 'Errors a success takes back. An intake gets everything again when none are left.',
    trade: 'More comes back faster after an outage; fewer is gentler with an intake that recovers.',
    who: WHO_NOBODY,
  }),
  forwarder_recovery_reset: yesOrNo(
    { default: false },
    {
      what: 'One success takes all errors back.',
      trade: 'Comes back at once after an outage.',
      who: 'Whoever has an intake of their own that is either up or down.',
    },
  ),
  forwarder_apikey_validation_interval: replaced(60, 0, {
    what: 'How often keys are validated, in minutes; once at start in any case.',
    trade: 'Shorter notices sooner that a key was revoked; a refused payload says so as well.',
    who: WHO_NOBODY,
  }),
  forwarder_stop_timeout: seconds(
    { default: 2, min: 0, max: 3600 },
    {
      what: 'How long a stopping server sends what is new, within `stop_timeout_seconds`. `0` sends nothing more.',
      trade: 'Longer delivers more before the rest goes to disk or is lost and counted.',
      who: 'Whoever has a slow line and no disk.',
    },
  ),
};

/** Ours, beside the Agent's `api_key`. */
export const apiKeyFileKey = {
  api_key_file: text(
    { default: '' },
    {
      what: 'File that holds the API key and nothing else, in place of `api_key`. Read at start, and again when the intake refuses the key.',
      trade:
        'The key is in no configuration file and no variable; fits the secrets of Docker and Kubernetes.',
      who: 'Whoever runs in containers, or keeps configuration in a repository.',
    },
  ),
};

/** Keys below `outputs.datadog` that say how it is reached. */
export const datadogConnectionKeys = {
  enabled: yesOrNo(
    { default: true },
    {
      what: 'Sends to Datadog when there is an API key. `outputs.datadog: false` is short for it.',
      trade: "Off, an Agent's file with its key can be tried without sending everything twice.",
      who: 'Whoever runs beside an Agent with the same file.',
    },
  ),
  ca_file: text(
    { default: '' },
    {
      what: 'File of certificates (PEM) to trust beside the usual ones.',
      trade: 'Whoever holds their keys can stand between you and Datadog.',
      who: 'Whoever has a proxy that opens TLS, or an intake with a certificate of their own.',
    },
  ),
};

/** A key that is never shown whole. A number is refused: digits without quotes lose some of theirs in YAML. */
function secret(documentation: KeyText) {
  return z
    .preprocess((value) => (typeof value === 'string' ? value.trim() : value), z.string().regex(KEY))
    .default('')
    .register(keyDocumentation, {
      ...documentation,
      type: 'text',
      allowed: 'a key without spaces; put one of digits alone in quotes in YAML',
      conceal: (value) => maskKey(String(value)),
    });
}

// additional_endpoints:
//   https://app.datadoghq.eu: [KEY, KEY]      or one key without the brackets
function endpoints(documentation: KeyText) {
  const keys = z.preprocess(
    (value) => (typeof value === 'string' ? [value] : value),
    z.array(z.string().regex(KEY)).readonly(),
  );
  return z
    .preprocess(readJson, z.record(z.string().regex(/^https?:\/\/[^\s/]+/), keys))
    .default({})
    .readonly()
    .register(keyDocumentation, {
      ...documentation,
      type: 'map of lists',
      allowed: `a map of http or https URLs to lists of keys, as YAML or JSON`,
      conceal: concealKeys,
    });
}

function concealKeys(value: unknown): unknown {
  const map = readJson(value);
  if (typeof map !== 'object' || map === null) return maskKey(String(map));
  return Object.fromEntries(
    Object.entries(map).map(([url, keys]) => [
      maskUrl(url),
      [keys].flat().map((key) => maskKey(String(key))),
    ]),
  );
}

function proxyUrl(scheme: 'http' | 'https') {
  return text(
    { default: '', pattern: /^\S*$/, patternText: 'without spaces, as http://user:password@proxy:3128' },
    {
      what: `Proxy for ${scheme} URLs; empty is none. \`${scheme.toUpperCase()}_PROXY\` is read too: it wins over the file and loses to \`DD_PROXY_${scheme.toUpperCase()}\`.`,
      trade: 'Everything sent to Datadog passes it; through TLS it sees where to, not what.',
      who: 'Whoever has no way out but a proxy.',
      conceal: (value) => maskUrl(String(value)),
    },
  );
}

/** A list whose items are separated by commas or spaces in variables. */
function nameList(documentation: KeyText) {
  const read = (value: unknown): unknown =>
    typeof value === 'string' ? value.split(/[\s,]+/).filter((item) => item !== '') : value;
  return z
    .preprocess(read, z.array(z.string().regex(/^\S+$/)))
    .default([])
    .readonly()
    .register(keyDocumentation, {
      ...documentation,
      type: 'list',
      allowed: 'a list of hosts, separated by commas or spaces in a variable',
    });
}

/** A number that is replaced by its default when it makes no sense, as in the Agent (check-delivery.ts). */
function replaced(value: number, above: number, documentation: KeyText) {
  return z
    .preprocess(readNumber, z.number().min(-NUMBER_MAX).max(NUMBER_MAX))
    .default(value)
    .register(keyDocumentation, {
      ...documentation,
      type: 'number',
      allowed: `a number ${above === 0 ? 'above 0' : `from ${above}`}; another one is replaced by ${value}, with a warning`,
    });
}

function readJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (value.trim() === '') return {};
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
