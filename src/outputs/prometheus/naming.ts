/**
 * Which family is shown under which name.
 *
 *   join(family) ─▶ waits ──settle(), settleSteps()──▶ has a name, until leave(family)
 *
 * Each family asks for its escaped name. Names can collide: `a.b` and `a_b` of different types, a gauge
 * `x.count` beside a summary `x`, a counter `orders` beside `orders.created` in OpenMetrics. A family whose
 * name is not free is shown with its type appended (`x_count_gauge`), so nothing is lost:
 *
 *   1. the server's own metrics have their names, whoever used them before
 *   2. a family that has a name keeps it for as long as it has series
 *   3. newcomers in order of name, then of type as in FAMILY_KINDS, take their own name if it is free
 *   4. the rest, in the same order, take the first free alternative
 *
 * So what is settled together does not depend on the order it came in, and a metric that comes later never takes the
 * name of one that dashboards know. Nobody knows a name that was never shown: where names are shown to who asks for them, all
 * families that came since the last time are settled together, however many flushes brought them.
 *
 * A family has its name with each of its suffixes (`x`, `x_sum`, `x_count`). Only the name is kept; who has `x_sum` is found
 * by taking off each suffix there is.
 *
 * Settling many takes steps, between which families may leave and names may be looked at: who waited has no name for others
 * before the last step, so a look finds what was settled together, or none of it.
 *
 * Memory  that of a shelf: by itself one map entry for each family. There are at most as many families as contexts and service
 *         checks.
 */
import { inOrder, orderInSteps } from '../../lib/sort-in-steps.ts';
import { finish, type Steps } from '../../lib/time/steps.ts';
import { FAMILY_KINDS, type NamedFamily } from './family.ts';

/** Half a millisecond of work, about. */
const FAMILIES_A_STEP = 128;

/** How one receiver's names work. `F` stands for a family. */
export interface NameRules<F> {
  /** What the order of newcomers goes by. */
  orderOf(family: F): Pick<NamedFamily, 'name' | 'kind'>;
  /** The name that a family asks for. */
  ownName(family: F): string;
  /** Every suffix that any family has. */
  readonly suffixes: readonly string[];
  /** What is appended to the name of a family, without it the first, for all names that it keeps others from using. */
  suffixesOf(family: F): readonly string[];
  /** The name to try when its own is taken, from attempt 1 on. */
  alternative(family: F, attempt: number): string;
}

/** Why a family did not get its own name. */
export interface NameConflict<F> {
  readonly family: F;
  readonly displayed: string;
  /** The family that has the name; undefined for one of the server's own metrics. */
  readonly holder: F | undefined;
}

export interface DisplayedFamily<F> {
  readonly family: F;
  readonly displayed: string;
}

/** Where a book writes: a map and a set, or what takes less memory for many families. */
export interface NameShelf<F> {
  /** By the name that a family is shown as. */
  readonly families: Iterable<[string, F]> & {
    get(name: string): F | undefined;
    set(name: string, family: F): unknown;
    delete(name: string): boolean;
  };
  readonly waiting: Iterable<F> & {
    readonly size: number;
    has(family: F): boolean;
    add(family: F): unknown;
    delete(family: F): boolean;
    clear(): void;
  };
}

export class NameBook<F> {
  private readonly rules: NameRules<F>;
  private readonly onConflict: (conflict: NameConflict<F>) => void;
  private readonly families: NameShelf<F>['families'];
  /** The server's own names. */
  private readonly reserved = new Set<string>();
  /** Names of families that did not get their own. */
  private readonly renamed = new Map<F, string>();
  private readonly waiting: NameShelf<F>['waiting'];
  /** How many families are shown under names that end in each suffix: where none is, nobody has to be looked for. */
  private readonly endings = new Map<string, number>();
  /** How often the server took a name from a family. */
  private evictions = 0;

  constructor(
    rules: NameRules<F>,
    onConflict: (conflict: NameConflict<F>) => void,
    { families, waiting }: NameShelf<F> = { families: new Map(), waiting: new Set() },
  ) {
    this.rules = rules;
    this.onConflict = onConflict;
    this.families = families;
    this.waiting = waiting;
  }

  /** The family will get a name when newcomers are settled. */
  join(family: F): void {
    this.waiting.add(family);
  }

  /** The family has no series any more: its names are free. */
  leave(family: F): void {
    this.waiting.delete(family);
    this.release(family);
  }

  /** Keeps a name for the server itself; a family that has it gets another one. */
  reserve(names: Iterable<string>): void {
    for (const name of names) {
      const owner = this.ownerOf(name);
      if (owner !== undefined) {
        this.release(owner);
        this.waiting.add(owner);
        this.evictions++;
      }
      this.reserved.add(name);
    }
  }

  /** Gives every newcomer a name. */
  settle(): void {
    finish(this.settleSteps());
  }

  /** The same in steps. Meanwhile families may leave; none may join, and nothing may be reserved. */
  *settleSteps(): Steps {
    if (this.waiting.size === 0) return;
    const contested = yield* this.waitingOf(yield* this.claimUncontested());
    const displaced: F[] = [];
    let work = 0;
    for (const family of contested) {
      if (this.waiting.has(family) && !this.claim(family, this.rules.ownName(family))) displaced.push(family);
      if (++work % FAMILIES_A_STEP === 0) yield;
    }
    for (const family of displaced) {
      // Whoever had the name may have left meanwhile.
      if (this.waiting.has(family) && !this.claim(family, this.rules.ownName(family)))
        this.claimAlternative(family);
      if (++work % FAMILIES_A_STEP === 0) yield;
    }
    this.waiting.clear();
  }

  /** The name of a family that has one. */
  displayedOf(family: F): string | undefined {
    const renamed = this.renamed.get(family);
    if (renamed !== undefined) return renamed;
    const own = this.rules.ownName(family);
    return this.families.get(own) === family ? own : undefined;
  }

  /** All families that have names, in order of those. */
  displayed(): DisplayedFamily<F>[] {
    return finish(this.displayedSteps());
  }

  /** The same in steps. Of the families that leave and are named meanwhile some may be listed, none of them twice. */
  *displayedSteps(): Steps<DisplayedFamily<F>[]> {
    for (;;) {
      const { evictions } = this;
      const named = yield* this.listNamed();
      // Whoever lost a name has another one by now, perhaps, and was listed under both.
      if (evictions !== this.evictions) continue;
      const nameAt = (at: number): string => (named[at] as DisplayedFamily<F>).displayed;
      const order = yield* orderInSteps(named.length, (a, b) => (nameAt(a) < nameAt(b) ? -1 : 1));
      return inOrder(named, order);
    }
  }

  private *listNamed(): Steps<DisplayedFamily<F>[]> {
    const named: DisplayedFamily<F>[] = [];
    let work = 0;
    for (const [displayed, family] of this.families) {
      if (!this.waiting.has(family)) named.push({ family, displayed });
      if (++work % (4 * FAMILIES_A_STEP) === 0) yield;
    }
    return named;
  }

  /** The families among `families` that still wait, in order of name and kind. */
  private *waitingOf(families: readonly F[]): Steps<F[]> {
    const waiting: F[] = [];
    const orders: Ordered[] = [];
    for (const family of families) {
      if (!this.waiting.has(family)) continue;
      waiting.push(family);
      if (orders.push(this.rules.orderOf(family)) % (4 * FAMILIES_A_STEP) === 0) yield;
    }
    const order = yield* orderInSteps(orders.length, (a, b) =>
      byNameThenKind(orders[a] as Ordered, orders[b] as Ordered),
    );
    return inOrder(waiting, order);
  }

  /**
   * Gives the newcomers their own names that share none with anybody, in whatever order they are; returns the others. So
   * nothing is sorted but those: a hundred thousand names take a second.
   */
  private *claimUncontested(): Steps<F[]> {
    const contested: F[] = [];
    let work = 0;
    for (const family of this.waiting) {
      if (!this.claim(family, this.rules.ownName(family))) contested.push(family);
      if (++work % FAMILIES_A_STEP === 0) yield;
    }
    // Whom they share a name with may have come after them in order, and so on: contested grows meanwhile.
    for (const family of contested) {
      if (++work % FAMILIES_A_STEP === 0) yield;
      if (!this.waiting.has(family)) continue;
      const own = this.rules.ownName(family);
      for (const suffix of this.rules.suffixesOf(family)) {
        const rival = this.ownerOf(own + suffix);
        if (rival === undefined || !this.waiting.has(rival)) continue;
        this.release(rival);
        contested.push(rival);
      }
    }
    return contested;
  }

  /** Gives a family that did not get its own name the first alternative that is free. */
  private claimAlternative(family: F): void {
    const holder = this.holderOf(family);
    for (let attempt = 1; ; attempt++) {
      const displayed = this.rules.alternative(family, attempt);
      if (!this.claim(family, displayed)) continue;
      this.renamed.set(family, displayed);
      this.onConflict({ family, displayed, holder });
      return;
    }
  }

  private claim(family: F, displayed: string): boolean {
    if (this.families.get(displayed) !== undefined) return false;
    for (const suffix of this.rules.suffixesOf(family))
      if (this.isTaken(displayed + suffix, displayed)) return false;
    this.families.set(displayed, family);
    this.countEndings(displayed, 1);
    return true;
  }

  /** `free` is a name that no family is shown as. */
  private isTaken(name: string, free?: string): boolean {
    return this.reserved.has(name) || this.ownerOf(name, free) !== undefined;
  }

  /** The family that has a name, with or without a suffix. */
  private ownerOf(name: string, free?: string): F | undefined {
    for (const suffix of this.rules.suffixes) {
      if (!name.endsWith(suffix)) continue;
      const displayed = name.slice(0, name.length - suffix.length);
      if (displayed === free || !this.mayBeShown(displayed)) continue;
      const family = this.families.get(displayed);
      if (family !== undefined && this.rules.suffixesOf(family).includes(suffix)) return family;
    }
    return undefined;
  }

  /** Who has the name that a family wanted; undefined for the server itself. */
  private holderOf(family: F): F | undefined {
    const own = this.rules.ownName(family);
    const taken = this.rules.suffixesOf(family).find((suffix) => this.isTaken(own + suffix));
    return taken === undefined ? undefined : this.ownerOf(own + taken);
  }

  private release(family: F): void {
    const displayed = this.displayedOf(family);
    if (displayed === undefined) return;
    this.renamed.delete(family);
    this.families.delete(displayed);
    this.countEndings(displayed, -1);
  }

  private countEndings(displayed: string, by: number): void {
    for (const suffix of this.rules.suffixes)
      if (suffix !== '' && displayed.endsWith(suffix))
        this.endings.set(suffix, (this.endings.get(suffix) ?? 0) + by);
  }

  /** False where it is sure that no family is shown as `displayed`. */
  private mayBeShown(displayed: string): boolean {
    for (const suffix of this.rules.suffixes)
      if (suffix !== '' && displayed.endsWith(suffix) && (this.endings.get(suffix) ?? 0) === 0) return false;
    return true;
  }
}

type Ordered = Pick<NamedFamily, 'name' | 'kind'>;

function byNameThenKind(a: Ordered, b: Ordered): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return FAMILY_KINDS.indexOf(a.kind) - FAMILY_KINDS.indexOf(b.kind);
}
