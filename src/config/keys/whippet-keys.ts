/**
 * Keys that only whippet has. One entry is one key: its kind, default, bounds and the words that
 * document it. Sections are maps in the file: `http.port` is `port` below `http`.
 */

import { captureKeys } from './capture-keys.ts';
import { apiKeyFileKey, datadogConnectionKeys, datadogFurtherKeys } from './datadog-delivery-keys.ts';
import { datadogOutputKeys } from './datadog-payload-keys.ts';
import { dialectKeys } from './dialect-keys.ts';
import { globalKeys } from './global-keys.ts';
import { httpKeys } from './http-keys.ts';
import { choice, integer, seconds, section, text, yesNoOr, yesOrNo } from './key-types.ts';
import { hotRestartKeys } from './life-keys.ts';
import { limitKeys } from './limit-keys.ts';
import { originOwnKeys } from './origin-keys.ts';
import { fileKeys } from './outputs/file-keys.ts';
import { graphiteKeys } from './outputs/graphite-keys.ts';
import { influxdbKeys } from './outputs/influxdb-keys.ts';
import { otlpKeys } from './outputs/otlp-keys.ts';
import { pluginKeys } from './outputs/plugin-keys.ts';
import { prometheusKeys } from './outputs/prometheus-keys.ts';
import { filterKeys } from './outputs/receiver-keys.ts';
import { remoteWriteKeys } from './outputs/remote-write-keys.ts';
import { webhookKeys } from './outputs/webhook-keys.ts';
import { rateLimiterListenerKeys } from './rate-limiter-keys.ts';
import { rulesKeys } from './rules-keys.ts';
import { streamListenerKeys, streamOwnKeys } from './stream-keys.ts';

const MIB = 1024 * 1024;

export const whippetKeys = {
  bucket_seconds: integer(
    { default: 10, min: 1, max: 3600, unit: 'seconds' },
    {
      what: 'Width of an aggregation bucket. Each series gets one point per bucket.',
      trade: 'Shorter buckets show detail sooner and send more points; Datadog expects 10.',
      when: 'you send to outputs other than Datadog, or for demonstrations (`1`).',
    },
  ),
  weights: choice(
    { default: 'truncated', words: ['truncated', 'exact'] },
    {
      what: 'How many values one sample of a histogram, timing or distribution counts as when it has a sample rate: `truncated` is the whole part of 1/rate, as in the Agent; `exact` is 1/rate.',
      trade:
        '`truncated` counts 16 samples at a rate of 16/300 as 288 values instead of 300, as an Agent does. `exact` is correct, but differs from an Agent beside it.',
      when: 'you use rates other than 1/2, 1/10, 1/100, … and need correct counts and averages (`exact`).',
    },
  ),
  stop_timeout_seconds: seconds(
    { default: 5, min: 0, max: 3600 },
    {
      what: 'How long a stop may take: draining the listeners, the last flush, and delivering what the outputs hold.',
      trade:
        'A longer time delivers more to slow destinations. A shorter time stops sooner, reports what was lost, and ends with exit code 4.',
      when: 'your supervisor kills processes earlier (Docker after 10 s, Kubernetes after 30 s).',
    },
  ),
  ...rulesKeys,
  workloads: text(
    { default: '' },
    {
      what: 'Path of a YAML file that lists workloads and their tags, for origin detection (docs/configuration.md, The workloads file). Empty means that no workload is known.',
      trade:
        'Metrics get the tags of the container or pod they come from. The file has to be kept up to date.',
      when: 'you run a fixed set of containers without an orchestrator, or in tests.',
    },
  ),
  serverless: yesOrNo(
    { default: false },
    {
      what: 'Sends metrics without a host, as an Agent in a serverless environment does. Events and service checks keep theirs.',
      trade: 'Functions that live for seconds do not become hosts, but you cannot distinguish data by host.',
      when: 'you receive from functions rather than from hosts.',
    },
  ),
  ...apiKeyFileKey,
  ...streamOwnKeys,
  ...httpKeys,
  ...captureKeys,
  ...hotRestartKeys,
  ...globalKeys,
  ...dialectKeys,
  ...originOwnKeys,
  outputs: section({
    console: yesNoOr(
      { default: 'auto', word: 'auto' },
      {
        what: 'Prints a summary of every bucket. `auto` prints when no other output is configured.',
        trade: 'It shows at once that data arrives; in production it fills the log.',
        when: 'you try the server beside another output (`true`), or want silence (`false`).',
      },
    ),
    console_filter: section(filterKeys),
    echo: yesOrNo(
      { default: false },
      {
        what: 'Prints incoming lines, up to `outputs.echo_per_second`.',
        trade: 'It shows what clients really send, at a cost for each printed line.',
        when: 'you are debugging a client.',
      },
    ),
    echo_per_second: integer(
      { default: 20, min: 1, max: 10000, unit: 'lines a second' },
      {
        what: 'Maximum number of lines per second that `outputs.echo` prints. The others are still received as usual.',
        trade: 'A higher limit shows more of a busy stream, at a cost for each printed line.',
        when: 'you are looking for a rare line.',
      },
    ),
    ...fileKeys,
    datadog: section({
      ...datadogConnectionKeys,
      ...datadogOutputKeys,
      ...filterKeys,
      ...datadogFurtherKeys,
    }),
    ...remoteWriteKeys,
    ...otlpKeys,
    ...graphiteKeys,
    ...influxdbKeys,
    ...webhookKeys,
    ...pluginKeys,
    ...prometheusKeys,
  }),
  listeners: section({
    backlog_bytes: integer(
      { default: 32 * MIB, min: MIB, max: 1024 * MIB, unit: 'bytes', powerOfTwo: true },
      {
        what: 'Memory per listener thread for packets that were received but not yet processed.',
        trade: 'A larger backlog survives longer bursts of new contexts. The memory is reserved at start.',
        when: 'packets are dropped because the backlog is full, or memory is short.',
      },
    ),
    ...streamListenerKeys,
    portable: yesOrNo(
      { default: false },
      {
        what: "Receives with Node's own sockets instead of system calls. This is automatic where system calls are not available.",
        trade: 'It runs anywhere, but is slower and has no Unix datagram sockets.',
        when: 'you suspect a fault in the native listener.',
      },
    ),
    ...rateLimiterListenerKeys,
  }),
  limits: section({
    lines: integer(
      { default: 1_000_000, min: 16, max: 16_777_216, unit: 'lines' },
      {
        what: 'Number of distinct lines, ignoring values, that each listener thread caches. Other lines are parsed every time.',
        trade:
          'A larger cache keeps varied traffic fast and takes memory; a smaller one is slower but never wrong.',
        when: 'you have more distinct lines than this, or memory is short.',
      },
    ),
    ...limitKeys,
    histogram_values: integer(
      { default: 2048, min: 16, max: 1_048_576, unit: 'values' },
      {
        what: 'Number of distinct values that a histogram keeps exactly in one bucket. Beyond that, it becomes a sketch.',
        trade:
          'A larger number keeps percentiles exact for longer and takes memory; a sketch is within about 1 %.',
        when: 'you need exact percentiles of busy histograms.',
      },
    ),
    bucket_keys: integer(
      { default: 4_194_304, min: 16, max: 67_108_864, unit: 'keys' },
      {
        what: 'Room that each listener thread has for values, sketch bins and set elements in one bucket, over all contexts, in keys of 64 bytes. A key holds one element of a set, up to 8 values of a histogram, or up to 16 neighbouring bins.',
        trade:
          'It limits the memory for histograms, distributions and sets; anything beyond it is dropped and counted.',
        when: 'you have very many of them, or memory is short.',
      },
    ),
  }),
  history: section({
    memory_bytes: integer(
      { default: 33_554_432, min: 65_536, max: 4_294_967_296, unit: 'bytes' },
      {
        what: 'Memory for the last hour of every series, which the page, `whippet top` and `GET /api/series` show. One hour takes about 1.3 KB for a counter in buckets of 10 seconds, and about 4 KB for a distribution.',
        trade:
          'When the memory is full, the least busy series are left out, and the responses say so. Totals per metric are always kept.',
        when: 'you look at more series than fit, or memory is short.',
      },
    ),
  }),
};
