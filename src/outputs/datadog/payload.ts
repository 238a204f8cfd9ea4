/**
 * A payload: the encoded bytes of one request to the Datadog intake, and where payloads go.
 *
 *   aggregates, events, checks ─▶ DatadogOutput ──submit(payload)──▶ PayloadSink: one transaction per domain and key
 *
 * A payload never changes once it is made: several transactions share its bytes.
 */

import type { Totals } from '../../telemetry/ledger/ledger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import type { DeliveryReport } from '../output.ts';

export type PayloadKind = 'series' | 'sketches' | 'events' | 'service_checks';

export interface Payload {
  readonly kind: PayloadKind;
  /** Path of the request: `/api/v2/series`. */
  readonly route: string;
  /** Content-Type, Content-Encoding and DD-Agent-Payload; keys and the agent's version are added when it is sent. */
  readonly headers: Readonly<Record<string, string>>;
  /** As sent: compressed. */
  readonly body: Uint8Array;
  /** Series, sketches, events or service checks in it. */
  readonly itemCount: number;
  readonly pointCount: number;
}

/** Who delivers payloads. It owns what was submitted: its own queue, limit and rule when that is full. */
export interface PayloadSink {
  /** Takes the payload, or counts it as lost. Never throws; a promise never rejects. */
  submit(payload: Payload): void | Promise<void>;
  /** Called once, after the last submit: delivers or stores what is held, at the latest by `deadlineMs` from now. */
  close(deadlineMs: number): Promise<DeliveryReport>;
  metrics(): readonly OwnMetric[];
  /** As those of an output. */
  status?(): readonly object[];
  totals?(): readonly Totals[];
  health?(): { readonly healthy: boolean; readonly detail?: string };
}
