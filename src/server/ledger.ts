/**
 * The ledger of a server: all accounts, from the socket to the outputs, read at one moment.
 *
 *   kernel ─▶ intake, by listener: packets ─▶ messages ─┬─ metrics: values ─▶ aggregate ─┬─▶ output, by output: records
 *                                                      └─ events, checks ─▶ handover ───┘
 *
 * Thread  the control thread; what the intake threads counted is as of the end of their last batches. What it has
 *         from them by other ways may be newer: then they handed over at least that much, and it counts as such.
 */
import type { TimeSampler } from '../aggregate/sampler.ts';
import type { ThreadCounts } from '../intake/intake-thread.ts';
import type { OpenListener } from '../intake/open-listeners.ts';
import type { Log } from '../lib/log.ts';
import type { FanOut } from '../outputs/fan-out.ts';
import {
  type Account,
  accountsOf,
  fates,
  imbalanceOf,
  ledgerMetrics,
  summaryOf,
} from '../telemetry/ledger.ts';
import type { LedgerReport, ListenerFacts, NotListening } from '../telemetry/ledger-report.ts';
import { type Drops, lossesOf } from '../telemetry/losses.ts';
import type { OwnMetric } from '../telemetry/metric.ts';
import { FORWARD_LEDGER, INTAKE_LEDGER } from './ledger-table.ts';
import { LOSS_WORDS } from './ledger-words.ts';
import { ListenerWatch, listenerMetrics } from './listener-facts.ts';

/** Whom the ledger asks. */
export interface LedgerSources {
  /** What every intake thread published. */
  readonly threads: () => readonly ThreadCounts[];
  /** Whether packets are sent on to another server. */
  readonly forwards: () => boolean;
  /** Events and checks given to the outputs. */
  readonly handedOver: () => number;
  readonly notListening: () => readonly NotListening[];
  readonly sampler: () => Pick<TimeSampler, 'counts'>;
  /** Values that the server counted of itself and put among the data. */
  readonly ownValues: () => number;
  readonly outputs: () => Pick<FanOut, 'accounts'>;
  /** Unix seconds with fraction. */
  readonly clock: () => number;
}

export class Ledger {
  private readonly sources: LedgerSources;
  private readonly startedAt: number;
  private readonly listeners = new ListenerWatch();

  constructor(sources: LedgerSources) {
    this.sources = sources;
    this.startedAt = sources.clock();
  }

  /** Takes the open listeners, before they receive. */
  watchListeners(listeners: readonly OpenListener[]): void {
    this.listeners.watch(listeners);
  }

  /** To be called before the sockets are closed: what the kernel says then is the last word. */
  closeListeners(): void {
    this.listeners.close();
  }

  report(): LedgerReport {
    const at = this.sources.clock();
    this.listeners.look();
    const threads = this.sources.threads();
    const listeners = this.listeners.facts(threads, at);
    const accounts = this.accounts(listeners, threads).map((account) => ({
      ...account,
      imbalance: imbalanceOf(account),
    }));
    return {
      at,
      startedAt: this.startedAt,
      balanced: accounts.every(({ imbalance }) => imbalance === 0),
      accounts,
      listeners,
      notListening: this.sources.notListening(),
      losses: lossesOf([...kernelDrops(listeners), ...accounts], LOSS_WORDS),
    };
  }

  metrics(): OwnMetric[] {
    const { accounts, listeners } = this.report();
    return [...ledgerMetrics(accounts), ...listenerMetrics(listeners)];
  }

  /** The last word, when everything has stopped. */
  logEnd(log: Log): void {
    const { balanced, accounts } = this.report();
    log.info({ balanced, ledger: summaryOf(accounts) }, 'what became of everything that came in');
  }

  private accounts(listeners: readonly ListenerFacts[], threads: readonly ThreadCounts[]): Account[] {
    const of = (listener: string): ThreadCounts[] => threads.filter((thread) => thread.listener === listener);
    const intake = listeners.flatMap(({ listener }) =>
      accountsOf('intake', listener, INTAKE_LEDGER, of(listener)),
    );
    const forward = this.sources.forwards()
      ? listeners.flatMap(({ listener }) => accountsOf('forward', listener, FORWARD_LEDGER, of(listener)))
      : [];
    const accepted = (unit: Account['unit'], ...kinds: readonly string[]): number =>
      intake
        .filter((account) => account.unit === unit)
        .reduce((sum, account) => kinds.reduce((n, kind) => n + (account.accepted[kind] ?? 0), sum), 0);
    return [
      ...intake,
      ...forward,
      handover(accepted('messages', 'event', 'service_check'), this.sources.handedOver()),
      aggregation(
        accepted('values', 'aggregated', 'timestamped') + this.sources.ownValues(),
        this.sources.sampler(),
      ),
      ...this.sources.outputs().accounts(),
    ];
  }
}

/** Events and checks between the intake threads and the outputs. */
function handover(accepted: number, delivered: number): Account {
  const received = Math.max(accepted, delivered);
  return {
    stage: 'handover',
    name: '',
    unit: 'messages',
    received,
    ...fates({ accepted: { outputs: delivered }, held: { under_way: received - delivered } }),
  };
}

/** Values between the buckets of the intake threads and the flushes. */
function aggregation(accepted: number, { counts }: Pick<TimeSampler, 'counts'>): Account {
  const received = Math.max(accepted, counts.mergedValues);
  return {
    stage: 'aggregate',
    name: '',
    unit: 'values',
    received,
    ...fates({
      accepted: { flushed: counts.flushedValues },
      dropped: {
        incomplete: counts.incompleteValues,
        timestamped_type: counts.unsupportedTimestampedValues,
        timestamp_buckets: counts.droppedCopies,
        no_context: counts.refusedValues,
      },
      held: { intake_buckets: received - counts.mergedValues, buckets: counts.heldValues },
    }),
  };
}

function kernelDrops(listeners: readonly ListenerFacts[]): Drops[] {
  return listeners.map(({ listener, kernel }) => ({
    stage: 'kernel',
    name: listener,
    unit: 'packets',
    dropped: { receive_buffer_full: kernel?.droppedPackets ?? 0 },
  }));
}
