/**
 * Keys that say where Datadog payloads go and how they are delivered (docs/delivery.md). The names are
 * the Agent's, but for `api_key_file` and those below `outputs.datadog`.
 */
import { entries, entry } from '../sources/entries.ts';
import { endpoints, nameList, proxyUrl, replaced, secret } from './datadog-key-types.ts';
import { choice, integer, number, seconds, section, text, yesOrNo } from './key-types.ts';
import { concealReceivers, filterKeys } from './outputs/receiver-keys.ts';

const MIB = 1024 * 1024;
const BYTES_MAX = 1024 ** 4;
const NUMBER_MAX = 1_000_000;
export const datadogDeliveryKeys = {
  api_key: secret({
    what: 'The API key of your Datadog organisation. Setting it is enough to deliver to Datadog; when it is empty, nothing is delivered there.',
    trade:
      'Anyone who can read the file or the environment of the process has the key. A separate file is easier to protect.',
    when: 'you deliver to Datadog. To keep the key in a file of its own, use `api_key_file`.',
  }),
  site: text(
    { default: 'datadoghq.com', pattern: /^[a-z0-9.-]+$/i, patternText: 'such as datadoghq.eu' },
    {
      what: 'The Datadog site that the key belongs to: `datadoghq.com`, `datadoghq.eu`, `us3.datadoghq.com` and others.',
      trade: 'A key is valid only at its own site.',
      when: 'your account is at a site other than datadoghq.com.',
    },
  ),
  dd_url: text(
    { default: '', pattern: /^(https?:\/\/[^\s/]+\S*)?$/, patternText: 'that is an http or https URL' },
    {
      what: 'URL of the intake, used instead of the one that `site` selects. The variable can also be named `DD_URL`.',
      trade: "It sends data through your own proxy, or to another service that accepts Datadog's protocol.",
      when: 'you use such a proxy or service, or in tests with `whippet intake`.',
      defaultText: 'the intake of `site`',
    },
  ),
  additional_endpoints: endpoints({
    what: 'Additional intakes, each with its keys. Everything is sent to all of them. In a variable, write JSON.',
    trade:
      'Each intake has its own queue, connections and files, so one that is down does not delay the others. Each takes memory and network traffic of its own.',
    when: 'you deliver to two organisations or sites, for example during a migration.',
  }),
  skip_ssl_validation: yesOrNo(
    { default: false },
    {
      what: 'Accepts any TLS certificate, whoever issued it.',
      trade: 'Anyone between you and Datadog can read your data and your key.',
      when: 'you are testing. For a certificate of your own, use `outputs.datadog.ca_file` instead.',
    },
  ),
  min_tls_version: choice(
    { default: 'tlsv1.2', words: ['tlsv1.0', 'tlsv1.1', 'tlsv1.2', 'tlsv1.3'] },
    {
      what: 'Oldest TLS version that is allowed.',
      trade: 'Older versions are insecure; newer versions exclude some proxies.',
      when: 'you have to pass an old proxy, or a policy requires 1.3.',
    },
  ),
  proxy: section({
    http: proxyUrl('http'),
    https: proxyUrl('https'),
    no_proxy: nameList({
      what: 'Hosts that are reached directly instead of through the proxy. `NO_PROXY` is read too.',
      trade:
        'Entries may be names, names with everything below them (`.example.com`), addresses, address ranges, or `*` for all.',
      when: 'you also deliver to a host inside your network.',
    }),
  }),
  no_proxy_nonexact_match: yesOrNo(
    { default: true },
    {
      what: "Matches `proxy.no_proxy` the way other programs do. When off, entries are compared with the exact host in the URL, which is the Agent's default.",
      trade: 'When on, `example.com` also covers `eu.example.com`.',
      when: "you rely on the Agent's behaviour.",
    },
  ),
  allow_arbitrary_tags: yesOrNo(
    { default: false },
    {
      what: 'Asks the intake to accept tags unchanged, whatever characters they contain.',
      trade: 'Tags keep their characters. Only some organisations may use this.',
      when: 'support at Datadog asked you to.',
    },
  ),
  run_path: text(
    { default: '' },
    {
      what: 'Folder where the Agent keeps its state. Retry files go to `transactions_to_retry` below it when `forwarder_storage_path` is empty.',
      trade: "None: it only makes an Agent's file work unchanged.",
    },
  ),
  forwarder_timeout: seconds(
    { default: 20, min: 0.05, max: 3600 },
    {
      what: 'Time a request may take until its response begins.',
      trade:
        'A longer time tolerates slow connections; a shorter time frees the place for another request sooner.',
      when: 'your connection is very slow.',
    },
  ),
  forwarder_num_workers: integer(
    { default: 1, min: 1, max: 100 },
    {
      what: 'Multiplied by `forwarder_max_concurrent_requests`, this gives the maximum number of concurrent requests to an intake.',
      trade:
        'In the Agent this is a number of threads. A Node server needs no threads for requests, so the two numbers are multiplied.',
    },
  ),
  forwarder_max_concurrent_requests: integer(
    { default: 10, min: 1, max: 1000, unit: 'requests' },
    {
      what: 'Maximum number of concurrent requests to each intake.',
      trade:
        'More requests deliver more over a connection with high latency, and take connections and memory.',
      when: 'payloads queue up although the intake responds well.',
    },
  ),
  forwarder_http_protocol: choice(
    { default: 'auto', words: ['auto', 'http1'] },
    {
      what: 'With `auto`, HTTP/2 is used with intakes that offer it; with `http1`, never.',
      trade: 'HTTP/2 needs fewer connections; some proxies do not handle it well.',
      when: 'you suspect that a proxy causes problems.',
    },
  ),
  forwarder_connection_reset_interval: seconds(
    { default: 0, min: 0, max: 604_800 },
    {
      what: 'How often the connections to an intake are replaced. `0` means never.',
      trade: "New connections pick up changes of a name's address; each costs a handshake.",
      when: 'your intake is behind a name whose address changes.',
    },
  ),
  forwarder_high_prio_buffer_size: integer(
    { default: 100, min: 1, max: 100_000, unit: 'payloads' },
    {
      what: 'Number of new payloads that may wait for a request. Further ones go to the retry queue. They never take more memory than that queue may.',
      trade: 'A larger value keeps new payloads in order through a short stall.',
    },
  ),
  forwarder_low_prio_buffer_size: integer(
    { default: 100, min: 1, max: 100_000, unit: 'payloads' },
    {
      what: 'Number of payloads taken from the retry queue at a time.',
      trade: 'A larger value checks the retry queue less often.',
    },
  ),
  forwarder_retry_queue_payloads_max_size: integer(
    { default: 15 * MIB, min: 1024, max: BYTES_MAX, unit: 'bytes' },
    {
      what: 'Memory per intake for payloads that have to be sent again.',
      trade:
        'More memory survives a longer outage without a disk. Beyond the limit, payloads go to disk, or the oldest are lost and counted.',
      when: 'you send much data and have memory to spare.',
    },
  ),
  forwarder_retry_queue_max_size: integer(
    { default: 0, min: 0, max: NUMBER_MAX },
    {
      what: 'The older form of `forwarder_retry_queue_payloads_max_size`, in units of 2 MiB. It is used only while that key has its default. `0` means not set.',
      trade: 'None: the two keys do the same.',
    },
  ),
  forwarder_flush_to_disk_mem_ratio: number(
    { default: 0.5, min: 0, max: 1 },
    {
      what: 'Share of the retry memory that is written to disk at once when the memory is full.',
      trade: 'A larger share makes fewer and larger files.',
    },
  ),
  forwarder_storage_max_size_in_bytes: integer(
    { default: 0, min: 0, max: BYTES_MAX, unit: 'bytes' },
    {
      what: 'Disk space per intake for payloads that do not fit in memory, and for those undelivered at a stop. `0` uses no disk.',
      trade: 'Neither an outage of hours nor a restart during it loses data. It needs that much disk space.',
      when: 'you must not lose data. About 50 MB hold what 1,000 series produce in a day.',
    },
  ),
  forwarder_storage_path: text(
    { default: '' },
    {
      what: 'Folder for these files. The server creates it, readable by its owner only. Two servers must not share a folder.',
      trade: 'A disk that outlives the machine or the container protects against more failures.',
      when: 'you set `forwarder_storage_max_size_in_bytes`.',
      defaultText: '`transactions_to_retry` below `run_path`',
    },
  ),
  forwarder_storage_max_disk_ratio: number(
    { default: 0.8, min: 0, max: 1 },
    {
      what: 'How full these files may make the disk, counting everything on it.',
      trade: 'It leaves room for others; the oldest files are removed first.',
      when: 'other programs on the same disk must not run out of space.',
    },
  ),
  forwarder_outdated_file_in_days: integer(
    { default: 10, min: 0, max: 3650, unit: 'days' },
    {
      what: 'Age at which these files are discarded.',
      trade: 'Datadog accepts only recent data; older data only takes up disk space.',
      when: 'you deliver to a service that accepts older data.',
    },
  ),
  forwarder_backoff_factor: replaced(2, 2, {
    what: 'After an error, the server waits for a random time before it contacts the intake again. The minimum wait is the maximum divided by this number.',
    trade: 'A larger number spreads many servers further apart.',
  }),
  forwarder_backoff_base: replaced(2, 0, {
    what: 'The maximum wait after the first error is twice this number of seconds. It doubles with each further error.',
    trade: 'A shorter wait resumes sooner after a short outage and retries more often during a long one.',
  }),
  forwarder_backoff_max: replaced(64, 0, {
    what: 'Upper limit of the wait, in seconds.',
    trade: 'A lower limit notices the end of an outage sooner.',
  }),
  forwarder_recovery_interval: replaced(2, 0, {
    what: 'Number of errors that one success cancels. The intake receives everything again when none are left.',
    trade:
      'A larger number recovers faster after an outage; a smaller one is gentler with an intake that is recovering.',
  }),
  forwarder_recovery_reset: yesOrNo(
    { default: false },
    {
      what: 'Makes one success cancel all errors.',
      trade: 'Delivery resumes at full speed immediately after an outage.',
      when: 'you have your own intake, which is either up or down.',
    },
  ),
  forwarder_apikey_validation_interval: replaced(60, 0, {
    what: 'How often keys are validated, in minutes. They are always validated once at start.',
    trade: 'A shorter interval notices a revoked key sooner; so does the first refused payload.',
  }),
  forwarder_stop_timeout: seconds(
    { default: 2, min: 0, max: 3600 },
    {
      what: 'How long a stopping server keeps sending before it writes the rest to disk, within `stop_timeout_seconds`. Without a disk, it sends for as long as the stop may take. `0` stops sending at once.',
      trade: 'A longer time delivers more before the rest goes to disk.',
      when: 'you have a slow connection and a disk.',
    },
  ),
};

/** Ours, beside the Agent's `api_key`. */
export const apiKeyFileKey = {
  api_key_file: text(
    { default: '' },
    {
      what: 'File that contains only the API key, used instead of `api_key`. It is read at start, and again when the intake refuses the key.',
      trade:
        'The key appears in no configuration file and no variable, which suits Docker and Kubernetes secrets.',
      when: 'you run in containers, or keep your configuration in a repository.',
    },
  ),
};

/** Keys below `outputs.datadog` that say how it is reached. */
export const datadogConnectionKeys = {
  enabled: yesOrNo(
    { default: true },
    {
      what: 'Delivers to Datadog when there is an API key. `outputs.datadog: false` is short for it.',
      trade: "When off, you can try an Agent's file that contains a key without sending everything twice.",
      when: 'you run beside an Agent with the same file.',
    },
  ),
  ca_file: text(
    { default: '' },
    {
      what: 'File of certificates (PEM) to trust in addition to the usual ones.',
      trade: 'Whoever holds their private keys can intercept your connection to Datadog.',
      when: 'your proxy decrypts TLS, or your intake has its own certificate.',
    },
  ),
};

/** One more Datadog output: its key and place, and which data it gets. The rest is as for the first. */
const furtherOutput = {
  api_key: datadogDeliveryKeys.api_key,
  api_key_file: apiKeyFileKey.api_key_file,
  site: text(
    { default: '', pattern: /^[a-z0-9.-]*$/i, patternText: 'such as datadoghq.eu' },
    {
      what: 'The Datadog site that the key belongs to. Empty means that of the first output.',
      trade: 'A key is valid only at its own site.',
    },
  ),
  dd_url: datadogDeliveryKeys.dd_url,
  ...filterKeys,
};

/** Keys below `outputs.datadog` for further outputs. */
export const datadogFurtherKeys = {
  additional: entries(
    {
      item: entry(furtherOutput),
      itemText: 'maps with api_key or api_key_file, site or dd_url, match and tags',
    },
    {
      what: 'More Datadog outputs, each a map with its own `api_key` or `api_key_file`, `site` (that of the first when left out) or `dd_url`, and its own filter. All else is as for the first.',
      trade:
        'Each packs payloads of its own, and has its own queue, connections and files. To send the same data to several places, `additional_endpoints` packs it once.',
      when: 'teams with organisations of their own each get their data.',
      conceal: concealReceivers,
    },
  ),
};

export type DatadogFurtherKeys = ReturnType<(typeof datadogFurtherKeys)['additional']['parse']>[number];
