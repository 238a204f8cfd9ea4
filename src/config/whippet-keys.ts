/**
 * Keys that only whippet has. One entry is one key: its kind, default, bounds and the words that
 * document it. Sections are maps in the file: `http.port` is `port` below `http`.
 */
import { apiKeyFileKey, datadogConnectionKeys } from './datadog-delivery-keys.ts';
import { datadogOutputKeys } from './datadog-payload-keys.ts';
import { httpKeys } from './http-keys.ts';
import { integer, seconds, section, text, yesNoOr, yesOrNo } from './key-types.ts';
import { handOverKeys } from './life-keys.ts';
import { limitKeys } from './limit-keys.ts';
import { rateLimiterIntakeKeys } from './rate-limiter-keys.ts';
import { rulesKeys } from './rules-keys.ts';
import { streamIntakeKeys, streamOwnKeys } from './stream-keys.ts';

const MIB = 1024 * 1024;

export const whippetKeys = {
  bucket_seconds: integer(
    { default: 10, min: 1, max: 3600, unit: 'seconds' },
    {
      what: 'Width of an aggregation bucket: each series gets one point in this time.',
      trade: 'Shorter shows detail sooner and sends more points; Datadog expects 10.',
      who: 'Whoever sends to outputs other than Datadog, and demonstrations (`1`).',
    },
  ),
  stop_timeout_seconds: seconds(
    { default: 5, min: 0, max: 3600 },
    {
      what: 'How long a stopping server waits for its outputs to deliver what they hold.',
      trade: 'Longer delivers more to slow destinations; shorter stops sooner and reports what was lost.',
      who: 'Whoever has a supervisor that kills earlier (Docker after 10 s, Kubernetes after 30 s).',
    },
  ),
  ...rulesKeys,
  workloads: text(
    { default: '' },
    {
      what:
        'Path of a YAML file that lists workloads and their tags, for origin detection (docs/configuration.md, ' +
        'The workloads file). Empty: no workload is known.',
      trade:
        'Metrics get the tags of the container or pod they come from; the file has to be kept up to date.',
      who: 'Whoever runs a fixed set of containers without an orchestrator, and tests.',
    },
  ),
  serverless: yesOrNo(
    { default: false },
    {
      what: 'Metrics have no host, as from an Agent in a serverless environment. Events and checks keep theirs.',
      trade:
        'Functions that live for seconds do not become hosts; what runs on one host cannot be told apart.',
      who: 'Whoever receives from functions rather than from hosts.',
    },
  ),
  ...apiKeyFileKey,
  ...streamOwnKeys,
  ...httpKeys,
  ...handOverKeys,
  outputs: section({
    console: yesNoOr(
      { default: 'auto', word: 'auto' },
      {
        what: 'Prints a summary of every bucket. `auto` prints when no other output is configured.',
        trade: 'Shows at once that data arrives; in production it fills the log.',
        who: 'Whoever tries the server out beside another output (`true`), or wants silence (`false`).',
      },
    ),
    echo: yesOrNo(
      { default: false },
      {
        what: 'Prints the lines that arrive, up to `outputs.echo_per_second`.',
        trade: 'Shows what clients really send; costs work for each line shown.',
        who: 'Whoever debugs a client.',
      },
    ),
    echo_per_second: integer(
      { default: 20, min: 1, max: 10000, unit: 'lines a second' },
      {
        what: 'How many lines a second `outputs.echo` prints. The others are received as always.',
        trade: 'More shows more of a busy stream, and costs work for each line shown.',
        who: 'Whoever looks for a rare line.',
      },
    ),
    file: section({
      path: text(
        { default: '' },
        {
          what: 'File to append every flushed series to, one JSON object a line; empty turns it off.',
          trade: 'Keeps everything for other tools to read; the file grows until something rotates it.',
          who: 'Whoever ships the data with another tool, or compares servers.',
        },
      ),
    }),
    datadog: section({ ...datadogConnectionKeys, ...datadogOutputKeys }),
    prometheus: section({
      enabled: yesOrNo(
        { default: true },
        {
          what: 'Offers the metrics to Prometheus at `/metrics` on the HTTP port. `outputs.prometheus: false` is short for it.',
          trade: 'Keeps one running total in memory for each context.',
          who: 'Whoever has millions of contexts and does not scrape (`false`).',
        },
      ),
      expiry_seconds: seconds(
        { default: 300, min: 1, max: 604800 },
        {
          what: 'How long `/metrics` shows a context after its last sample.',
          trade:
            'Longer keeps totals of rare counters from starting again at 0; shorter frees memory and keeps scrapes small.',
          who: 'Whoever has counters rarer than this, or many contexts that live briefly.',
        },
      ),
    }),
  }),
  intake: section({
    backlog_bytes: integer(
      { default: 32 * MIB, min: MIB, max: 1024 * MIB, unit: 'bytes', powerOfTwo: true },
      {
        what: 'Memory of each intake thread for packets that are received and not yet processed.',
        trade: 'Larger survives longer bursts of new contexts; the memory is taken at start.',
        who: 'Whoever sees packets dropped because the backlog is full, or is short of memory.',
      },
    ),
    ...streamIntakeKeys,
    portable: yesOrNo(
      { default: false },
      {
        what: "Receives with Node's own sockets instead of system calls. Happens by itself where those are missing.",
        trade: 'Runs anywhere; slower, and without Unix datagram sockets.',
        who: 'Whoever suspects the native intake of a fault.',
      },
    ),
    ...rateLimiterIntakeKeys,
  }),
  limits: section({
    lines: integer(
      { default: 1_000_000, min: 16, max: 16_777_216, unit: 'lines' },
      {
        what: 'Distinct lines each intake thread remembers, values aside. Others are parsed anew each time.',
        trade: 'More keeps a varied stream fast and takes memory; fewer is slower, never wrong.',
        who: 'Whoever has more distinct lines than this, or is short of memory.',
      },
    ),
    ...limitKeys,
    histogram_values: integer(
      { default: 2048, min: 16, max: 1_048_576, unit: 'values' },
      {
        what: 'Distinct values a histogram keeps exactly in one bucket. Beyond them it becomes a sketch.',
        trade: 'More keeps percentiles exact for longer and takes memory; a sketch is within about 1 %.',
        who: 'Whoever needs exact percentiles of busy histograms.',
      },
    ),
    bucket_keys: integer(
      { default: 4_194_304, min: 16, max: 67_108_864, unit: 'keys' },
      {
        what: 'Values, sketch bins and set elements each intake thread keeps in one bucket, all contexts together.',
        trade:
          'The bound on memory for histograms, distributions and sets; what is beyond it is dropped and counted.',
        who: 'Whoever has very many of them, or is short of memory.',
      },
    ),
  }),
};
