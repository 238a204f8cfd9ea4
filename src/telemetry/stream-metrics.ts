/** Counters of the stream listeners as metrics of the server, by kind of listener. */
import type { StreamKind } from '../model/connection.ts';
import { type OwnMetric, type OwnSample, ownMetricBy } from './metric.ts';
import type { StreamCounter, StreamCounters } from './stream-counters.ts';

const PLAIN: readonly (readonly [StreamCounter, OwnMetric['type'], string, string])[] = [
  ['open', 'gauge', 'whippet_intake_connections', 'Connections open now.'],
  ['accepted', 'counter', 'whippet_intake_connections_accepted_total', 'Connections accepted.'],
  [
    'acceptErrors',
    'counter',
    'whippet_intake_accept_errors_total',
    'Times the system could not accept a connection; it is tried again.',
  ],
  [
    'waits',
    'counter',
    'whippet_intake_connection_waits_total',
    'Times a connection waited because it had more to read than fits one turn.',
  ],
  ['emptyFrames', 'counter', 'whippet_intake_frames_empty_total', 'Frames of length 0, ignored.'],
];

const BY_REASON: readonly {
  readonly name: string;
  readonly help: string;
  /** Listeners that can have it; all when left out. */
  readonly kinds?: readonly StreamKind[];
  readonly reasons: readonly (readonly [StreamCounter, string])[];
}[] = [
  {
    name: 'whippet_intake_connections_refused_total',
    help: 'Connections closed as soon as they came.',
    reasons: [
      ['refusedLimit', 'limit'],
      ['refusedFiles', 'file_limit'],
    ],
  },
  {
    name: 'whippet_intake_connections_failed_total',
    help: 'Connections that ended otherwise than by their client or at a stop.',
    reasons: [
      ['idle', 'idle'],
      ['longFrames', 'frame_too_long'],
      ['errors', 'error'],
      ['tlsErrors', 'tls'],
    ],
  },
  {
    name: 'whippet_intake_frames_dropped_total',
    kinds: ['unix'],
    help: 'Frames dropped: longer than dogstatsd_buffer_size, or cut by the end of the connection.',
    reasons: [
      ['longFrames', 'too_long'],
      ['cutHeaders', 'cut_header'],
      ['cutPayloads', 'cut_payload'],
    ],
  },
  {
    name: 'whippet_intake_stream_lines_dropped_total',
    kinds: ['tcp', 'named_pipe'],
    help: 'Lines of TCP and named pipes dropped: longer than dogstatsd_buffer_size, or without the newline that is required.',
    reasons: [
      ['longLines', 'too_long'],
      ['unterminatedLines', 'unterminated'],
    ],
  },
];

/** `kinds` are the listeners that are on; without one there is nothing to show. */
export function streamMetrics(counters: StreamCounters, kinds: readonly StreamKind[]): OwnMetric[] {
  if (kinds.length === 0) return [];
  const plain = PLAIN.map(([counter, type, name, help]) =>
    ownMetricBy(
      type,
      name,
      help,
      'listener',
      kinds.map((kind) => [kind, counters.get(kind, counter)] as const),
    ),
  );
  const byReason = BY_REASON.map(({ name, help, reasons, kinds: having = kinds }): OwnMetric => {
    const shown = kinds.filter((kind) => having.includes(kind));
    const samples: OwnSample[] = shown.flatMap((listener) =>
      reasons.map(([counter, reason]) => ({
        labels: { listener, reason },
        value: counters.get(listener, counter),
      })),
    );
    return { name, help, type: 'counter', samples };
  });
  return [...plain, ...byReason];
}
