/**
 * What is counted of stream listeners and is no loss, as metrics of the server, by listener. Connections, frames and lines
 * that were not taken are in the ledger.
 */
import { STREAM_KINDS } from '../../model/connection.ts';
import { type OwnMetric, type OwnSample, ownMetricBy } from '../metric.ts';
import type { ListenerCounters } from './listener-counters.ts';
import { byListener } from './listener-counters.ts';
import type { StreamCounter } from './stream-counters.ts';

const PLAIN: readonly (readonly [StreamCounter, string, string])[] = [
  [
    'acceptErrors',
    'whippet_listener_accept_errors_total',
    'Times the system could not accept a connection; it is tried again.',
  ],
  [
    'connectionWaits',
    'whippet_listener_connection_waits_total',
    'Times a connection waited because it had more to read than fits one turn.',
  ],
  ['framesEmpty', 'whippet_listener_frames_empty_total', 'Frames of length 0, ignored.'],
];

const FAILURES: readonly (readonly [StreamCounter, string])[] = [
  ['connectionsIdle', 'idle'],
  ['connectionsBroken', 'error'],
  ['framesImpossible', 'frame_impossible'],
  ['connectionsTlsFailed', 'tls'],
  ['connectionsCutOff', 'cut_off'],
];

/** `threads` are those of all listeners; without a stream listener there is nothing to show. */
export function streamMetrics(threads: readonly ListenerCounters[]): OwnMetric[] {
  const streams = threads.filter(({ listener }) => (STREAM_KINDS as readonly string[]).includes(listener));
  if (streams.length === 0) return [];
  const failed: OwnSample[] = FAILURES.flatMap(([counter, reason]) =>
    [...byListener(streams, counter)].map(([listener, value]) => ({ labels: { listener, reason }, value })),
  );
  return [
    ...PLAIN.map(([counter, name, help]) =>
      ownMetricBy('counter', name, help, 'listener', [...byListener(streams, counter)]),
    ),
    {
      name: 'whippet_listener_connections_failed_total',
      help: 'Connections that ended otherwise than by their client or at a stop.',
      type: 'counter',
      samples: failed,
    },
  ];
}
