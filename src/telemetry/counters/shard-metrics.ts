/**
 * How the TypeScript side of the listener threads works, as metrics of the server, summed over all threads. What
 * becomes of packets, messages and values is in the ledger (telemetry/ledger/listener-ledger.ts).
 */
import { type OwnMetric, ownMetric } from '../metric.ts';
import type { ShardCounter, ShardCounters } from './shard-counters.ts';

const TOTALS: readonly (readonly [ShardCounter, string, string])[] = [
  ['receiveCalls', 'whippet_listener_receive_calls_total', 'Receive calls that brought packets.'],
  [
    'emptyReceives',
    'whippet_listener_empty_receives_total',
    'Receive calls that ended without a packet: how often listener threads at rest woke up.',
  ],
  [
    'unknownFields',
    'whippet_protocol_unknown_fields_total',
    'Fields that mean nothing to this version, ignored.',
  ],
  [
    'badOriginFields',
    'whippet_protocol_bad_origin_fields_total',
    'Malformed parts of c: and e: fields, ignored.',
  ],
  [
    'originPackets',
    'whippet_origin_packets_total',
    'Packets of Unix sockets whose sender runs in a container that was found.',
  ],
  [
    'originErrors',
    'whippet_origin_errors_total',
    'Look-ups of senders of which nothing could be found out: gone, not readable, or in a pid namespace that is not seen here.',
  ],
  [
    'originInvisible',
    'whippet_origin_invisible_senders_total',
    'Those of them in a pid namespace that is not seen here.',
  ],
  [
    'originTruncated',
    'whippet_origin_truncated_total',
    'Packets of whose sender the kernel had more to say than there was room for.',
  ],
  [
    'originPassedDescriptors',
    'whippet_origin_passed_descriptors_total',
    'Descriptors that senders passed with their packets; each was closed.',
  ],
  [
    'originReplayRefused',
    'whippet_origin_replay_refused_total',
    'Packets that claimed to be of a captured sender during a replay, from a process that may not; they count as their own.',
  ],
  [
    'originResolvedLate',
    'whippet_origin_messages_resolved_late_total',
    'Messages that waited for the tags of their container, and got them.',
  ],
  [
    'originGaveUp',
    'whippet_origin_messages_gave_up_total',
    'Messages that waited for the tags of their container, and went on without.',
  ],
  [
    'originNoRoom',
    'whippet_origin_messages_no_room_total',
    'Messages that went on without the tags of their container, because too many wait already.',
  ],
  [
    'relativeGaugesForgotten',
    'whippet_protocol_relative_gauges_forgotten_total',
    'Gauges with a sign whose value was forgotten because there were too many (dialects.relative_gauges).',
  ],
  ['newContexts', 'whippet_core_new_contexts_total', 'Contexts a listener thread met for the first time.'],
  [
    'lateSeals',
    'whippet_core_late_seals_total',
    'Attempts to seal a bucket while the one before was still being read.',
  ],
];

export function shardMetrics(shards: readonly ShardCounters[]): OwnMetric[] {
  return TOTALS.map(([counter, name, help]) =>
    ownMetric(
      'counter',
      name,
      help,
      shards.reduce((sum, shard) => sum + shard.get(counter), 0),
    ),
  );
}
