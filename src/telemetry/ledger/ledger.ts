/**
 * The ledger: what became of everything received, as totals.
 *
 *   entry │ received = accepted + rejected + filtered + dropped + held │ one place, one unit
 *
 *   accepted  went on to the next place          dropped  was lost here, for a reason that is named
 *   rejected  was wrong in itself                held     waits here now
 *   filtered  was left out because the configuration says so
 *
 * The numbers of a row of totals are of one moment, so its equation holds whenever it is read; `imbalance` is what is
 * missing, and anything but 0 is a bug. docs/ledger.md lists every place, unit and reason.
 */
import type { OwnMetric, OwnSample } from '../metric.ts';

export const UNITS = [
  'connections',
  'requests',
  'packets',
  'messages',
  'values',
  'records',
  'items',
  'points',
  'payloads',
  'partials',
] as const;
export type Unit = (typeof UNITS)[number];

export const OUTCOMES = ['accepted', 'rejected', 'filtered', 'dropped', 'held'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Numbers by what or why: `metric`, `metric:value`, `backlog`. */
export type Counts = Readonly<Record<string, number>>;

export interface Totals extends Readonly<Record<Outcome, Counts>> {
  /** The step: `listener`, `forward`, `dispatch`, `aggregate`, `output`. */
  readonly stage: string;
  /** Which of them: a listener, an output. Empty when there is one. */
  readonly name: string;
  readonly unit: Unit;
  readonly received: number;
}

/** What became of everything in one unit. */
export type Outcomes = Readonly<Record<Outcome, Counts>>;

/** Outcomes of which most are empty. */
export function outcomes(some: Partial<Outcomes>): Outcomes {
  return { accepted: {}, rejected: {}, filtered: {}, dropped: {}, held: {}, ...some };
}

/** One line of a table that says where a number of a row of totals comes from. */
export interface LedgerEntry<Source> {
  readonly unit: Unit;
  readonly outcome: 'received' | Outcome;
  /** What or why; for messages `type:reason`. Empty for `received`. */
  readonly reason: string;
  /** One sentence for people. */
  readonly help: string;
  /** For what is dropped: what to do about it. */
  readonly remedy?: string;
  /** The names of the places that can have it; all when left out. */
  readonly only?: readonly string[];
  readonly count: (source: Source) => number;
}

/** Sums a table over the sources of one place: one entry for each unit in it. */
export function totalsFor<Source>(
  stage: string,
  name: string,
  whole: readonly LedgerEntry<Source>[],
  sources: readonly Source[],
): Totals[] {
  const table = whole.filter(({ only }) => only === undefined || only.includes(name));
  const units = new Set(table.map(({ unit }) => unit));
  return [...units].map((unit) => {
    const entries = table.filter((entry) => entry.unit === unit);
    const sum = (entry: LedgerEntry<Source>): number =>
      sources.reduce((total, source) => total + entry.count(source), 0);
    const of = (outcome: Outcome): Counts =>
      Object.fromEntries(
        entries.filter((entry) => entry.outcome === outcome).map((entry) => [entry.reason, sum(entry)]),
      );
    const received = entries
      .filter(({ outcome }) => outcome === 'received')
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
export function imbalanceOf(entry: Totals): number {
  return entry.received - allOf(entry);
}

/** The sum of all outcomes. */
export function allOf(some: Outcomes): number {
  return OUTCOMES.reduce((sum, outcome) => sum + totalOf(some[outcome]), 0);
}

/** Totals through which something went, in short, for the log: `{"listener udp packets": {"received": 5, …}}`. */
export function summaryOf(totals: readonly Totals[]): Record<string, Record<string, number>> {
  const lines = totals
    .filter(({ received }) => received > 0)
    .map((entry) => {
      const place = [entry.stage, entry.name, entry.unit].filter((part) => part !== '').join(' ');
      const counts = OUTCOMES.map((outcome) => [outcome, totalOf(entry[outcome])] as const).filter(
        ([, n]) => n > 0,
      );
      return [place, { received: entry.received, ...Object.fromEntries(counts) }] as const;
    });
  return Object.fromEntries(lines);
}

/** Stages whose totals are metrics under these names; the others have metrics of their own. */
const METRIC_STAGES: ReadonlySet<string> = new Set([
  'listener',
  'forward',
  'dispatch',
  'aggregate',
  'output',
  'global_edge',
  'global_owner',
]);

/** How the label of a place is called on the metrics page. */
const PLACE_LABELS: Readonly<Record<string, string>> = {
  listener: 'listener',
  forward: 'listener',
  output: 'output',
  global_owner: 'level',
};

/**
 * The totals as metrics: `whippet_listener_messages_total`, `whippet_listener_messages_rejected_total`,
 * `whippet_listener_packets_held`, … What always is empty is left out.
 */
export function ledgerMetrics(totals: readonly Totals[]): OwnMetric[] {
  const families = new Map<string, { metric: Omit<OwnMetric, 'samples'>; samples: OwnSample[] }>();
  const add = (name: string, help: string, labels: Record<string, string>, value: number): void => {
    const type = name.endsWith('_total') ? 'counter' : 'gauge';
    const family = families.get(name) ?? { metric: { name, help, type }, samples: [] };
    family.samples.push({ labels, value });
    families.set(name, family);
  };
  for (const entry of totals) {
    if (!METRIC_STAGES.has(entry.stage)) continue;
    const { stage, name, unit } = entry;
    const label = PLACE_LABELS[stage];
    const place: Record<string, string> = label === undefined ? {} : { [label]: name };
    const prefix = `whippet_${stage}_${unit}`;
    add(
      `${prefix}_total`,
      `${capital(unit)} that came in (ledger: ${stage}, received).`,
      place,
      entry.received,
    );
    for (const outcome of OUTCOMES) {
      const family = outcome === 'held' ? `${prefix}_held` : `${prefix}_${outcome}_total`;
      const help = `${capital(unit)} ${outcome} (ledger: ${stage}).`;
      for (const [reason, value] of Object.entries(entry[outcome]))
        add(family, help, { ...place, ...labelsOf(unit, outcome, reason) }, value);
    }
  }
  return [...families.values()].map(({ metric, samples }) => ({ ...metric, samples }));
}

/** `metric:value` is a type of message and a reason; what is accepted or held has a kind. */
function labelsOf(unit: Unit, outcome: Outcome, reason: string): Record<string, string> {
  const [type = '', why] = reason.split(':');
  if (why !== undefined) return { message_type: type, reason: why };
  if (unit === 'messages' && outcome === 'accepted') return { message_type: type };
  return outcome === 'accepted' || outcome === 'held' ? { kind: type } : { reason: type };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
