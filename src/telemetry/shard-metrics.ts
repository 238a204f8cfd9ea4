/**
 * How the TypeScript side of the intake threads works, as metrics of the server, summed over all threads. What
 * becomes of packets, messages and values is in the ledger (server/ledger-table.ts).
 */
import { type OwnMetric, ownMetric } from './metric.ts';
import type { ShardCounter, ShardCounters } from './shard-counters.ts';

const TOTALS: readonly (readonly [ShardCounter, string, string])[] = [
  ['receiveCalls', 'whippet_intake_receive_calls_total', 'Receive calls that brought packets.'],
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
