/**
 * The interface every output implements. The control thread owns outputs and calls them.
 *
 *   begin(flush) ─▶ write(batch) … ─▶ forget(ids) … ─▶ end(flush)     once per flush, in bounded pieces
 *
 * forget() tells contexts that are gone; their ids may name others right after.
 *   close(deadline)                                  at stop
 *
 * An output that waits for the outside (disk, network) does so behind a queue of its own with a limit,
 * a rule when it is full and a counter; write() never waits for the outside.
 */

import type { EventMessage, ServiceCheckMessage } from '../model/message.ts';
import type { Aggregate } from '../model/series.ts';
import type { Outcomes, Totals } from '../telemetry/ledger/ledger.ts';
import type { OwnMetric } from '../telemetry/metric.ts';
import type { CumulativeTable } from './cumulative/cumulative-table.ts';

export interface FlushInfo {
  /** When the flush happened, Unix seconds. */
  readonly at: number;
  /** `bucket_seconds`; a metric rule may ask for other buckets, and each aggregate has its own width. */
  readonly interval: number;
  /** True for the last flush before the server stops. */
  readonly final: boolean;
  /** `expiry_seconds` of the metric rule for a context, by its id; undefined where it has none. */
  readonly expirySecondsOf?: (id: number) => number | undefined;
}

export interface DeliveryReport {
  /** Aggregates, events and checks that were taken and could not be delivered. */
  readonly undelivered: number;
  /** Of these, what the stop cut short: it would have been delivered later. */
  readonly lostAtStop?: number;
  /** What waits on disk for the next start, in items of its own. */
  readonly keptOnDisk?: number;
  /** One sentence for the log when something was not delivered. */
  readonly reason?: string;
  /** Where it waits, a sentence for each place. */
  readonly kept?: readonly string[];
}

export interface Output {
  /** Short, stable, as in the configuration: `console`, `file`, `prometheus`. */
  readonly name: string;
  /** How long the output needs to look up a context after its last sample, seconds; 0 when it does not. */
  readonly retentionSeconds: number;
  /**
   * Running totals that it reads. Whatever it is given has been added to them before, and no batch holds two buckets of one
   * context; outputs may share a table.
   */
  readonly cumulative?: CumulativeTable;
  begin?(flush: FlushInfo): void;
  /** Whether its queue is long: the flush then waits a little before the next batch, though never for long. */
  isBusy?(): boolean;
  write(batch: readonly Aggregate[]): void;
  end?(flush: FlushInfo): void;
  event?(event: EventMessage, receivedAt: number): void;
  serviceCheck?(check: ServiceCheckMessage, receivedAt: number): void;
  forget?(contextIds: readonly number[]): void;
  /** What the server tells about this output on its own page. */
  metrics?(): readonly OwnMetric[];
  /**
   * What became of the aggregates, events and checks it was given, each counted once, for the ledger. Without it
   * they count as accepted.
   */
  outcomes?(): Outcomes;
  /** Totals of what it makes of them, in units of its own. */
  totals?(): readonly Totals[];
  /** How its receivers are, as plain data for `GET /api/outputs`. */
  status?(): readonly object[];
  /** Whether it can do its work; a sentence for people when it cannot. */
  health?(): { readonly healthy: boolean; readonly detail?: string };
  /** Finishes what is under way, at the latest by `deadlineMs` from now. Never rejects. */
  close(deadlineMs: number): Promise<DeliveryReport>;
}
