/**
 * What the forwarders of the listener threads sent on and could not, as metrics of the server and as plain data.
 */

import { type OwnMetric, ownMetricBy } from '../metric.ts';
import { FORWARD_FAILURES, type ForwardFailure } from './forward-counters.ts';
import { byListener, type ListenerCounters } from './listener-counters.ts';

/** One thread, as GET /api/forwarding and the ledger show it. */
export interface ForwardReport {
  readonly listener: string;
  readonly packets: number;
  readonly bytes: number;
  /** Times the target's machine said that no one listens there; packets before it were sent for nothing. */
  readonly refusals: number;
  /** Packets that were not sent on, by reason. */
  readonly failed: Readonly<Record<ForwardFailure, number>>;
}

export function forwardReport(threads: readonly ListenerCounters[]): ForwardReport[] {
  return threads.map(({ listener, counters }) => ({
    listener,
    packets: counters.get('forwardedPackets'),
    bytes: counters.get('forwardedBytes'),
    refusals: counters.get('forwardRefusals'),
    failed: Object.fromEntries(
      FORWARD_FAILURES.map((reason) => [reason, counters.get(`forward:${reason}`)]),
    ) as Record<ForwardFailure, number>,
  }));
}

/** What the ledger does not tell: its totals `forward` has the packets. */
export function forwardMetrics(threads: readonly ListenerCounters[]): OwnMetric[] {
  return [
    ownMetricBy(
      'counter',
      'whippet_forward_bytes_total',
      'Bytes of packets that were sent on.',
      'listener',
      byListener(threads, 'forwardedBytes'),
    ),
    ownMetricBy(
      'counter',
      'whippet_forward_refusals_total',
      'Times the machine of the target said that no one listens there.',
      'listener',
      byListener(threads, 'forwardRefusals'),
    ),
  ];
}
