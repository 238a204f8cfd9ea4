/**
 * Counters of the intake threads' TypeScript side as metrics of the server, summed over all threads.
 */
import { type OwnMetric, ownMetric } from './metric.ts';
import type { ShardCounter, ShardCounters } from './shard-counters.ts';

const TOTALS: readonly (readonly [ShardCounter, string, string])[] = [
  ['receiveCalls', 'whippet_intake_receive_calls_total', 'Receive calls that brought packets.'],
  ['receiveErrors', 'whippet_intake_receive_errors_total', 'Receive calls that failed.'],
  [
    'backlogPackets',
    'whippet_intake_backlog_packets_total',
    'Packets that waited in the backlog before they were processed.',
  ],
  [
    'backlogFull',
    'whippet_intake_backlog_full_total',
    'Times the backlog was full and the socket had to wait.',
  ],
  ['events', 'whippet_protocol_events_total', 'Events accepted.'],
  ['serviceChecks', 'whippet_protocol_service_checks_total', 'Service checks accepted.'],
  [
    'filteredMetrics',
    'whippet_enrich_new_lines_filtered_total',
    'Lines new to the caches that a filter or a rule drops.',
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
  ['newContexts', 'whippet_core_new_contexts_total', 'Contexts an intake thread met for the first time.'],
  ['resolverFailures', 'whippet_core_resolver_failures_total', 'Lines lost to a bug in the cold path.'],
  [
    'lateSeals',
    'whippet_core_late_seals_total',
    'Attempts to seal a bucket while the one before was still being read.',
  ],
];

export function shardMetrics(shards: readonly ShardCounters[]): OwnMetric[] {
  const total = (counter: ShardCounter): number => shards.reduce((sum, shard) => sum + shard.get(counter), 0);
  const rejections = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const shard of shards) {
    for (const { messageType, error, count } of shard.rejections()) {
      const key = `${messageType}:${error}`;
      const sample = rejections.get(key) ?? {
        labels: { message_type: messageType, reason: error },
        value: 0,
      };
      sample.value += count;
      rejections.set(key, sample);
    }
  }
  return [
    ...TOTALS.map(([counter, name, help]) => ownMetric('counter', name, help, total(counter))),
    {
      name: 'whippet_protocol_messages_rejected_total',
      help: 'Lines rejected, by what is wrong with them.',
      type: 'counter',
      samples: [...rejections.values()],
    },
    {
      name: 'whippet_intake_samples_dropped_total',
      help: 'Samples dropped at the intake.',
      type: 'counter',
      samples: [
        { labels: { reason: 'memory_full' }, value: total('memoryFullSamples') },
        { labels: { reason: 'timestamped_type' }, value: total('unsupportedTimestampedSamples') },
      ],
    },
    ownMetric(
      'counter',
      'whippet_intake_messages_dropped_total',
      'Events and service checks dropped because more arrived than the outputs take.',
      total('messagesDropped'),
    ),
    ownMetric(
      'gauge',
      'whippet_intake_backlog_held_packets',
      'Packets in the backlog now.',
      total('backlogHeldPackets'),
    ),
    ownMetric(
      'gauge',
      'whippet_intake_backlog_held_bytes',
      'Bytes in the backlog now.',
      total('backlogHeldBytes'),
    ),
  ];
}
