/**
 * Keys that the Datadog Agent also has, under the Agent's names (docs/configuration.md). One
 * entry is one key: its kind, default, bounds and the words that document it.
 */
import { z } from 'zod';
import { datadogDeliveryKeys } from './datadog-delivery-keys.ts';
import { datadogPayloadKeys } from './datadog-payload-keys.ts';
import { enrichKeys } from './enrich-keys.ts';
import { failoverKeys } from './failover-keys.ts';
import { forwardKeys } from './forward-keys.ts';
import { hostName } from './host-name.ts';
import { hostnameFileKey, hostTagKeys } from './host-tag-keys.ts';
import { choice, integer, list, seconds, text, yesOrNo } from './key-types.ts';
import { startKeys } from './life-keys.ts';
import { originAgentKeys } from './origin-keys.ts';
import { rateLimiterKeys } from './rate-limiter-keys.ts';
import { socketPath } from './socket-path.ts';
import { streamAgentKeys } from './stream-keys.ts';
import { telemetryKeys } from './telemetry-keys.ts';
import { workerAgentKeys } from './worker-keys.ts';

export const LOG_LEVELS = ['off', 'fatal', 'critical', 'error', 'warn', 'info', 'debug', 'trace'] as const;

export const HISTOGRAM_AGGREGATES = ['max', 'min', 'median', 'avg', 'sum', 'count'] as const;

/** The Agent's words for what a packet came through, and `tcp`: `uds` is both kinds of Unix socket. */
export const EOL_LISTENERS = ['udp', 'uds', 'named_pipe', 'tcp'] as const;

export const agentKeys = {
  dogstatsd_port: integer(
    { default: 8125, min: -1, max: 65535, words: { __random__: 0 } },
    {
      what: 'UDP port to receive on. `0` picks any free port, as `__random__` does in the Agent, and the log says which. `-1` turns UDP off; the Agent uses `0` for that.',
      trade: 'Clients expect a fixed port; a free port never collides.',
      when: 'you run a second DogStatsD server on the same machine, or in tests (`0`).',
    },
  ),
  bind_host: hostName(
    { default: '127.0.0.1', portKey: 'dogstatsd_port' },
    {
      what: "Address that the UDP socket binds to. The Agent's default is `localhost`, which is only `::1` on some machines; most clients send to `127.0.0.1`.",
      trade:
        'Binding to the address of a network interface accepts metrics from other machines, and from anyone who can reach it.',
      when: 'you want to receive on one particular interface. For all interfaces, set `dogstatsd_non_local_traffic`.',
    },
  ),
  dogstatsd_non_local_traffic: yesOrNo(
    { default: false },
    {
      what: 'Receives UDP on all interfaces. `bind_host` is then ignored.',
      trade: 'DogStatsD has no authentication: anyone who can reach the port can write metrics.',
      when: 'you receive UDP from other machines or containers. Protect the port with a firewall.',
    },
  ),
  dogstatsd_socket: socketPath('datagram', {
    what: 'Path of a Unix datagram socket to receive on, such as `/run/dsd.sock`, `unix:///run/dsd.sock` or `unixgram:///run/dsd.sock`. Empty turns it off.',
    trade:
      'When the server is busy, clients wait instead of losing data, and packets may be larger. Clients need access to the path. Linux only.',
    when: 'you have clients on the same machine, or in containers that mount the directory.',
  }),
  ...streamAgentKeys,
  ...startKeys,
  dogstatsd_buffer_size: integer(
    { default: 65536, min: 512, max: 65536, unit: 'bytes' },
    {
      what: 'Size of the largest packet that is received whole. A longer datagram is truncated, a longer frame is skipped, and a longer line over TCP or a pipe is left out. The ledger counts all of these.',
      trade:
        'The default is the maximum, 64 KiB; the Agent uses 8 KiB. Only packets of that length, and connections with an incomplete packet, use the memory. A smaller value limits what each connection can hold.',
      when: 'thousands of connections slowly send long packets.',
    },
  ),
  dogstatsd_so_rcvbuf: integer(
    { default: 0, min: 0, max: 2147483647, unit: 'bytes' },
    {
      what: "Size of the kernel's receive buffer for each socket. `0` asks for 4 MiB for UDP and keeps the system's default for Unix sockets, whose senders wait when the buffer is full.",
      trade:
        'A larger buffer survives longer bursts and takes kernel memory. The system limits it, on Linux with `net.core.rmem_max`.',
      when: 'the kernel drops datagrams during bursts.',
    },
  ),
  dogstatsd_workers_count: integer(
    { default: 0, min: 0, max: 64, unit: 'threads' },
    {
      what:
        'Number of threads that receive UDP, and as many again that receive Unix datagrams. `0` lets the machine decide: one for Unix datagrams, and for UDP one for every four processors that the process may use (of a CPU limit of its cgroup, no more than that), at least one and at most four; `whippet config` shows the result. ' +
        'Each thread for UDP has a socket of its own at the same address, and the kernel keeps a client (an address and port) with one of them, so its packets stay in order and one client keeps one thread busy. Threads for Unix datagrams share the socket.',
      trade:
        'More threads handle more traffic on more processors. Each has its own memory, learns each line itself, and uses a full processor when busy; each UDP socket has a receive buffer of its own. With several threads on a Unix socket, two packets that one client sends right after each other may be processed the other way round, so the last value of a gauge may be the one before.',
      when: 'you receive more traffic than one processor can handle.',
    },
  ),
  dogstatsd_tags: list(
    {
      default: [],
      item: z.string().regex(/^[^\n\0]*$/),
      itemText: 'tags such as env:prod (no space after the colon, no line breaks)',
    },
    {
      what: "Tags added to every metric, event and service check. For tags that belong only to this host's data, use `tags`, `extra_tags` and `env`.",
      trade:
        'They distinguish the data of this server from that of others. Each tag makes every series a little larger.',
      when: 'you want to mark data by where it was received: environment, team or cluster.',
    },
  ),
  hostname: text(
    { default: '', pattern: /^\S*$/, patternText: 'without spaces' },
    {
      what: "Host name attached to data that does not name a host. Empty means the operating system's host name.",
      trade:
        'A fixed name survives a change of machine or container. Two servers with the same name mix their data.',
      when: "you run in a container, where the system's host name is random.",
      defaultText: "the operating system's host name",
    },
  ),
  ...hostnameFileKey,
  ...hostTagKeys,
  ...originAgentKeys,
  histogram_aggregates: list(
    {
      default: ['max', 'median', 'avg', 'count'],
      item: z.enum(HISTOGRAM_AGGREGATES),
      itemText: HISTOGRAM_AGGREGATES.join(', '),
    },
    {
      what: 'Aggregates computed for each histogram and timing. Each becomes one series.',
      trade: 'Every entry adds one series per histogram context.',
      when: 'you need `min` or `sum`, or want fewer series.',
    },
  ),
  histogram_percentiles: list(
    {
      default: ['0.95'],
      item: z.string().refine(isQuantile),
      itemText: 'numbers from 0 to 1, such as 0.95',
    },
    {
      what: 'Percentiles computed for each histogram and timing. Each becomes one series, such as `.95percentile` for `0.95`. They are rounded to whole percentages, as in the Agent; `percentiles` in `rules` are not.',
      trade: 'Every entry adds one series per histogram context.',
      when: 'you monitor latency; `0.5 0.95 0.99` is a common choice.',
    },
  ),
  dogstatsd_expiry_seconds: seconds(
    { default: 300, min: 0, max: 604800 },
    {
      what: 'How long a counter that receives nothing is reported as 0 before it stops being reported.',
      trade:
        'A longer time keeps graphs and alerts on rare counters steady; it costs one series per bucket for each.',
      when: 'you alert on counters that are rarely incremented.',
    },
  ),
  dogstatsd_context_expiry_seconds: seconds(
    { default: 20, min: 0, max: 604800 },
    {
      what: 'How long a context is remembered after its last sample.',
      trade: 'A longer time saves work for contexts that come back; a shorter time frees memory sooner.',
      when: 'you have many short-lived contexts, or contexts that come back after a pause. This is rarely needed.',
    },
  ),
  dogstatsd_eol_required: list(
    { default: [], item: z.enum(EOL_LISTENERS), itemText: EOL_LISTENERS.join(', ') },
    {
      what: 'Listeners on which the last line of a packet must end in a newline. A line that does not is dropped and counted. For `tcp` and `named_pipe`, this applies to the last line of a connection.',
      trade:
        'It detects lines that were cut off, but loses every last line of clients that send no final newline.',
      when: 'your clients always end lines with a newline, and packets may be cut off.',
    },
  ),
  dogstatsd_no_aggregation_pipeline: yesOrNo(
    { default: true },
    {
      what: 'Passes samples that have their own timestamp (`|T`) through unchanged. When off, the timestamp is ignored and they are aggregated.',
      trade:
        'When on, each of these samples is one point. When off, they join the bucket in which they arrive.',
      when: 'clients send timestamps by mistake. This is rarely needed.',
    },
  ),
  dogstatsd_origin_detection_client: yesOrNo(
    { default: false },
    {
      what: 'Uses what clients say about their container (the fields `c:`, `e:` and `card:`).',
      trade:
        'It distinguishes containers, and each container creates its own contexts. The server trusts what clients say.',
      when: 'you run clients in containers.',
    },
  ),
  dogstatsd_disable_verbose_logs: yesOrNo(
    { default: false },
    {
      what: 'Logs lines that cannot be parsed at level debug instead of error. They are counted either way.',
      trade:
        'It keeps the log quiet, but the reason why a line was rejected is then visible only at level debug.',
      when: 'clients that you cannot change send invalid lines.',
    },
  ),
  dogstatsd_flush_incomplete_buckets: yesOrNo(
    { default: true },
    {
      what: 'Sends the contents of the open bucket when the server stops. The Agent does so only when told to.',
      trade:
        'Nothing is lost at a stop. After a restart within one bucket, that bucket has two partial values.',
      when: 'you restart often and prefer a missing bucket to a partial one.',
    },
  ),
  ...enrichKeys,
  ...datadogDeliveryKeys,
  ...failoverKeys,
  ...workerAgentKeys,
  ...rateLimiterKeys,
  ...forwardKeys,
  ...telemetryKeys,
  ...datadogPayloadKeys,
  log_level: choice(
    { default: 'info', words: LOG_LEVELS, aliases: { warning: 'warn' } },
    {
      what: 'Lowest severity of log lines that are written.',
      trade: '`debug` and `trace` explain more and fill the log.',
      when: 'you are investigating a problem.',
    },
  ),
};

function isQuantile(value: string): boolean {
  const quantile = Number(value);
  return value.trim() !== '' && quantile >= 0 && quantile <= 1;
}
