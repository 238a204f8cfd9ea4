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
import { type Account, allOf, fates } from '../telemetry/ledger.ts';
import { type OwnMetric, ownMetricBy } from '../telemetry/metric.ts';
import type { DeliveryReport, FlushInfo, Output } from './output.ts';

/** Longest time a flush waits for an output in all, ms; then its own rule for a full queue applies. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 2;

/** Aggregates, events and checks an output was given, and those it lost to a bug. */
interface Tally {
  given: number;
  lost: number;
}

export class FanOut {
  readonly outputs: readonly Output[];
  readonly #log: Log;
  readonly #failures = new Map<string, number>();
  readonly #tallies: ReadonlyMap<Output, Tally>;
  /** What is left of the patience with each output. */
  readonly #patienceMs = new Map<Output, number>();

  readonly #patienceMax: number;

  /** `patienceMs` is for tests. */
  constructor(outputs: readonly Output[], log: Log, patienceMs = PATIENCE_MS) {
    this.#patienceMax = patienceMs;
    this.outputs = outputs;
    this.#log = log;
    this.#tallies = new Map(outputs.map((output) => [output, { given: 0, lost: 0 }]));
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
    this.#renewPatience();
    this.#each((output) => output.begin?.(flush));
    for (const batch of batches) {
      aggregates += batch.length;
      if (batch.length > 0) this.#each((output) => output.write(batch), batch.length);
      this.#forget(forgotten.slice(told));
      told = forgotten.length;
      await nextTurn();
      await this.#waitForBusy();
    }
    this.#each((output) => output.end?.(flush));
    return aggregates;
  }

  event(event: EventMessage, receivedAt: number): void {
    this.#each((output) => output.event?.(event, receivedAt), 1, 'event');
  }

  serviceCheck(check: ServiceCheckMessage, receivedAt: number): void {
    this.#each((output) => output.serviceCheck?.(check, receivedAt), 1, 'serviceCheck');
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
  accounts(): Account[] {
    return this.outputs.flatMap((output) => {
      const { given, lost } = this.#tallies.get(output) as Tally;
      const known = output.fates?.() ?? fates({ accepted: { taken: given - lost } });
      const account: Account = {
        stage: 'output',
        name: output.name,
        unit: 'records',
        received: given,
        ...known,
        dropped: { ...known.dropped, internal_error: lost },
      };
      return [account, ...(output.accounts?.() ?? [])];
    });
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

  /**
   * Gives every output its patience for this flush. One that used it up and is busy still gets none: a disk that
   * hangs costs the others one pause, not one at each flush.
   */
  #renewPatience(): void {
    for (const output of this.outputs) {
      const isStuck = this.#patienceMs.get(output) === 0 && output.isBusy?.() === true;
      this.#patienceMs.set(output, isStuck ? 0 : this.#patienceMax);
    }
  }

  async #waitForBusy(): Promise<void> {
    for (;;) {
      const busy = this.outputs.filter(
        (output) => (this.#patienceMs.get(output) ?? 0) > 0 && output.isBusy?.() === true,
      );
      if (busy.length === 0) return;
      await sleep(PAUSE_MS);
      for (const output of busy)
        this.#patienceMs.set(output, Math.max((this.#patienceMs.get(output) ?? 0) - PAUSE_MS, 0));
    }
  }

  /** Calls each output; with `records` it is given so many, unless it has no use for them. */
  #each(
    call: (output: Output) => void,
    records = 0,
    use: 'write' | 'event' | 'serviceCheck' = 'write',
  ): void {
    for (const output of this.outputs) {
      const tally = this.#tallies.get(output) as Tally;
      if (output[use] !== undefined) tally.given += records;
      try {
        call(output);
      } catch (error) {
        // Of what it was given, what it knows nothing of is lost.
        if (output.fates === undefined) tally.lost += records;
        else tally.lost = tally.given - allOf(output.fates());
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
