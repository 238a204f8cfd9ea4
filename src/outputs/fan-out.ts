/**
 * Gives every flush, event and check to all outputs.
 *
 *   batch ─▶ output, output, … ─▶ contexts it forgot ─▶ let the event loop run, while one is busy wait a little ─▶ …
 *
 * Where outputs read running totals, a batch is added to those first, in parts (cumulative/cumulative-table.ts).
 *
 * An output that throws has a bug: that is logged once and counted, and costs the other outputs nothing.
 * Owned by the control thread.
 */

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../lib/assert.ts';
import type { Log } from '../lib/log.ts';
import type { EventMessage, ServiceCheckMessage } from '../model/message.ts';
import type { Aggregate } from '../model/series.ts';
import { allOf, outcomes, type Totals } from '../telemetry/ledger/ledger.ts';
import { joinMetrics, type OwnMetric, ownMetricBy } from '../telemetry/metric.ts';
import type { CumulativeTable } from './cumulative/cumulative-table.ts';
import type { DeliveryReport, FlushInfo, Output } from './output.ts';

/** Longest time a flush waits for an output in all, ms; then its own rule for a full queue applies. */
const PATIENCE_MS = 5000;
/** The same at a stop, which has a deadline. */
const FINAL_PATIENCE_MS = 1000;
const PAUSE_MS = 2;

/** Aggregates, events and checks an output was given, and those it lost to a bug. */
interface Tally {
  given: number;
  lost: number;
}

export class FanOut {
  readonly outputs: readonly Output[];
  private readonly log: Log;
  private readonly failures = new Map<string, number>();
  private readonly tallies: ReadonlyMap<Output, Tally>;
  private readonly tables: readonly CumulativeTable[];
  /** What is left of the patience with each output. */
  private readonly patienceMs = new Map<Output, number>();

  private readonly patienceMax: number;
  /** Events and checks that the outputs were given. */
  private _dispatched = 0;

  /** `patienceMs` is for tests. */
  constructor(outputs: readonly Output[], log: Log, patienceMs = PATIENCE_MS) {
    this.patienceMax = patienceMs;
    this.outputs = outputs;
    this.log = log;
    this.tallies = new Map(outputs.map((output) => [output, { given: 0, lost: 0 }]));
    for (const { name } of outputs) this.failures.set(name, 0);
    this.tables = [...new Set(outputs.flatMap(({ cumulative }) => cumulative ?? []))];
  }

  /** Events and checks that the outputs were given, each counted once. */
  get dispatched(): number {
    return this._dispatched;
  }

  /** The longest any output needs to look up a context after its last sample, seconds. */
  get retentionSeconds(): number {
    return Math.max(0, ...this.outputs.map((output) => output.retentionSeconds));
  }

  /**
   * Delivers one flush, letting the event loop run between batches; the number of aggregates. Ids that a batch
   * adds to `forgotten` are told to the outputs before anything else runs, as they may be used again then.
   */
  async deliver(
    flush: FlushInfo,
    batches: Iterable<readonly Aggregate[]>,
    forgotten: readonly number[] = [],
  ): Promise<number> {
    let aggregates = 0;
    let told = 0;
    this.renewPatience(flush.final ? Math.min(FINAL_PATIENCE_MS, this.patienceMax) : this.patienceMax);
    for (const table of this.tables) table.begin(flush.at);
    this.each((output) => output.begin?.(flush));
    for (const batch of batches) {
      aggregates += batch.length;
      for (const part of this.added(batch)) this.each((output) => output.write(part), part.length);
      this.forget(forgotten.slice(told));
      told = forgotten.length;
      await nextTurn();
      await this.waitForBusy();
    }
    for (const table of this.tables) table.end(flush.at, flush.expirySecondsOf);
    this.each((output) => output.end?.(flush));
    return aggregates;
  }

  event(event: EventMessage, receivedAt: number): void {
    this._dispatched++;
    this.each((output) => output.event?.(event, receivedAt), 1, 'event');
  }

  serviceCheck(check: ServiceCheckMessage, receivedAt: number): void {
    this._dispatched++;
    this.each((output) => output.serviceCheck?.(check, receivedAt), 1, 'serviceCheck');
  }

  /** Closes all outputs side by side; what each could not deliver. */
  async close(deadlineMs: number): Promise<DeliveryReport[]> {
    return Promise.all(this.outputs.map((output) => output.close(deadlineMs)));
  }

  /** How the receivers of each output are; plain data. */
  status(): { readonly name: string; readonly endpoints: readonly object[] }[] {
    return this.outputs.map((output) => ({ name: output.name, endpoints: output.status?.() ?? [] }));
  }

  /** Which outputs can do their work, of those that know. */
  health(): { readonly name: string; readonly healthy: boolean; readonly detail?: string }[] {
    return this.outputs.flatMap((output) => {
      const health = output.health?.();
      return health === undefined ? [] : [{ name: output.name, ...health }];
    });
  }

  /** What became of everything the outputs were given. */
  totals(): Totals[] {
    return this.outputs.flatMap((output) => {
      const { given, lost } = this.tallyOf(output);
      const known = output.outcomes?.() ?? outcomes({ accepted: { taken: given - lost } });
      const entry: Totals = {
        stage: 'output',
        name: output.name,
        unit: 'records',
        received: given,
        ...known,
        dropped: { ...known.dropped, internal_error: lost },
      };
      return [entry, ...(output.totals?.() ?? [])];
    });
  }

  metrics(): OwnMetric[] {
    // Several outputs that deliver have the same metrics, with labels of their own.
    return joinMetrics([
      ownMetricBy(
        'counter',
        'whippet_outputs_failures_total',
        'Calls of an output that failed because of a bug.',
        'output',
        this.failures,
      ),
      ...this.outputs.flatMap((output) => output.metrics?.() ?? []),
    ]);
  }

  private tallyOf(output: Output): Tally {
    const tally = this.tallies.get(output);
    assert(tally !== undefined, 'every output has a tally');
    return tally;
  }

  /** The batch in parts that have been added to all tables. */
  private *added(batch: readonly Aggregate[], tables = this.tables): Iterable<readonly Aggregate[]> {
    const [table, ...others] = tables;
    if (table === undefined) {
      if (batch.length > 0) yield batch;
      return;
    }
    for (const part of table.parts(batch)) yield* this.added(part, others);
  }

  private forget(contextIds: readonly number[]): void {
    if (contextIds.length === 0) return;
    // Their last totals can be read once more.
    this.each((output) => output.forget?.(contextIds));
    for (const table of this.tables) table.forget(contextIds);
  }

  /**
   * Gives every output its patience for this flush. One that used it up and is busy still gets none: a disk that
   * hangs costs the others one pause, not one at each flush.
   */
  private renewPatience(patienceMs: number): void {
    for (const output of this.outputs) {
      const isStuck = this.patienceMs.get(output) === 0 && output.isBusy?.() === true;
      this.patienceMs.set(output, isStuck ? 0 : patienceMs);
    }
  }

  private async waitForBusy(): Promise<void> {
    for (;;) {
      const busy = this.outputs.filter(
        (output) => (this.patienceMs.get(output) ?? 0) > 0 && output.isBusy?.() === true,
      );
      if (busy.length === 0) return;
      await sleep(PAUSE_MS);
      for (const output of busy)
        this.patienceMs.set(output, Math.max((this.patienceMs.get(output) ?? 0) - PAUSE_MS, 0));
    }
  }

  /** Calls each output; with `records` it is given so many, unless it has no use for them. */
  private each(
    call: (output: Output) => void,
    records = 0,
    use: 'write' | 'event' | 'serviceCheck' = 'write',
  ): void {
    for (const output of this.outputs) {
      const tally = this.tallyOf(output);
      if (output[use] !== undefined) tally.given += records;
      try {
        call(output);
      } catch (error) {
        // Of what it was given, what it knows nothing of is lost.
        if (output.outcomes === undefined) tally.lost += records;
        else tally.lost = tally.given - allOf(output.outcomes());
        const failures = (this.failures.get(output.name) ?? 0) + 1;
        this.failures.set(output.name, failures);
        if (failures === 1)
          this.log.error(
            { output: output.name, err: error },
            'an output failed; its later failures are only counted',
          );
      }
    }
  }
}
