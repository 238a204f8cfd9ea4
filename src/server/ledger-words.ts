/**
 * What can be lost, in words: by stage, unit and reason. Those of listeners are in the table of the intake
 * (ledger-table.ts); a reason of another place is one line here.
 */
import type { Unit } from '../telemetry/ledger.ts';
import { type LossDictionary, type LossWords, wordKey, wordsOf } from '../telemetry/losses.ts';
import { FORWARD_LEDGER, INTAKE_LEDGER } from './ledger-table.ts';

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
  ['aggregate', 'values', 'no_context', 'Values whose context is not known.', REPORT_IT],
  [
    'output',
    'records',
    'queue_full',
    'Aggregates, events and checks beyond what waits for the disk.',
    'use a faster disk, or make room on it',
  ],
  ['output', 'records', 'internal_error', 'Aggregates, events and checks an output failed on.', REPORT_IT],
  [
    'datadog',
    'items',
    'non_finite',
    'Series and sketches with a number that is NaN or infinite.',
    'look for a division by zero or a sample rate of 0 in the client',
  ],
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
  ['delivery', 'payloads', 'disk_failed', 'Payloads that could not be written to disk.', 'look at the disk'],
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
  ['delivery', 'payloads', 'file_damaged', 'Payloads of files that cannot be read.', 'look at the disk'],
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

export const LOSS_WORDS: LossDictionary = new Map<string, LossWords>([
  ...OTHER_LOSSES.map(
    ([stage, unit, reason, help, remedy]) => [wordKey(stage, unit, reason), { help, remedy }] as const,
  ),
  ...wordsOf('intake', INTAKE_LEDGER),
  ...wordsOf('forward', FORWARD_LEDGER),
]);
