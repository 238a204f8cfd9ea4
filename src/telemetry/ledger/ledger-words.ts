/**
 * What can be lost, in words: by stage, unit and reason. Those of listeners are in the table of the listeners
 * (ledger-table.ts); a reason of another place is one line here.
 */

import { FORWARD_LEDGER } from './forward-ledger.ts';
import { HTTP_LEDGER } from './http-ledger.ts';
import type { Unit } from './ledger.ts';
import { LISTENER_LEDGER } from './listener-ledger.ts';
import { type LossDictionary, type LossWords, wordKey, wordsOf } from './losses.ts';

type Line = readonly [stage: string, unit: Unit, reason: string, help: string, remedy: string];

const REPORT_IT = 'this is a bug: report it';
const SLOW_RECEIVER =
  'see /api/outputs for what the receiver answers; raise forwarder_retry_queue_payloads_max_size';

/** Drops of every place but the listeners. */
export const OTHER_LOSSES: readonly Line[] = [
  [
    'kernel',
    'packets',
    'receive_buffer_full',
    'Packets the kernel dropped because the receive buffer of the socket was full.',
    'raise dogstatsd_so_rcvbuf and net.core.rmem_max, set dogstatsd_workers_count, or use a Unix socket',
  ],
  [
    'aggregate',
    'values',
    'incomplete',
    'Values of buckets that were open at the stop.',
    'set dogstatsd_flush_incomplete_buckets: true',
  ],
  [
    'aggregate',
    'values',
    'timestamped_type',
    'Values with a timestamp, of a type that cannot have one.',
    'send timestamps with counters and gauges only',
  ],
  [
    'aggregate',
    'values',
    'timestamp_buckets',
    'Copies of histograms whose timestamps are of more than 1,000 different buckets.',
    'send timestamps that are closer together',
  ],
  [
    'aggregate',
    'values',
    'out_of_range',
    'Values of several threads or parts of a bucket whose sum is beyond the largest double, where it then stays, or whose ' +
      'count is beyond what a sketch holds.',
    'look for the huge values, or sample rates close to 0, in the client',
  ],
  [
    'aggregate',
    'values',
    'timestamp_taken',
    'Values with a timestamp for which the series has points in that second and in each of the 60 after it.',
    'send one value of a series for each second',
  ],
  [
    'aggregate',
    'items',
    'equal_series',
    'Series with the name, kind, tags and time of another: two types under one name, or a metric named as what a histogram makes.',
    'give one of them another name',
  ],
  ['aggregate', 'values', 'no_context', 'Values whose context is not known.', REPORT_IT],
  [
    'global_edge',
    'partials',
    'memory_full',
    'Partials beyond `global.retry_bytes`, when there is no disk or it is behind.',
    'set global.storage_path, or raise global.retry_bytes',
  ],
  [
    'global_edge',
    'partials',
    'disk_failed',
    'Partials beyond `global.retry_bytes`, when the disk failed.',
    'check the disk of global.storage_path',
  ],
  [
    'global_edge',
    'partials',
    'disk_full',
    'Partials that made room for newer ones on disk.',
    'raise global.storage_bytes',
  ],
  [
    'global_edge',
    'partials',
    'too_old',
    'Partials that waited on disk for more than ten days.',
    'find out why Kafka was unavailable for so long',
  ],
  [
    'global_edge',
    'partials',
    'file_damaged',
    'Partials in a file that cannot be read back.',
    'check the disk of global.storage_path',
  ],
  [
    'global_edge',
    'partials',
    'no_destination',
    'Partials on disk for a topic that is not there any more, or has another number of partitions.',
    'keep a former topic until the disks of all edges are empty (docs/global.md)',
  ],
  [
    'global_edge',
    'partials',
    'out_of_order',
    'Partials on a disk that could not be opened until newer ones had been sent: owners would take them for repeats.',
    'check the disk of global.storage_path',
  ],
  [
    'global_edge',
    'partials',
    'file_removed',
    'Partials in files that somebody else removed.',
    'do not clean global.storage_path while the server runs',
  ],
  [
    'global_edge',
    'partials',
    'stopped',
    'Partials that Kafka had not taken when the server stopped.',
    'set global.storage_path, or raise stop_timeout_seconds',
  ],
  [
    'global_owner',
    'partials',
    'future',
    "Partials of buckets that start more than six widths after Kafka's own time.",
    'set the clock of the edge, or global.skew: shift',
  ],
  [
    'global_owner',
    'partials',
    'late',
    'Partials whose bucket was closed, with `global.late: drop`.',
    'raise global.grace_seconds, or set global.late: next',
  ],
  [
    'global_owner',
    'partials',
    'late_gauge',
    'Late values of gauges, which say nothing about another bucket.',
    'raise global.grace_seconds',
  ],
  [
    'global_owner',
    'partials',
    'contexts',
    'Partials of contexts beyond `global.contexts` in a bucket of a partition.',
    'see overflow in /api/global for the names; raise global.contexts',
  ],
  [
    'global_owner',
    'partials',
    'damaged',
    'Partials of chunks that do not follow the layout.',
    'look for an edge of another version',
  ],
  [
    'output',
    'records',
    'queue_full',
    'Aggregates, events and checks beyond what waits for the disk.',
    'use a faster disk, or make room on it',
  ],
  ...(
    [
      ['failed', 'of flushes that a plugin rejected.', 'see lastError in /api/outputs; correct the plugin'],
      [
        'hung',
        'that a plugin had not taken when its write took too long.',
        'raise outputs.plugin.timeout_seconds, or correct the plugin',
      ],
      [
        'crashed',
        'that a plugin had not taken when its thread ended.',
        'see lastError in /api/outputs; raise outputs.plugin.memory_mib if it needs more',
      ],
      [
        'not_running',
        'that came while the thread of a plugin was away.',
        'see lastError in /api/outputs; correct the plugin',
      ],
    ] as const
  ).map(
    ([reason, help, remedy]) =>
      ['output', 'records', reason, `Aggregates, events and checks ${help}`, remedy] as const,
  ),
  ['output', 'records', 'internal_error', 'Aggregates, events and checks an output failed on.', REPORT_IT],
  ['datadog', 'items', 'non_finite', 'Series and sketches with a number that is NaN or infinite.', REPORT_IT],
  [
    'datadog',
    'items',
    'too_large',
    'Series, sketches, events and checks larger than a payload may be.',
    'look in the log for their names: they have too many or too long tags',
  ],
  [
    'datadog',
    'items',
    'queue_full',
    'Series, sketches, events and checks that came faster than they are packed.',
    'lower serializer_zstd_compressor_level, or find the metric with too many tag values',
  ],
  ['datadog', 'items', 'failed', 'Series, sketches, events and checks that could not be packed.', REPORT_IT],
  ['delivery', 'payloads', 'memory_full', 'Payloads beyond what waits in memory.', SLOW_RECEIVER],
  ['delivery', 'payloads', 'disk_failed', 'Payloads that could not be written to disk.', 'check the disk'],
  [
    'delivery',
    'payloads',
    'disk_full',
    'The oldest payloads on disk, removed for newer ones.',
    'raise forwarder_storage_max_size_in_bytes',
  ],
  [
    'delivery',
    'payloads',
    'too_old',
    'Payloads on disk for too long.',
    'raise forwarder_outdated_file_in_days',
  ],
  [
    'delivery',
    'payloads',
    'file_removed',
    'Payloads of retry files that somebody else removed.',
    'do not clean the folder of retry files while the server runs',
  ],
  ['delivery', 'payloads', 'file_damaged', 'Payloads of files that cannot be read.', 'check the disk'],
  [
    'delivery',
    'payloads',
    'no_destination',
    'Payloads for a destination that is not configured any more.',
    'configure it again before the next start',
  ],
  [
    'delivery',
    'payloads',
    'stopped',
    'Payloads that were not sent when the server stopped.',
    'raise stop_timeout_seconds, or set forwarder_storage_max_size_in_bytes to keep them on disk',
  ],
  [
    'delivery',
    'payloads',
    'refused',
    'Payloads the receiver refused for good.',
    'look at the log and /api/outputs for its answer: often the API key is wrong',
  ],
];

/** Of the deliveries that keep a ledger in series and points (docs/remote-write.md). */
const DELIVERY_LOSSES: readonly (readonly [reason: string, help: string, remedy: string])[] = [
  ['memory_full', 'beyond what waits in memory', SLOW_RECEIVER],
  ['disk_failed', 'that could not be written to disk', 'check the disk'],
  ['disk_full', 'on disk, removed for newer ones', 'raise forwarder_storage_max_size_in_bytes'],
  ['too_old', 'on disk for too long', 'raise forwarder_outdated_file_in_days'],
  [
    'file_removed',
    'in retry files that somebody else removed',
    'do not clean the folder of retry files while the server runs',
  ],
  ['file_damaged', 'in files that cannot be read', 'check the disk'],
  [
    'stopped',
    'that were not sent when the server stopped',
    'raise stop_timeout_seconds, or set forwarder_storage_max_size_in_bytes to keep them on disk',
  ],
  ['refused', 'the receiver refused', 'see lastError in /api/outputs for its answer'],
  [
    'out_of_order',
    'the receiver refused as too old or too new, or because it has another point there',
    'compare the clocks; see that only one server writes each series',
  ],
  [
    'unsupported',
    'in a form that the receiver does not know',
    'see lastError in /api/outputs for the remedy',
  ],
  ['temporality', 'whose temporality the receiver does not take', 'set outputs.otlp.temporality'],
];

const UNIT_WORDS = { items: 'Series, events and checks', points: 'Points', payloads: 'Payloads' } as const;
/** Reasons that the delivery to Datadog does not have. */
const ONLY_ORDERED: ReadonlySet<string> = new Set(['out_of_order', 'unsupported', 'temporality']);

export const LOSS_WORDS: LossDictionary = new Map<string, LossWords>([
  ...DELIVERY_LOSSES.flatMap(([reason, help, remedy]) =>
    (['items', 'points', ...(ONLY_ORDERED.has(reason) ? (['payloads'] as const) : [])] as const).map(
      (unit) =>
        [wordKey('delivery', unit, reason), { help: `${UNIT_WORDS[unit]} ${help}.`, remedy }] as const,
    ),
  ),
  ...OTHER_LOSSES.map(
    ([stage, unit, reason, help, remedy]) => [wordKey(stage, unit, reason), { help, remedy }] as const,
  ),
  ...wordsOf('listener', HTTP_LEDGER),
  ...wordsOf('listener', LISTENER_LEDGER),
  ...wordsOf('forward', FORWARD_LEDGER),
]);
