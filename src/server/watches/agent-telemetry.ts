/**
 * `telemetry.dogstatsd`: what this server counts, under the names of the Agent's telemetry (docs/ledger.md#the-agents-names), as ordinary
 * series that every output gets.
 *
 *   ledger, counters ──before each flush──▶ growth since the last ──▶ a bucket of our own ──merge──▶ as all others
 *
 * The Agent's names begin with `dogstatsd__` on its Prometheus page and with `datadog.agent.dogstatsd.` where it sends
 * them as metrics. Those that count steps this server does not have are left out (docs/ledger.md lists them).
 *
 * Thread  the control thread.
 * Limits  the rows of the table for each listener; contexts are those of the registry.
 */
import { createHash } from 'node:crypto';
import type { Registry } from '../../aggregate/contexts/registry.ts';
import type { ShardSlots } from '../../aggregate/contexts/shard-slots.ts';
import type { ContextType } from '../../model/context.ts';
import type { SealedBucket } from '../../model/sealed-bucket.ts';
import type { ShardCounter } from '../../telemetry/counters/shard-counters.ts';
import type { ThreadCounts } from '../../telemetry/counters/thread-counts.ts';
import { type Totals, totalOf } from '../../telemetry/ledger/ledger.ts';
import type { LedgerReport } from '../../telemetry/ledger/ledger-report.ts';
import { OwnBucket } from '../threads/own-bucket.ts';

export const AGENT_PREFIX = 'datadog.agent.dogstatsd.';
/** Of the contexts of this shard, which has no thread. */
export const OWN_SHARD = -1;

const UDS = ['unixgram', 'unix'];
const MESSAGE_TYPES = [
  ['metrics', 'metric'],
  ['events', 'event'],
  ['service_checks', 'service_check'],
] as const;

interface Sources {
  readonly report: LedgerReport;
  readonly threads: readonly ThreadCounts[];
}

interface Value {
  readonly tags: readonly string[];
  readonly value: number;
}

interface AgentMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly read: (sources: Sources) => readonly Value[];
}

/** Names, types and tags as in the Agent. */
export const AGENT_METRICS: readonly AgentMetric[] = [
  counter('udp_packets', 'Packets received over UDP, and reads that failed.', ({ report }) =>
    reads(report, ['udp'], () => []),
  ),
  counter('udp_packets_bytes', 'Bytes of them.', ({ report }) => bytes(report, ['udp'], () => [])),
  counter('uds_packets', 'Packets received over Unix sockets, and reads that failed.', ({ report }) =>
    reads(report, UDS, udsTags),
  ),
  counter('uds_packets_bytes', 'Bytes of them.', ({ report }) => bytes(report, UDS, udsTags)),
  counter('named_pipe_packets', 'Packets received over named pipes, and reads that failed.', ({ report }) =>
    reads(report, ['named_pipe'], () => []),
  ),
  counter('named_pipe_packets_bytes', 'Bytes of them.', ({ report }) =>
    bytes(report, ['named_pipe'], () => []),
  ),
  gauge('packets_channel_packets_count', 'Packets in the backlog.', ({ report }) =>
    report.listeners.map(({ listener, backlog }) => ({ tags: idTags(listener), value: backlog.packets })),
  ),
  gauge('packets_channel_packets_bytes', 'Bytes in the backlog.', ({ report }) =>
    report.listeners.map(({ listener, backlog }) => ({ tags: idTags(listener), value: backlog.bytes })),
  ),
  counter('processed', 'Messages by type, and whether they were understood.', ({ report }) =>
    MESSAGE_TYPES.flatMap(([name, type]) => [
      { tags: [`message_type:${name}`, 'state:ok'], value: understood(report, type) },
      { tags: [`message_type:${name}`, 'state:error'], value: rejected(report, type) },
    ]),
  ),
  counter('mem_based_rate_limiter_wait', 'Pauses of the rate limiter.', sumOf('limiterPauses')),
  counter('mem_based_rate_limiter_no_wait', 'Receives without a look at memory.', sumOf('limiterSkips')),
  counter('mem_based_rate_limiter_low_limit', 'Looks above the low limit.', sumOf('limiterLow')),
  counter('mem_based_rate_limiter_high_limit', 'Looks above the high limit.', sumOf('limiterHigh')),
  counter(
    'mem_based_rate_limiter_low_limit_freeos_mem',
    'Times memory was given back.',
    sumOf('limiterReclaims'),
  ),
  gauge('mem_based_rate_limiter_mem_rate', 'Used memory over the limit.', ({ threads }) => [
    { tags: [], value: Math.max(0, ...threads.map(({ counters }) => counters.get('limiterMemoryRatio'))) },
  ]),
];

export class AgentTelemetry {
  private readonly registry: Registry;
  private readonly slots: ShardSlots;
  /** Slot by context, and what a counter was at the last flush. */
  private readonly contexts = new Map<string, { readonly slot: number; last: number }>();

  /** `slots` are those of OWN_SHARD. */
  constructor(registry: Registry, slots: ShardSlots) {
    this.registry = registry;
    this.slots = slots;
  }

  /** What was counted since the last call, as a bucket that begins at `start`; both in Unix seconds. */
  bucket(start: number, now: number, sources: Sources): SealedBucket {
    const bucket = new OwnBucket(start, now);
    for (const metric of AGENT_METRICS) {
      for (const { tags, value } of metric.read(sources)) {
        const context = this.contextOf(metric, tags, now);
        bucket.add(context.slot, metric.type === 'counter' ? value - context.last : value);
        context.last = value;
      }
    }
    return bucket;
  }

  private contextOf({ name, type }: AgentMetric, tags: readonly string[], now: number) {
    const { overflowHost, overflowTags } = this.registry;
    const text = [AGENT_PREFIX + name, overflowHost, ...tags, ...overflowTags].join('\n');
    const known = this.contexts.get(text);
    if (known !== undefined) return known;
    const slot = this.contexts.size;
    this.slots.admit(slot, this.registry.admit(keyOf(text, type), type, text, now));
    const context = { slot, last: 0 };
    this.contexts.set(text, context);
    return context;
  }
}

/** 128 bits that no context of a client has: theirs are keyed with a secret. */
function keyOf(text: string, type: ContextType): Uint32Array {
  const digest = createHash('sha256').update(`${type}\n${text}`).digest();
  return new Uint32Array(digest.buffer.slice(digest.byteOffset, digest.byteOffset + 16));
}

function counter(name: string, help: string, read: AgentMetric['read']): AgentMetric {
  return { name, type: 'counter', help, read };
}

function gauge(name: string, help: string, read: AgentMetric['read']): AgentMetric {
  return { name, type: 'gauge', help, read };
}

function totalsOf({ totals }: LedgerReport, listener: string, unit: Totals['unit']): Totals | undefined {
  return totals.find((one) => one.stage === 'listener' && one.name === listener && one.unit === unit);
}

/** Tags of a listener's series. */
type TagsOf = (listener: string) => string[];

function listenersOf({ listeners }: LedgerReport, kinds: readonly string[]): LedgerReport['listeners'] {
  return listeners.filter(({ listener }) => kinds.includes(listener));
}

function reads(report: LedgerReport, kinds: readonly string[], tags: TagsOf): Value[] {
  return listenersOf(report, kinds).flatMap(({ listener, receiveErrors }) => {
    const received = totalsOf(report, listener, 'packets')?.received ?? 0;
    return [
      { tags: [...tags(listener), 'state:ok'], value: received },
      { tags: [...tags(listener), 'state:error'], value: receiveErrors },
    ];
  });
}

function bytes(report: LedgerReport, kinds: readonly string[], tags: TagsOf): Value[] {
  return listenersOf(report, kinds).map(({ listener, receivedBytes }) => ({
    tags: tags(listener),
    value: receivedBytes,
  }));
}

function idOf(listener: string): string {
  return UDS.includes(listener) ? `uds-${listener}` : listener;
}

function idTags(listener: string): string[] {
  return [`listener_id:${idOf(listener)}`];
}

function udsTags(listener: string): string[] {
  return [...idTags(listener), `transport:${listener}`];
}

/** Messages of a type that were not rejected; filtered and dropped ones were understood. */
function understood(report: LedgerReport, type: string): number {
  return sumMessages(
    report,
    ({ accepted, filtered, dropped }) =>
      (accepted[type] ?? 0) + totalOf(ofType(filtered, type)) + totalOf(ofType(dropped, type)),
  );
}

function rejected(report: LedgerReport, type: string): number {
  return sumMessages(report, (entry) => totalOf(ofType(entry.rejected, type)));
}

function sumMessages({ totals }: LedgerReport, read: (entry: Totals) => number): number {
  return totals
    .filter(({ stage, unit }) => stage === 'listener' && unit === 'messages')
    .reduce((sum, entry) => sum + read(entry), 0);
}

function ofType(counts: Totals['dropped'], type: string): Totals['dropped'] {
  return Object.fromEntries(Object.entries(counts).filter(([reason]) => reason.startsWith(`${type}:`)));
}

function sumOf(name: ShardCounter): AgentMetric['read'] {
  return ({ threads }) => [
    { tags: [], value: threads.reduce((sum, { counters }) => sum + counters.get(name), 0) },
  ];
}
