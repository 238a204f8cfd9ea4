/**
 * Keys that the Datadog Agent also has, under the Agent's names (spec intake §10, protocol §11). One
 * entry is one key: its kind, default, bounds and the words that document it.
 */
import { z } from 'zod';
import { datadogDeliveryKeys } from './datadog-delivery-keys.ts';
import { datadogPayloadKeys } from './datadog-payload-keys.ts';
import { enrichKeys } from './enrich-keys.ts';
import { forwardKeys } from './forward-keys.ts';
import { choice, integer, list, seconds, text, yesOrNo } from './key-types.ts';
import { startKeys } from './life-keys.ts';
import { rateLimiterKeys } from './rate-limiter-keys.ts';
import { streamAgentKeys } from './stream-keys.ts';
import { telemetryKeys } from './telemetry-keys.ts';

export const LOG_LEVELS = ['off', 'fatal', 'critical', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const HISTOGRAM_AGGREGATES = ['max', 'min', 'median', 'avg', 'sum', 'count'] as const;
export type HistogramAggregate = (typeof HISTOGRAM_AGGREGATES)[number];

/** The Agent's words for what a packet came through, and `tcp`: `uds` is both kinds of Unix socket. */
export const EOL_LISTENERS = ['udp', 'uds', 'named_pipe', 'tcp'] as const;
export type EolListener = (typeof EOL_LISTENERS)[number];

export const agentKeys = {
  dogstatsd_port: integer(
    { default: 8125, min: -1, max: 65535, words: { __random__: 0 } },
    {
      what:
        'UDP port to receive on. `0` takes any free port, as the Agent does for `__random__`, and the log says ' +
        'which. `-1` turns UDP off; the Agent uses `0` for that.',
      trade: 'A fixed port is what clients expect; any free port never collides.',
      who: 'Whoever runs a second DogStatsD server on the machine, and tests (`0`).',
    },
  ),
  bind_host: text(
    { default: '127.0.0.1', pattern: /^\S+$/, patternText: 'without spaces: an address or a host name' },
    {
      what:
        "Address the UDP socket binds. The Agent's default is `localhost`, which on some machines is `::1` only; " +
        '`127.0.0.1` is what most clients send to.',
      trade:
        'An address of a network interface receives from other machines, and from anyone who reaches it.',
      who: 'Whoever receives on one particular interface. For all of them set `dogstatsd_non_local_traffic`.',
    },
  ),
  dogstatsd_non_local_traffic: yesOrNo(
    { default: false },
    {
      what: 'Receives UDP on all interfaces; `bind_host` is then not used.',
      trade: 'DogStatsD has no authentication: whoever reaches the port can write metrics.',
      who: 'Whoever receives from other machines or containers over UDP, behind a firewall.',
    },
  ),
  dogstatsd_socket: text(
    { default: '' },
    {
      what: 'Path of a Unix datagram socket to receive on; empty turns it off.',
      trade:
        'Clients on the same machine wait instead of losing data when the server is busy, and packets may be ' +
        'larger. Clients need access to the path. Linux only.',
      who: 'Whoever has clients on the same machine, or in containers that mount the directory.',
    },
  ),
  ...streamAgentKeys,
  ...startKeys,
  dogstatsd_buffer_size: integer(
    { default: 8192, min: 512, max: 65536, unit: 'bytes' },
    {
      what:
        'The largest packet that is received whole. The rest of a longer datagram is cut off; a longer frame ends its ' +
        'connection; a longer line of TCP or a pipe is left out.',
      trade: 'Larger takes more memory for every receive slot; smaller cuts packets.',
      who: 'Whoever has clients that send packets of more than 8 KiB.',
    },
  ),
  dogstatsd_so_rcvbuf: integer(
    { default: 0, min: 0, max: 2147483647, unit: 'bytes' },
    {
      what:
        "Size of the kernel's receive buffer for each socket. `0` asks for 4 MiB for UDP and leaves the " +
        "system's default for Unix sockets, whose senders wait when it is full.",
      trade:
        'Larger survives longer bursts and takes kernel memory. The system caps it, on Linux at ' +
        '`net.core.rmem_max`.',
      who: 'Whoever sees datagrams dropped by the kernel under bursts.',
    },
  ),
  dogstatsd_workers_count: integer(
    { default: 0, min: 0, max: 64, unit: 'threads' },
    {
      what: 'Threads that receive from each datagram socket; `0` is automatic, one thread.',
      trade:
        'More threads take more traffic on more processors; each has its own memory and takes one processor when busy.',
      who: 'Whoever receives more than one processor can take.',
    },
  ),
  dogstatsd_tags: list(
    {
      default: [],
      item: z.string().regex(/^[^\n\0]*$/),
      itemText: 'tags such as env:prod (no space after the colon, no line breaks)',
    },
    {
      what: 'Tags added to every metric, event and service check.',
      trade: 'They tell data of this server from that of others; each makes every series a little larger.',
      who: 'Whoever wants data marked by where it was received: environment, team, cluster.',
    },
  ),
  hostname: text(
    { default: '', pattern: /^\S*$/, patternText: 'without spaces' },
    {
      what: "Host name attached to data that names none. Empty is the operating system's host name.",
      trade: 'A fixed name survives new machines and containers; two servers with one name mix their data.',
      who: 'Whoever runs in a container, where the system has a random name.',
      defaultText: "the operating system's host name",
    },
  ),
  histogram_aggregates: list(
    {
      default: ['max', 'median', 'avg', 'count'],
      item: z.enum(HISTOGRAM_AGGREGATES),
      itemText: HISTOGRAM_AGGREGATES.join(', '),
    },
    {
      what: 'What is computed of each histogram and timing: one series each.',
      trade: 'Every entry adds one series for every histogram context.',
      who: 'Whoever needs `min` or `sum`, or wants fewer series.',
    },
  ),
  histogram_percentiles: list(
    {
      default: ['0.95'],
      item: z.string().refine(isQuantile),
      itemText: 'numbers from 0 to 1, such as 0.95',
    },
    {
      what:
        'Percentiles of each histogram and timing: one series each, named `.95percentile` for `0.95`. They are rounded to ' +
        'whole percentages, as by the Agent; `percentiles` in `rules` are not.',
      trade: 'Every entry adds one series for every histogram context.',
      who: 'Whoever watches latency: `0.5 0.95 0.99` is usual.',
    },
  ),
  dogstatsd_expiry_seconds: seconds(
    { default: 300, min: 0, max: 604800 },
    {
      what: 'How long a counter that receives nothing is reported as 0 before it goes silent.',
      trade: 'Longer keeps graphs and alerts of rare counters steady; it costs one series a bucket for each.',
      who: 'Whoever alerts on counters that are rarely incremented.',
    },
  ),
  dogstatsd_context_expiry_seconds: seconds(
    { default: 20, min: 0, max: 604800 },
    {
      what: 'How long a context is remembered after its last sample.',
      trade: 'Longer saves work for contexts that come back; shorter frees memory sooner.',
      who: 'Rarely anyone: whoever has many contexts that live briefly, or come back after a pause.',
    },
  ),
  dogstatsd_eol_required: list(
    { default: [], item: z.enum(EOL_LISTENERS), itemText: EOL_LISTENERS.join(', ') },
    {
      what:
        'Listeners on which the last line of a packet must end in a newline, or is dropped and counted. For `tcp` and ' +
        '`named_pipe` that is the last line of a connection.',
      trade: 'Finds lines that were cut off; loses every last line of clients that send no newline.',
      who: 'Whoever has clients that always end lines and packets that may be cut.',
    },
  ),
  dogstatsd_no_aggregation_pipeline: yesOrNo(
    { default: true },
    {
      what: 'Passes samples with a timestamp of their own (`|T`) through as they are. Off, the timestamp is ignored and they are aggregated.',
      trade: 'On, each such sample is one point; off, they join the bucket in which they arrive.',
      who: 'Rarely anyone: whoever has clients that send timestamps by mistake.',
    },
  ),
  dogstatsd_origin_detection_client: yesOrNo(
    { default: false },
    {
      what: 'Honours what clients say about their container (`c:`, `e:` and `card:` fields).',
      trade: 'Tells containers apart; each container makes contexts of its own. Clients are believed.',
      who: 'Whoever runs clients in containers.',
    },
  ),
  dogstatsd_disable_verbose_logs: yesOrNo(
    { default: false },
    {
      what: 'Logs lines that cannot be parsed at level debug instead of error. They are counted either way.',
      trade: 'A quiet log; the reason a line was rejected is then seen only at level debug.',
      who: 'Whoever has clients that send bad lines and cannot be changed.',
    },
  ),
  dogstatsd_flush_incomplete_buckets: yesOrNo(
    { default: true },
    {
      what: 'Sends what the open bucket holds when the server stops. The Agent does not unless told to.',
      trade:
        'Nothing is lost at a stop. After a restart within one bucket there are two partial values for it.',
      who: 'Whoever restarts often and would rather lose a bucket than see a partial one.',
    },
  ),
  ...enrichKeys,
  ...datadogDeliveryKeys,
  ...rateLimiterKeys,
  ...forwardKeys,
  ...telemetryKeys,
  ...datadogPayloadKeys,
  log_level: choice(
    { default: 'info', words: LOG_LEVELS, aliases: { warning: 'warn' } },
    {
      what: 'The least severe log lines that are written.',
      trade: '`debug` and `trace` explain more and fill the log.',
      who: 'Whoever looks for a problem.',
    },
  ),
};

function isQuantile(value: string): boolean {
  const quantile = Number(value);
  return value.trim() !== '' && quantile >= 0 && quantile <= 1;
}
