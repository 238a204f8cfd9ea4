/**
 * Catalogue: gives series their families and families their names, when somebody asks for a page and at no other time. A
 * server whose pages nobody reads does nothing for them at a flush, and keeps no name.
 *
 *   births of flushes that ended, of looks ──▶ round: join families ─▶ settle names ──▶ pages that asked for it
 *   births of a flush under way ─────────────▶ wait until it has ended, so that names do not depend on who came first
 *
 * A round takes steps, so that neither flushes nor other pages wait for it. There is one at a time: pages that are asked for
 * at the same time work on the same round, and one for which it began too early starts another afterwards. So what is named
 * together is always all that had been born when its round began, whichever page does the work, and whether or not that
 * page is read to its end. Series may leave at any time, with a family or without; families join in rounds alone.
 *
 * After the first round only newcomers cost something: looking for them takes a millisecond for a million rows.
 */
import type { Steps } from '../../lib/time/steps.ts';
import type { Context } from '../../model/context.ts';
import type { FamilyNames } from './family-names.ts';
import type { SeriesTable } from './series-table.ts';

/** About a millisecond of work. */
const SERIES_A_STEP = 256;

export class Catalogue {
  private readonly table: SeriesTable;
  private readonly names: FamilyNames;
  private readonly lookup: (id: number) => Context | undefined;
  /** While a flush is under way, the births that there were before it. */
  private birthsBefore: number | undefined;
  private round: Steps | undefined;
  /** Births and arrivals of names (family-names.ts) that the rounds have covered so far. */
  private births = 0;
  private arrivals = 0;

  constructor(table: SeriesTable, names: FamilyNames, lookup: (id: number) => Context | undefined) {
    this.table = table;
    this.names = names;
    this.lookup = lookup;
  }

  beginFlush(): void {
    this.birthsBefore = this.table.births;
  }

  endFlush(): void {
    this.birthsBefore = undefined;
  }

  /** Sees to it that all who can have a name have one. Returns the last birth that this is so for. */
  *catchUp(): Steps<number> {
    const births = this.ripe;
    const { arrivals } = this.names;
    while (this.births < births || this.arrivals < arrivals || this.table.hasEmptied) {
      this.round ??= this.makeRound();
      if (this.round.next().done === true) this.round = undefined;
      yield;
    }
    return births;
  }

  /** The last birth that does not belong to a flush under way. */
  private get ripe(): number {
    return this.birthsBefore ?? this.table.births;
  }

  private *makeRound(): Steps {
    const births = this.ripe;
    if (this.births < births) yield* this.joinFamilies(births);
    this.table.dropEmptied();
    const { arrivals } = this.names;
    yield* this.names.settle();
    this.births = births;
    this.arrivals = arrivals;
  }

  private *joinFamilies(births: number): Steps {
    let joined = 0;
    for (let id = 0; id < this.table.idEnd; id++) {
      if (!this.table.waits(id, births)) continue;
      const context = this.lookup(id);
      if (context === undefined) continue;
      this.table.join(context);
      if (++joined % SERIES_A_STEP === 0) yield;
    }
  }
}
