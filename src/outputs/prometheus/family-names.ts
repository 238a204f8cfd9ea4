/**
 * The names of all families on the page, in each of its formats: OpenMetrics reserves more names than the text format
 * does, so a family may be renamed there alone (naming.ts).
 *
 *   checks, the server's own ──▶ arrived ─┐
 *   series (catalogue.ts) ────────────────┴──settle()──▶ names, in both formats: who scrapes may change the format he asks for
 *
 * The first conflict of a family is counted and told to the log with both names; the log has LINES_MAX lines of it.
 */
import type { Log } from '../../lib/log.ts';
import type { Steps } from '../../lib/time/steps.ts';
import { toText } from '../../model/text.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import type { CheckFamily } from './check-table.ts';
import type { NamedFamily } from './family.ts';
import { type FamilyKey, familyShelf, type NamingFormat, ownNameOf } from './family-shelf.ts';
import type { FamilyTable } from './family-table.ts';
import { type DisplayedFamily, NameBook, type NameConflict, type NameRules } from './naming.ts';
import type { ExpositionFormat } from './negotiate.ts';
import type { Problems } from './problems.ts';
import { alternativeName, CLAIMED_SUFFIXES, claimedNames, claimedSuffixes, displayName } from './syntax.ts';

/** Conflicts that the log tells of; metrics count all of them. */
const LINES_MAX = 50;

export class FamilyNames {
  private readonly table: FamilyTable;
  private readonly problems: Problems;
  private readonly conflicts: ConflictLog;
  private readonly books: Readonly<Record<NamingFormat, NameBook<FamilyKey>>>;
  /** Families one of whose conflicts was counted. */
  private readonly counted = new Set<FamilyKey>();
  /** Checks that came since the names were last settled; the books know nothing of them. */
  private readonly arrived = new Set<CheckFamily>();
  /** The server's own metrics, by type and name. */
  private readonly own = new Set<string>();
  /** Those among them that came since. */
  private ownArrived: Pick<OwnMetric, 'name' | 'type'>[] = [];
  /** How many checks and metrics of the server's own have arrived so far. */
  arrivals = 0;

  constructor(table: FamilyTable, problems: Problems, log: Log | undefined) {
    this.table = table;
    this.problems = problems;
    this.conflicts = new ConflictLog('/metrics', log);
    const bookOf = (format: NamingFormat) =>
      new NameBook(rulesOf(table, format), (conflict) => this.tell(conflict), familyShelf(table, format));
    this.books = { text: bookOf('text'), openmetrics: bookOf('openmetrics') };
  }

  /** A family of series must not join while names are being settled; a check may. */
  join(family: FamilyKey): void {
    if (typeof family === 'number') for (const book of Object.values(this.books)) book.join(family);
    else {
      this.arrived.add(family);
      this.arrivals++;
    }
  }

  /** The table still has the family. */
  leave(family: FamilyKey): void {
    if (typeof family !== 'number' && this.arrived.delete(family)) return;
    for (const book of Object.values(this.books)) book.leave(family);
    this.counted.delete(family);
  }

  /** The names of the server's own metrics are kept from when the names are settled next. */
  reserve(metrics: Iterable<Pick<OwnMetric, 'name' | 'type'>>): void {
    for (const metric of metrics) {
      const key = `${metric.type} ${metric.name}`;
      if (this.own.has(key)) continue;
      this.own.add(key);
      this.ownArrived.push(metric);
      this.arrivals++;
    }
  }

  /** Names the newcomers, those that had come when it began. What is named together does not depend on who came first. */
  *settle(): Steps {
    for (const [format, book] of Object.entries(this.books) as [NamingFormat, NameBook<FamilyKey>][]) {
      for (const check of this.arrived) book.join(check);
      for (const { name, type } of this.ownArrived)
        book.reserve(claimedNames(format, type, displayName(format, type, name)));
    }
    this.arrived.clear();
    this.ownArrived = [];
    for (const book of Object.values(this.books)) yield* book.settleSteps();
  }

  /** The families that have a name, in page order. */
  displayed(format: ExpositionFormat): Steps<DisplayedFamily<FamilyKey>[]> {
    return this.books[format === 'openmetrics' ? 'openmetrics' : 'text'].displayedSteps();
  }

  private tell({ family, displayed, holder }: NameConflict<FamilyKey>): void {
    if (this.counted.has(family)) return;
    this.counted.add(family);
    const newcomer = namedFamily(this.table, family);
    const owner = holder === undefined ? undefined : namedFamily(this.table, holder);
    this.problems.adjust(owner?.name === newcomer.name ? 'type_conflict' : 'name_clash');
    this.conflicts.tell({ family: newcomer, displayed, holder: owner });
  }
}

/** Tells of families that did not get their name, each once. */
export class ConflictLog {
  private readonly place: string;
  private readonly log: Log | undefined;
  private lines = 0;

  /** `place` is where the names are seen. */
  constructor(place: string, log: Log | undefined) {
    this.place = place;
    this.log = log;
  }

  tell({ family, displayed, holder }: NameConflict<NamedFamily>): void {
    if (++this.lines > LINES_MAX) return;
    const newcomer = `the ${family.kind} ${toText(family.source)}`;
    const owner =
      holder === undefined ? "a metric of the server's own" : `the ${holder.kind} ${toText(holder.source)}`;
    const rest = this.lines === LINES_MAX ? '; further conflicts are only counted' : '';
    this.log?.warn(
      {
        place: this.place,
        newcomer: toText(family.source),
        holder: holder && toText(holder.source),
        displayed,
      },
      `${newcomer} is shown as ${displayed}, because ${owner} has its name already${rest}`,
    );
  }
}

function rulesOf(table: FamilyTable, format: NamingFormat): NameRules<FamilyKey> {
  return {
    orderOf: (family) => namedFamily(table, family),
    ownName: (family) => (typeof family === 'number' ? ownNameOf(table, format, family) : family.name),
    suffixes: CLAIMED_SUFFIXES,
    suffixesOf: (family) =>
      claimedSuffixes(
        format,
        typeof family === 'number' ? table.shapeOf(family).typeIn(format) : family.typeIn(),
      ),
    alternative: (family, attempt) => {
      const { kind, name } = namedFamily(table, family);
      return alternativeName(format, kind, name, attempt);
    },
  };
}

function namedFamily(table: FamilyTable, family: FamilyKey): NamedFamily {
  if (typeof family !== 'number') return family;
  const { kind } = table.shapeOf(family);
  return { kind, name: table.nameOf(family), source: table.sourceOf(family) };
}
