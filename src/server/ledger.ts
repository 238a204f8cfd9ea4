/**
 * The ledger of a server: all accounts, from the socket to the outputs, read at one moment.
 *
 *   kernel ─▶ intake, by listener: packets, messages, values ─▶ …
 *
 * Thread  the control thread; what the intake threads counted is as of the end of their last batches.
 */
import type { ThreadCounts } from '../intake/intake-thread.ts';
import type { OpenListener } from '../intake/open-listeners.ts';
import { type Account, accountsOf, imbalanceOf, ledgerMetrics } from '../telemetry/ledger.ts';
import {
  type Drops,
  type Loss,
  type LossDictionary,
  lossesOf,
  wordKey,
  wordsOf,
} from '../telemetry/losses.ts';
import type { OwnMetric } from '../telemetry/metric.ts';
import { FORWARD_LEDGER, INTAKE_LEDGER } from './ledger-table.ts';
import { type ListenerFacts, ListenerWatch, listenerMetrics } from './listener-facts.ts';

/** What can be lost, in words. */
const WORDS: LossDictionary = new Map([
  [
    wordKey('kernel', 'packets', 'receive_buffer_full'),
    {
      help: 'Packets the kernel dropped because the receive buffer of the socket was full.',
      remedy:
        'raise dogstatsd_so_rcvbuf and net.core.rmem_max, set dogstatsd_workers_count, or use a Unix socket',
    },
  ],
  ...wordsOf('intake', INTAKE_LEDGER),
  ...wordsOf('forward', FORWARD_LEDGER),
]);

/** Whom the ledger asks. */
export interface LedgerSources {
  /** What every intake thread published. */
  readonly threads: () => readonly ThreadCounts[];
  /** Whether packets are sent on to another server. */
  readonly forwards: () => boolean;
  /** Unix seconds with fraction. */
  readonly clock: () => number;
}

/** GET /api/ledger; docs/ledger.md describes it. */
export interface LedgerReport {
  /** Unix seconds. */
  readonly at: number;
  readonly startedAt: number;
  /** Whether every account adds up. */
  readonly balanced: boolean;
  readonly accounts: readonly (Account & { readonly imbalance: number })[];
  readonly listeners: readonly ListenerFacts[];
  /** What was dropped since the start, with the reason and the remedy; empty when nothing was. */
  readonly losses: readonly Loss[];
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
      losses: lossesOf([...kernelDrops(listeners), ...accounts], WORDS),
    };
  }

  metrics(): OwnMetric[] {
    const { accounts, listeners } = this.report();
    return [...ledgerMetrics(accounts), ...listenerMetrics(listeners)];
  }

  private accounts(listeners: readonly ListenerFacts[], threads: readonly ThreadCounts[]): Account[] {
    return listeners.flatMap(({ listener }) => {
      const own = threads.filter((thread) => thread.listener === listener);
      const forward = this.sources.forwards() ? accountsOf('forward', listener, FORWARD_LEDGER, own) : [];
      return [...accountsOf('intake', listener, INTAKE_LEDGER, own), ...forward];
    });
  }
}

function kernelDrops(listeners: readonly ListenerFacts[]): Drops[] {
  return listeners.map(({ listener, kernel }) => ({
    stage: 'kernel',
    name: listener,
    unit: 'packets',
    dropped: { receive_buffer_full: kernel?.droppedPackets ?? 0 },
  }));
}
