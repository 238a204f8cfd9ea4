/**
 * Gives every flush, event and check to all outputs.
 *
 *   batch ─▶ output, output, … ─▶ contexts it forgot ─▶ let the event loop run, while one is busy wait a little ─▶ …
 *
 * An output that throws has a bug: that is logged once and counted, and costs the other outputs nothing.
 * Owned by the control thread.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../lib/log.ts';
import type { EventMessage, ServiceCheckMessage } from '../model/message.ts';
import type { Aggregate } from '../model/series.ts';
import { type OwnMetric, ownMetricBy } from '../telemetry/metric.ts';
import type { DeliveryReport, FlushInfo, Output } from './output.ts';

/** Longest time a flush waits for busy outputs in all, ms; then their own rules for a full queue apply. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 2;

export class FanOut {
  readonly outputs: readonly Output[];
  readonly #log: Log;
  readonly #failures = new Map<string, number>();

  constructor(outputs: readonly Output[], log: Log) {
    this.outputs = outputs;
    this.#log = log;
    for (const { name } of outputs) this.#failures.set(name, 0);
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
    let patienceMs = PATIENCE_MS;
    this.#each((output) => output.begin?.(flush));
    for (const batch of batches) {
      aggregates += batch.length;
      if (batch.length > 0) this.#each((output) => output.write(batch));
      this.#forget(forgotten.slice(told));
      told = forgotten.length;
      await nextTurn();
      while (patienceMs > 0 && this.outputs.some((output) => output.isBusy?.() === true)) {
        await sleep(PAUSE_MS);
        patienceMs -= PAUSE_MS;
      }
    }
    this.#each((output) => output.end?.(flush));
    return aggregates;
  }

  event(event: EventMessage, receivedAt: number): void {
    this.#each((output) => output.event?.(event, receivedAt));
  }

  serviceCheck(check: ServiceCheckMessage, receivedAt: number): void {
    this.#each((output) => output.serviceCheck?.(check, receivedAt));
  }

  /** Closes all outputs side by side; what each could not deliver. */
  async close(deadlineMs: number): Promise<DeliveryReport[]> {
    return Promise.all(this.outputs.map((output) => output.close(deadlineMs)));
  }

  metrics(): OwnMetric[] {
    return [
      ownMetricBy(
        'counter',
        'whippet_outputs_failures_total',
        'Calls of an output that failed because of a bug.',
        'output',
        this.#failures,
      ),
      ...this.outputs.flatMap((output) => output.metrics?.() ?? []),
    ];
  }

  #forget(contextIds: readonly number[]): void {
    if (contextIds.length > 0) this.#each((output) => output.forget?.(contextIds));
  }

  #each(call: (output: Output) => void): void {
    for (const output of this.outputs) {
      try {
        call(output);
      } catch (error) {
        const failures = (this.#failures.get(output.name) ?? 0) + 1;
        this.#failures.set(output.name, failures);
        if (failures === 1)
          this.#log.error(
            { output: output.name, err: error },
            'an output failed; its later failures are only counted',
          );
      }
    }
  }
}
