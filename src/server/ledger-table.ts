/**
 * Where the numbers of the ledger come from at the intake: one line for each unit, fate and reason of a listener.
 * A new reason is a counter (telemetry/shard-counters.ts or core/counters.ts) and one line here; the metrics page,
 * GET /api/ledger, the log, `whippet status` and the test that holds docs/ledger.md to it follow.
 *
 * What a thread tells is as of the end of its last batch, so the lines of one unit always add up.
 */
import { CORE_COUNTERS, type CoreCounter } from '../core/counters.ts';
import type { ThreadCounts } from '../intake/intake-thread.ts';
import type { ForwardFailure } from '../telemetry/forward-counters.ts';
import type { LedgerEntry } from '../telemetry/ledger.ts';
import { REJECTION_COUNTERS, type ShardCounter } from '../telemetry/shard-counters.ts';

type Entry = LedgerEntry<ThreadCounts>;

const core =
  (...counters: readonly CoreCounter[]) =>
  (thread: ThreadCounts): number =>
    counters.reduce((sum, counter) => sum + (thread.core[CORE_COUNTERS[counter]] as number), 0);
const shard =
  (...counters: readonly ShardCounter[]) =>
  (thread: ThreadCounts): number =>
    counters.reduce((sum, counter) => sum + thread.counters.get(counter), 0);
const coreHits = core('lineHits', 'tagSetHits');
const coreFiltered = core('filteredLines');

const PACKETS: readonly Entry[] = [
  packets('received', '', 'Packets taken from the socket.', shard('receivedPackets')),
  packets('accepted', 'processed', 'Packets whose messages were looked at.', core('packets')),
  packets('held', 'backlog', 'Packets that wait in the backlog.', shard('backlogHeldPackets')),
];

const MESSAGES: readonly Entry[] = [
  messages(
    'received',
    '',
    'Messages: lines of packets, empty ones left out.',
    sum(core('lines', 'unterminated', 'cutLines'), shard('backlogHeldMessages')),
  ),
  messages(
    'accepted',
    'metric',
    'Metrics handed to aggregation.',
    (thread) => coreHits(thread) - coreFiltered(thread) + thread.counters.get('metrics'),
  ),
  messages('accepted', 'event', 'Events handed to the outputs.', shard('events')),
  messages('accepted', 'service_check', 'Service checks handed to the outputs.', shard('serviceChecks')),
  ...REJECTION_COUNTERS.map((counter) =>
    messages('rejected', counter, 'Cannot be understood: docs/errors.md, bad lines.', shard(counter)),
  ),
  messages(
    'rejected',
    'unknown:unterminated',
    'Last line of a packet without the line feed that dogstatsd_eol_required asks for.',
    core('unterminated'),
  ),
  messages(
    'filtered',
    'metric:filter',
    'Metrics that a filter or a rule drops.',
    sum(coreFiltered, shard('filteredMetrics')),
  ),
  dropped(
    'unknown:truncated',
    'Last line of a packet longer than dogstatsd_buffer_size, cut by the kernel.',
    'raise dogstatsd_buffer_size, or lower the packet size of the client',
    core('cutLines'),
  ),
  dropped(
    'metric:memory_full',
    'Metrics of a new context, when the 2 GiB of an intake thread are full.',
    'lower limits.contexts and limits.bucket_keys, or set dogstatsd_workers_count',
    shard('memoryFullMessages'),
  ),
  dropped(
    'metric:timestamped_type',
    'Metrics with a timestamp, of a type that cannot have one.',
    'send timestamps with counters and gauges only, or set dogstatsd_no_aggregation_pipeline: false',
    shard('unsupportedTimestampedMessages'),
  ),
  dropped(
    'event:queue_full',
    'Events that came faster than the outputs take them.',
    'send fewer events, or look for an output that is slow',
    shard('eventsDropped'),
  ),
  dropped(
    'service_check:queue_full',
    'Service checks that came faster than the outputs take them.',
    'send fewer service checks, or look for an output that is slow',
    shard('serviceChecksDropped'),
  ),
  dropped(
    'unknown:internal_error',
    'Messages lost to a bug in this server.',
    'report it, with the message if you can find it',
    shard('resolverFailures'),
  ),
  messages('held', 'backlog', 'Messages of packets that wait in the backlog.', shard('backlogHeldMessages')),
];

const VALUES: readonly Entry[] = [
  values(
    'received',
    '',
    'Values of accepted metrics; packed ones count singly, and so does the copy of a histogram.',
    sum(core('samples', 'nonFiniteSamples'), shard('memoryFullCopies')),
  ),
  values(
    'accepted',
    'aggregated',
    'Values added to the open bucket.',
    (thread) =>
      core('samples')(thread) -
      core('keyTableFullSamples', 'timestampedFullSamples', 'timestampedSamples')(thread),
  ),
  values('accepted', 'timestamped', 'Values with a timestamp, passed through.', core('timestampedSamples')),
  lostValues(
    'not_finite',
    'Values that are NaN or infinite.',
    'look for a division by zero in the client',
    core('nonFiniteSamples'),
  ),
  lostValues(
    'bucket_keys',
    'Values of histograms, distributions and sets beyond limits.bucket_keys.',
    'raise limits.bucket_keys, or shorten bucket_seconds',
    core('keyTableFullSamples'),
  ),
  lostValues(
    'memory_full',
    'Values of copies of histograms, when the 2 GiB of an intake thread are full.',
    'lower limits.contexts and limits.bucket_keys, or set dogstatsd_workers_count',
    shard('memoryFullCopies'),
  ),
  lostValues(
    'timestamped_full',
    'Values with a timestamp beyond what a bucket holds.',
    'send fewer values with timestamps, or shorten bucket_seconds',
    core('timestampedFullSamples'),
  ),
];

/** Of every listener. */
export const INTAKE_LEDGER: readonly Entry[] = [...PACKETS, ...MESSAGES, ...VALUES];

/** Of every listener, while packets are forwarded. What fails is lost for the target; it is processed here all the same. */
export const FORWARD_LEDGER: readonly Entry[] = [
  packets('received', '', 'Packets to be sent on.', shard('receivedPackets')),
  packets('accepted', 'sent', 'Packets that the kernel took.', shard('forwardedPackets')),
  notSent(
    'refused',
    'The machine of the target says, faster than packets go out, that no one listens there.',
    'start the server there, or correct statsd_forward_port',
  ),
  notSent(
    'would_block',
    'The send buffer, or the queue of the network device, is full.',
    'raise net.core.wmem_max, or send less',
  ),
  notSent(
    'too_long',
    'Longer than a UDP datagram, which holds 65,507 bytes.',
    'lower dogstatsd_buffer_size, or the packet size of the client',
  ),
  notSent(
    'unreachable',
    'The system knows no way to the target, or does not allow it.',
    'look at routes and firewall of this machine',
  ),
  notSent(
    'unresolved',
    'The name of the target has no address so far.',
    'correct statsd_forward_host, or look at the name service',
  ),
  notSent(
    'truncated',
    'Cut on receipt, and no whole line of it is there.',
    'raise dogstatsd_buffer_size, or lower the packet size of the client',
  ),
  packets('held', 'unsent', 'Packets that Node has yet to send.', shard('forwardUnsentPackets')),
];

/** Every table, for documents and tests. */
export const LEDGER_TABLES: readonly {
  readonly stage: string;
  readonly table: readonly LedgerEntry<never>[];
}[] = [
  { stage: 'intake', table: INTAKE_LEDGER },
  { stage: 'forward', table: FORWARD_LEDGER },
];

type Count = Entry['count'];

function packets(fate: Entry['fate'], reason: string, help: string, count: Count): Entry {
  return { unit: 'packets', fate, reason, help, count };
}

function messages(fate: Entry['fate'], reason: string, help: string, count: Count): Entry {
  return { unit: 'messages', fate, reason, help, count };
}

function dropped(reason: string, help: string, remedy: string, count: Count): Entry {
  return { unit: 'messages', fate: 'dropped', reason, help, remedy, count };
}

function notSent(reason: ForwardFailure, help: string, remedy: string): Entry {
  return { unit: 'packets', fate: 'dropped', reason, help, remedy, count: shard(`forward:${reason}`) };
}

function values(fate: Entry['fate'], reason: string, help: string, count: Count): Entry {
  return { unit: 'values', fate, reason, help, count };
}

function lostValues(reason: string, help: string, remedy: string, count: Count): Entry {
  return { unit: 'values', fate: 'dropped', reason, help, remedy, count };
}

function sum(...counts: readonly Count[]): Count {
  return (thread) => counts.reduce((total, count) => total + count(thread), 0);
}
