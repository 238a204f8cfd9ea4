/**
 * The ledger of a server: all totals, from the socket to the outputs, read at one moment.
 *
 *   kernel ─▶ listeners:         packets ─▶ messages ─┬─ metrics: values ─▶ aggregate ─┬─▶ output, by output: records
 *                                                      └─ events, checks ─▶ dispatch ───┘
 *
 * Thread  the control thread; what the listener threads counted is as of the end of their last batches. What it has
 *         from them by other ways may be newer: then they handed over at least that much, and it counts as such.
 */
import type { Log } from '../../lib/log.ts';
import { type HttpCounts, hasCounted } from '../counters/http-counters.ts';
import type { ThreadCounts } from '../counters/thread-counts.ts';
import type { OwnMetric } from '../metric.ts';
import { FORWARD_LEDGER } from './forward-ledger.ts';
import { HTTP_LEDGER } from './http-ledger.ts';
import { imbalanceOf, ledgerMetrics, outcomes, summaryOf, type Totals, totalsFor } from './ledger.ts';
import type { LedgerReport, ListenerStats, NotListening } from './ledger-report.ts';
import { LOSS_WORDS } from './ledger-words.ts';
import { LISTENER_LEDGER } from './listener-ledger.ts';
import { type ListenerWatch, listenerMetrics } from './listener-stats.ts';
import { type Drops, lossesOf } from './losses.ts';

/** What the sampler counts that the ledger tells (aggregate/sampler-options.ts). */
interface AggregateCounts {
  readonly mergedValues: number;
  readonly heldValues: number;
  readonly flushedValues: number;
  readonly refusedValues: number;
  readonly unsupportedTimestampedValues: number;
  readonly incompleteValues: number;
  readonly droppedCopies: number;
  readonly outOfRangeValues: number;
  readonly noSecondValues: number;
  readonly equalSeries: number;
}

/** Whom the ledger asks. */
export interface LedgerSources {
  /** What every listener thread published. */
  readonly threads: () => readonly ThreadCounts[];
  /** What the kernel says of the sockets. */
  readonly listeners: ListenerWatch;
  /** What is counted over HTTP. */
  readonly http: HttpCounts;
  /** Whether packets are sent on to another server. */
  readonly forwards: boolean;
  readonly notListening: () => readonly NotListening[];
  readonly sampler: { readonly counts: AggregateCounts };
  /** Values that the server counted of itself and put among the data. */
  readonly ownValues: () => number;
  readonly outputs: {
    totals(): readonly Totals[];
    /** Events and checks that were given to them. */
    readonly dispatched: number;
  };
  /** Of global aggregation; none without a role. */
  readonly globalTotals: () => readonly Totals[];
  /** Unix seconds with fraction. */
  readonly clock: () => number;
}

export class Ledger {
  private readonly sources: LedgerSources;
  private readonly startedAt: number;

  constructor(sources: LedgerSources) {
    this.sources = sources;
    this.startedAt = sources.clock();
  }

  /** To be called before the sockets are closed: what the kernel says then is the last word. */
  closeListeners(): void {
    this.sources.listeners.close();
  }

  report(): LedgerReport {
    const at = this.sources.clock();
    this.sources.listeners.look();
    const threads = this.sources.threads();
    const listeners = this.sources.listeners.stats(threads, at);
    const totals = this.totals(listeners, threads).map((entry) => ({
      ...entry,
      imbalance: imbalanceOf(entry),
    }));
    return {
      at,
      startedAt: this.startedAt,
      balanced: totals.every(({ imbalance }) => imbalance === 0),
      totals,
      listeners,
      notListening: this.sources.notListening(),
      losses: lossesOf(
        [...kernelDrops(listeners), seriesDrops(this.sources.sampler.counts), ...totals],
        LOSS_WORDS,
      ),
    };
  }

  metrics(): OwnMetric[] {
    const { totals, listeners } = this.report();
    return [...ledgerMetrics(totals), ...listenerMetrics(listeners)];
  }

  /** The last word, when everything has stopped. */
  logEnd(log: Log): void {
    const { balanced, totals } = this.report();
    log.info({ balanced, ledger: summaryOf(totals) }, 'final totals of everything received');
  }

  private totals(listeners: readonly ListenerStats[], threads: readonly ThreadCounts[]): Totals[] {
    const of = (listener: string): ThreadCounts[] => threads.filter((thread) => thread.listener === listener);
    const received = listeners.flatMap(({ listener }) =>
      totalsFor('listener', listener, LISTENER_LEDGER, of(listener)),
    );
    const forward = this.sources.forwards
      ? listeners.flatMap(({ listener }) => totalsFor('forward', listener, FORWARD_LEDGER, of(listener)))
      : [];
    const accepted = (unit: Totals['unit'], ...kinds: readonly string[]): number =>
      received
        .filter((entry) => entry.unit === unit)
        .reduce((sum, entry) => kinds.reduce((n, kind) => n + (entry.accepted[kind] ?? 0), sum), 0);
    const { http } = this.sources;
    return [
      ...(hasCounted(http) ? totalsFor('listener', 'http', HTTP_LEDGER, [http]) : []),
      ...received,
      ...forward,
      dispatch(accepted('messages', 'event', 'service_check'), this.sources.outputs.dispatched),
      aggregation(
        accepted('values', 'aggregated', 'timestamped') + this.sources.ownValues(),
        this.sources.sampler.counts,
      ),
      ...this.sources.globalTotals(),
      ...this.sources.outputs.totals(),
    ];
  }
}

/** Events and checks between the listener threads and the outputs. */
function dispatch(accepted: number, delivered: number): Totals {
  const received = Math.max(accepted, delivered);
  return {
    stage: 'dispatch',
    name: '',
    unit: 'messages',
    received,
    ...outcomes({ accepted: { outputs: delivered }, held: { under_way: received - delivered } }),
  };
}

/** Values between the buckets of the listener threads and the flushes. */
function aggregation(accepted: number, counts: AggregateCounts): Totals {
  const received = Math.max(accepted, counts.mergedValues);
  return {
    stage: 'aggregate',
    name: '',
    unit: 'values',
    received,
    ...outcomes({
      accepted: { flushed: counts.flushedValues },
      dropped: {
        incomplete: counts.incompleteValues,
        timestamped_type: counts.unsupportedTimestampedValues,
        timestamp_buckets: counts.droppedCopies,
        out_of_range: counts.outOfRangeValues,
        timestamp_taken: counts.noSecondValues,
        no_context: counts.refusedValues,
      },
      held: { listener_buckets: received - counts.mergedValues, buckets: counts.heldValues },
    }),
  };
}

/** Series, which are no values: those of a histogram are several. */
function seriesDrops(counts: AggregateCounts): Drops {
  return { stage: 'aggregate', name: '', unit: 'items', dropped: { equal_series: counts.equalSeries } };
}

function kernelDrops(listeners: readonly ListenerStats[]): Drops[] {
  return listeners.map(({ listener, kernel }) => ({
    stage: 'kernel',
    name: listener,
    unit: 'packets',
    dropped: { receive_buffer_full: kernel?.droppedPackets ?? 0 },
  }));
}
