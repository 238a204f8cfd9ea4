/**
 * Where the numbers of the ledger come from at the listeners: one line for each unit, outcome and reason of a listener.
 * A new reason is a counter (telemetry/counters/shard-counters.ts or telemetry/counters/core-counters.ts) and one line here; the metrics page,
 * GET /api/ledger, the log, `whippet status` and the test that holds docs/ledger.md to it follow.
 *
 * What a thread tells is as of the end of its last batch, so the lines of one unit always add up.
 */

import { STREAM_KINDS, type StreamKind } from '../../model/connection.ts';
import { CORE_COUNTERS, type CoreCounter } from '../counters/core-counters.ts';
import { REJECTION_COUNTERS, type ShardCounter } from '../counters/shard-counters.ts';
import type { ThreadCounts } from '../counters/thread-counts.ts';
import type { LedgerEntry } from './ledger.ts';

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

const FRAMES: readonly StreamKind[] = ['unix'];
const LINES: readonly string[] = ['tcp', 'named_pipe', 'http'];
const DATAGRAMS: readonly string[] = ['udp', 'unixgram'];

/** Of stream listeners. */
const CONNECTIONS: readonly Entry[] = [
  connections(
    'received',
    '',
    'Connections that clients opened.',
    shard('connectionsOpened', 'connectionsRefusedLimit', 'connectionsRefusedFiles'),
  ),
  connections(
    'accepted',
    'ended',
    'Connections that have ended, whichever side ended them.',
    (thread) =>
      shard('connectionsEnded')(thread) - shard('connectionsTlsFailed', 'connectionsCutOff')(thread),
  ),
  refused(
    'limit',
    'Connections closed at once because the listener had reached its limit.',
    'raise listeners.connections_max, or set listeners.idle_timeout_seconds',
    shard('connectionsRefusedLimit'),
  ),
  refused(
    'file_limit',
    'Connections closed at once because the process had reached its limit of open files.',
    'raise the limit of open files (ulimit -n, LimitNOFILE)',
    shard('connectionsRefusedFiles'),
  ),
  {
    ...refused(
      'tls',
      'Connections that ended before their TLS handshake was done.',
      'look in the log for the reason: no TLS, a certificate that is not valid, or a client that went away',
      shard('connectionsTlsFailed'),
    ),
    only: ['tcp'],
  },
  refused(
    'stopped',
    'Connections the server had not finished reading when it had to stop.',
    'look for a client that sends faster than the server can process',
    shard('connectionsCutOff'),
  ),
  connections(
    'held',
    'open',
    'Connections that are open.',
    (thread) => shard('connectionsOpened')(thread) - shard('connectionsEnded')(thread),
  ),
];

const PACKETS: readonly Entry[] = [
  packets(
    'received',
    '',
    'Packets read from the socket, including those that arrived or were read only in part.',
    shard('receivedPackets', 'stoppedPackets', 'framesTooLong', 'framesImpossible', 'framesCut'),
  ),
  packets(
    'accepted',
    'processed',
    'Packets whose messages were processed.',
    (thread) => core('packets')(thread) - core('truncatedPackets')(thread),
  ),
  lostPackets(
    'truncated',
    'Packets longer than dogstatsd_buffer_size, of which only the beginning was read.',
    'raise dogstatsd_buffer_size, or lower the packet size of the client',
    core('truncatedPackets'),
    DATAGRAMS,
  ),
  lostPackets(
    'stopped',
    'Packets still in the socket when the server had to stop.',
    'look for a client that sends faster than the server can process',
    shard('stoppedPackets'),
    DATAGRAMS,
  ),
  lostPackets(
    'frame_too_long',
    'Frames longer than dogstatsd_buffer_size, skipped.',
    'raise dogstatsd_buffer_size, or lower the packet size of the client',
    shard('framesTooLong'),
    FRAMES,
  ),
  lostPackets(
    'frame_impossible',
    'Frame lengths of 16 MiB or more, which no client sends; each ended its connection.',
    'find the client, which sends lines without frames; dogstatsd_stream_log_too_big: true quotes them in the log',
    shard('framesImpossible'),
    FRAMES,
  ),
  lostPackets(
    'frame_cut',
    'Frames cut by the end of their connection.',
    'look for a client that closes its connection in the middle of a frame',
    shard('framesCut'),
    FRAMES,
  ),
  packets('held', 'backlog', 'Packets that wait in the backlog.', shard('backlogHeldPackets')),
];

const MESSAGES: readonly Entry[] = [
  messages(
    'received',
    '',
    'Messages: the lines of packets, without empty ones.',
    sum(
      core('lines', 'unterminated', 'cutLines'),
      shard('backlogHeldMessages', 'linesTooLong', 'linesCut', 'linesUnterminated'),
    ),
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
    'Last line of a packet or connection without the line feed that dogstatsd_eol_required asks for.',
    sum(core('unterminated'), shard('linesUnterminated')),
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
  {
    ...dropped(
      'unknown:line_too_long',
      'Lines longer than dogstatsd_buffer_size.',
      'raise dogstatsd_buffer_size, or look for a client that sends no newlines',
      shard('linesTooLong'),
    ),
    only: LINES,
  },
  {
    ...dropped(
      'unknown:line_cut',
      'Lines cut off because the client broke its connection.',
      'look for clients that break their connections, or for a server that is stopped while they send',
      shard('linesCut'),
    ),
    only: LINES,
  },
  dropped(
    'metric:memory_full',
    'Metrics with a new context that arrived while the 2 GiB of their listener thread were full.',
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
    'Events that arrived faster than the outputs accept them.',
    'send fewer events, or look for an output that is slow',
    shard('eventsDropped'),
  ),
  dropped(
    'service_check:queue_full',
    'Service checks that arrived faster than the outputs accept them.',
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
  messages(
    'held',
    'origin',
    'Messages that wait for the tags of their container, for 1.5 s at most.',
    shard('originWaitingMessages'),
  ),
];

const VALUES: readonly Entry[] = [
  values(
    'received',
    '',
    'Values of accepted metrics. Packed values are counted one by one, and the copy of a histogram counts as well.',
    sum(core('samples', 'nonFiniteSamples'), shard('memoryFullCopies')),
  ),
  values(
    'accepted',
    'aggregated',
    'Values added to the open bucket.',
    (thread) =>
      core('samples')(thread) -
      core(
        'keyTableFullSamples',
        'timestampedFullSamples',
        'timestampedSamples',
        'outOfRangeSamples',
      )(thread),
  ),
  values('accepted', 'timestamped', 'Values with a timestamp, passed through.', core('timestampedSamples')),
  lostValues(
    'not_finite',
    'Values that are NaN or infinite.',
    'look for a division by zero in the client',
    core('nonFiniteSamples'),
  ),
  lostValues(
    'out_of_range',
    'Values with a sample rate below 1/4,294,967,295, or that would make a sum or a count larger than can be held.',
    'look for the sample rate, or the huge value, in the client',
    core('outOfRangeSamples'),
  ),
  lostValues(
    'bucket_keys',
    'Values of histograms, distributions and sets beyond limits.bucket_keys.',
    'raise limits.bucket_keys, or shorten bucket_seconds',
    core('keyTableFullSamples'),
  ),
  lostValues(
    'memory_full',
    'Values of copies of histograms, when the 2 GiB of a listener thread are full.',
    'lower limits.contexts and limits.bucket_keys, or set dogstatsd_workers_count',
    shard('memoryFullCopies'),
  ),
  lostValues(
    'timestamped_full',
    'Values with a timestamp that found no room in their bucket.',
    'send fewer values with timestamps, or shorten bucket_seconds',
    core('timestampedFullSamples'),
  ),
];

/** Of every listener. */
export const LISTENER_LEDGER: readonly Entry[] = [...CONNECTIONS, ...PACKETS, ...MESSAGES, ...VALUES];

type Count = Entry['count'];

function packets(outcome: Entry['outcome'], reason: string, help: string, count: Count): Entry {
  return { unit: 'packets', outcome, reason, help, count };
}

function connections(outcome: Entry['outcome'], reason: string, help: string, count: Count): Entry {
  return { unit: 'connections', outcome, reason, help, count, only: STREAM_KINDS };
}

function refused(reason: string, help: string, remedy: string, count: Count): Entry {
  return { unit: 'connections', outcome: 'dropped', reason, help, remedy, count, only: STREAM_KINDS };
}

function lostPackets(
  reason: string,
  help: string,
  remedy: string,
  count: Count,
  only: readonly string[],
): Entry {
  return { unit: 'packets', outcome: 'dropped', reason, help, remedy, count, only };
}

function messages(outcome: Entry['outcome'], reason: string, help: string, count: Count): Entry {
  return { unit: 'messages', outcome, reason, help, count };
}

function dropped(reason: string, help: string, remedy: string, count: Count): Entry {
  return { unit: 'messages', outcome: 'dropped', reason, help, remedy, count };
}

function values(outcome: Entry['outcome'], reason: string, help: string, count: Count): Entry {
  return { unit: 'values', outcome, reason, help, count };
}

function lostValues(reason: string, help: string, remedy: string, count: Count): Entry {
  return { unit: 'values', outcome: 'dropped', reason, help, remedy, count };
}

function sum(...counts: readonly Count[]): Count {
  return (thread) => counts.reduce((total, count) => total + count(thread), 0);
}
