/**
 * The ledger: what became of everything that came in, as accounts.
 *
 *   account │ received = accepted + rejected + filtered + dropped + held │ one place, one unit
 *
 *   accepted  went on to the next place          dropped  was lost here, for a reason that is named
 *   rejected  was wrong in itself                held     waits here now
 *   filtered  was left out because the configuration says so
 *
 * The numbers of an account are of one moment, so its equation holds whenever it is read; `imbalance` is what is
 * missing, and anything but 0 is a bug. docs/ledger.md lists every place, unit and reason.
 */
import type { OwnMetric, OwnSample } from './metric.ts';

export const UNITS = ['packets', 'messages', 'values', 'records', 'items', 'payloads'] as const;
export type Unit = (typeof UNITS)[number];

export const FATES = ['accepted', 'rejected', 'filtered', 'dropped', 'held'] as const;
export type Fate = (typeof FATES)[number];

/** Numbers by what or why: `metric`, `metric:value`, `backlog`. */
export type Counts = Readonly<Record<string, number>>;

export interface Account extends Readonly<Record<Fate, Counts>> {
  /** The step: `intake`, `forward`, `handover`, `aggregate`, `output`. */
  readonly stage: string;
  /** Which of them: a listener, an output. Empty when there is one. */
  readonly name: string;
  readonly unit: Unit;
  readonly received: number;
}

/** What became of everything in one unit. */
export type Fates = Readonly<Record<Fate, Counts>>;

/** Fates of which most are empty. */
export function fates(some: Partial<Fates>): Fates {
  return { accepted: {}, rejected: {}, filtered: {}, dropped: {}, held: {}, ...some };
}

/** One line of a table that says where a number of an account comes from. */
export interface LedgerEntry<Source> {
  readonly unit: Unit;
  readonly fate: 'received' | Fate;
  /** What or why; for messages `type:reason`. Empty for `received`. */
  readonly reason: string;
  /** One sentence for people. */
  readonly help: string;
  /** For what is dropped: what to do about it. */
  readonly remedy?: string;
  readonly count: (source: Source) => number;
}

/** Sums a table over the sources of one place: one account for each unit in it. */
export function accountsOf<Source>(
  stage: string,
  name: string,
  table: readonly LedgerEntry<Source>[],
  sources: readonly Source[],
): Account[] {
  const units = new Set(table.map(({ unit }) => unit));
  return [...units].map((unit) => {
    const entries = table.filter((entry) => entry.unit === unit);
    const sum = (entry: LedgerEntry<Source>): number =>
      sources.reduce((total, source) => total + entry.count(source), 0);
    const of = (fate: Fate): Counts =>
      Object.fromEntries(
        entries.filter((entry) => entry.fate === fate).map((entry) => [entry.reason, sum(entry)]),
      );
    const received = entries
      .filter(({ fate }) => fate === 'received')
      .reduce((n, entry) => n + sum(entry), 0);
    return {
      stage,
      name,
      unit,
      received,
      accepted: of('accepted'),
      rejected: of('rejected'),
      filtered: of('filtered'),
      dropped: of('dropped'),
      held: of('held'),
    };
  });
}

export function totalOf(counts: Counts): number {
  let total = 0;
  for (const count of Object.values(counts)) total += count;
  return total;
}

/** What the equation misses: 0, or the server has a bug. */
export function imbalanceOf(account: Account): number {
  return account.received - allOf(account);
}

/** The sum of all fates. */
export function allOf(some: Fates): number {
  return FATES.reduce((sum, fate) => sum + totalOf(some[fate]), 0);
}

/** Accounts through which something went, in short, for the log: `{"intake udp packets": {"received": 5, …}}`. */
export function summaryOf(accounts: readonly Account[]): Record<string, Record<string, number>> {
  const lines = accounts
    .filter(({ received }) => received > 0)
    .map((account) => {
      const place = [account.stage, account.name, account.unit].filter((part) => part !== '').join(' ');
      const totals = FATES.map((fate) => [fate, totalOf(account[fate])] as const).filter(([, n]) => n > 0);
      return [place, { received: account.received, ...Object.fromEntries(totals) }] as const;
    });
  return Object.fromEntries(lines);
}

/** Stages whose accounts are metrics under these names; the others have metrics of their own. */
const METRIC_STAGES: ReadonlySet<string> = new Set(['intake', 'forward', 'handover', 'aggregate', 'output']);

/** How the label of a place is called on the metrics page. */
const PLACE_LABELS: Readonly<Record<string, string>> = {
  intake: 'listener',
  forward: 'listener',
  output: 'output',
};

/**
 * The accounts as metrics: `whippet_intake_messages_total`, `whippet_intake_messages_rejected_total`,
 * `whippet_intake_packets_held`, … What always is empty is left out.
 */
export function ledgerMetrics(accounts: readonly Account[]): OwnMetric[] {
  const families = new Map<string, { metric: Omit<OwnMetric, 'samples'>; samples: OwnSample[] }>();
  const add = (name: string, help: string, labels: Record<string, string>, value: number): void => {
    const type = name.endsWith('_total') ? 'counter' : 'gauge';
    const family = families.get(name) ?? { metric: { name, help, type }, samples: [] };
    family.samples.push({ labels, value });
    families.set(name, family);
  };
  for (const account of accounts) {
    if (!METRIC_STAGES.has(account.stage)) continue;
    const { stage, name, unit } = account;
    const label = PLACE_LABELS[stage];
    const place: Record<string, string> = label === undefined ? {} : { [label]: name };
    const prefix = `whippet_${stage}_${unit}`;
    add(
      `${prefix}_total`,
      `${capital(unit)} that came in (ledger: ${stage}, received).`,
      place,
      account.received,
    );
    for (const fate of FATES) {
      const family = fate === 'held' ? `${prefix}_held` : `${prefix}_${fate}_total`;
      const help = `${capital(unit)} ${fate} (ledger: ${stage}).`;
      for (const [reason, value] of Object.entries(account[fate]))
        add(family, help, { ...place, ...labelsOf(unit, fate, reason) }, value);
    }
  }
  return [...families.values()].map(({ metric, samples }) => ({ ...metric, samples }));
}

/** `metric:value` is a type of message and a reason; what is accepted or held has a kind. */
function labelsOf(unit: Unit, fate: Fate, reason: string): Record<string, string> {
  const [type = '', why] = reason.split(':');
  if (why !== undefined) return { message_type: type, reason: why };
  if (unit === 'messages' && fate === 'accepted') return { message_type: type };
  return fate === 'accepted' || fate === 'held' ? { kind: type } : { reason: type };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
