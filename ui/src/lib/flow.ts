/**
 * The ledger as six stages from the client to the receiver of the data, for the view of losses.
 *
 *   Clients ▸ Network, kernel ▸ Listeners ▸ Aggregate ▸ Outputs ▸ Delivered
 *
 * Each stage counts in its own unit, and has branches: what left it, in the order dropped, rejected, filtered, held.
 * A stage that says nothing (no client tells, nothing is delivered) is left out rather than shown as zero.
 */
import type { ClientsView, LedgerView } from '../../../src/model/live/server-views.ts';
import { count, share } from '../format/numbers.ts';

export interface Branch {
  readonly word: string;
  readonly n: number;
  readonly tone: 'lo' | 'wa' | 'fa' | 'ac';
  readonly reason: string;
}

export interface Stage {
  readonly name: string;
  readonly unit: string;
  readonly received: number;
  /** What goes on: `99.97 % accepted`. */
  readonly goesOn: string;
  readonly branches: readonly Branch[];
}

type Account = LedgerView['totals'][number];
type CountsOf = Account['dropped'];

const REASONS_SHOWN = 2;

/** The stages of the ledger that count what a listener received. */
const LISTENERS = ['listener'];

export function flowOf(ledger: LedgerView, clients: ClientsView | undefined): Stage[] {
  const of = (stages: readonly string[], unit: string): Account[] =>
    ledger.totals.filter((account) => stages.includes(account.stage) && account.unit === unit);
  const packets = of(LISTENERS, 'packets');
  return [
    clientStage(clients),
    kernelStage(ledger, packets, clients),
    stageOf('Listeners', 'messages', 'accepted', of(LISTENERS, 'messages')),
    stageOf('Aggregate', 'values', 'flushed', of(['aggregate'], 'values')),
    stageOf('Outputs', 'records', 'accepted', of(['output'], 'records')),
    stageOf('Delivered', 'payloads', 'taken', of(['delivery', 'datadog'], 'payloads')),
  ].filter((stage) => stage !== undefined);
}

function clientStage(clients: ClientsView | undefined): Stage | undefined {
  if (clients === undefined || clients.clients.length === 0) return undefined;
  const sent = sum(clients.transports.map(({ clientsSent }) => clientsSent));
  const dropped = sum(clients.transports.map(({ clientsDropped }) => clientsDropped));
  const worst = [...clients.clients].sort(
    (a, b) => (b.counts.packets_dropped ?? 0) - (a.counts.packets_dropped ?? 0),
  )[0];
  const who = [worst?.client || 'a client', worst?.version].filter(Boolean).join(' ');
  return {
    name: 'Clients',
    unit: 'packets',
    received: sent + dropped,
    goesOn: `${share(sent, sent + dropped)} sent`,
    branches: dropped === 0 ? [] : [{ word: 'dropped there', n: dropped, tone: 'lo', reason: who }],
  };
}

function kernelStage(
  ledger: LedgerView,
  packets: readonly Account[],
  clients: ClientsView | undefined,
): Stage {
  const arrived = sum(packets.map(({ received }) => received));
  const dropped = sum(ledger.listeners.map(({ kernel }) => kernel?.droppedPackets ?? 0));
  const missing = sum((clients?.transports ?? []).map((one) => one.missing));
  const all = arrived + dropped + missing;
  const branches: Branch[] = [];
  if (dropped > 0) branches.push({ word: 'dropped', n: dropped, tone: 'lo', reason: 'receive buffer full' });
  if (missing > 0)
    branches.push({ word: 'missing', n: missing, tone: 'wa', reason: 'network, or a client that died' });
  return {
    name: 'Network, kernel',
    unit: 'packets',
    received: all,
    goesOn: all === 0 ? 'nothing yet' : `${share(arrived, all)} arrive`,
    branches,
  };
}

function stageOf(name: string, unit: string, word: string, accounts: readonly Account[]): Stage | undefined {
  if (accounts.length === 0) return undefined;
  const received = sum(accounts.map((account) => account.received));
  const accepted = sum(accounts.map((account) => totalOf(account.accepted)));
  const branches = (
    [
      ['dropped', 'lo'],
      ['rejected', 'wa'],
      ['filtered', 'fa'],
      ['held', 'ac'],
    ] as const
  ).flatMap(([outcome, tone]): Branch[] => {
    const reasons = addUp(accounts.map((account) => account[outcome]));
    const n = totalOf(reasons);
    return n === 0 ? [] : [{ word: outcome, n, tone, reason: reasonText(reasons) }];
  });
  return {
    name,
    unit,
    received,
    goesOn: received === 0 ? 'nothing yet' : `${share(accepted, received)} ${word}`,
    branches,
  };
}

/** The largest reasons: `metric:value 3,106`; the number is left out where there is one reason. */
function reasonText(reasons: CountsOf): string {
  const sorted = Object.entries(reasons)
    .filter(([, n]) => n > 0)
    .sort(([, a], [, b]) => b - a);
  if (sorted.length === 1) return words(sorted[0]?.[0] ?? '');
  const shown = sorted.slice(0, REASONS_SHOWN).map(([reason, n]) => `${words(reason)} ${count(n)}`);
  return shown.join(', ') + (sorted.length > REASONS_SHOWN ? ' …' : '');
}

function words(reason: string): string {
  return reason.includes(':') ? reason : reason.replaceAll('_', ' ');
}

function addUp(all: readonly CountsOf[]): Record<string, number> {
  const added: Record<string, number> = {};
  for (const counts of all) {
    for (const [reason, n] of Object.entries(counts)) added[reason] = (added[reason] ?? 0) + n;
  }
  return added;
}

function totalOf(counts: CountsOf): number {
  return sum(Object.values(counts));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
