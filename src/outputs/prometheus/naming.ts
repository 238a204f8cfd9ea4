/**
 * Which family is shown under which name.
 *
 *   join(family) ─▶ waits ──settle()──▶ has a name, until leave(family)
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
 * name of one that dashboards know.
 *
 * Memory  a few map entries for each family. There are at most as many families as contexts and service checks.
 */
import { FAMILY_KINDS, type NamedFamily } from './family.ts';

/** How one receiver's names work. */
export interface NameRules<F extends NamedFamily> {
  /** The name that a family asks for. */
  ownName(family: F): string;
  /** Every name that a family shown as `displayed` keeps others from using. */
  claims(family: F, displayed: string): readonly string[];
  /** The name to try when its own is taken, from attempt 1 on. */
  alternative(family: F, attempt: number): string;
}

/** Why a family did not get its own name. */
export interface NameConflict<F extends NamedFamily> {
  readonly family: F;
  readonly displayed: string;
  /** The family that has the name; undefined for one of the server's own metrics. */
  readonly holder: F | undefined;
}

export interface DisplayedFamily<F extends NamedFamily> {
  readonly family: F;
  readonly displayed: string;
}

export class NameBook<F extends NamedFamily> {
  private readonly rules: NameRules<F>;
  private readonly onConflict: (conflict: NameConflict<F>) => void;
  /** By name: who has it, undefined for the server itself. */
  private readonly owners = new Map<string, F | undefined>();
  private readonly _displayed = new Map<F, string>();
  private readonly waiting = new Set<F>();

  constructor(rules: NameRules<F>, onConflict: (conflict: NameConflict<F>) => void) {
    this.rules = rules;
    this.onConflict = onConflict;
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
      const owner = this.owners.get(name);
      if (owner !== undefined) {
        this.release(owner);
        this.waiting.add(owner);
      }
      this.owners.set(name, undefined);
    }
  }

  /** Gives every newcomer a name. */
  settle(): void {
    if (this.waiting.size === 0) return;
    const displaced: F[] = [];
    for (const family of [...this.waiting].sort(byNameThenKind)) {
      if (!this.claim(family, this.rules.ownName(family))) displaced.push(family);
    }
    this.waiting.clear();
    for (const family of displaced) {
      const holder = this.holderOf(family);
      for (let attempt = 1; ; attempt++) {
        const displayed = this.rules.alternative(family, attempt);
        if (!this.claim(family, displayed)) continue;
        this.onConflict({ family, displayed, holder });
        break;
      }
    }
  }

  /** The name of a family that has one. */
  displayedOf(family: F): string | undefined {
    return this._displayed.get(family);
  }

  /** All families that have names, in order of those. */
  displayed(): DisplayedFamily<F>[] {
    const named = Array.from(this._displayed, ([family, displayed]) => ({ family, displayed }));
    return named.sort((a, b) => (a.displayed < b.displayed ? -1 : 1));
  }

  private claim(family: F, displayed: string): boolean {
    const names = this.rules.claims(family, displayed);
    if (names.some((name) => this.owners.has(name))) return false;
    for (const name of names) this.owners.set(name, family);
    this._displayed.set(family, displayed);
    return true;
  }

  private holderOf(family: F): F | undefined {
    const wanted = this.rules.claims(family, this.rules.ownName(family));
    const taken = wanted.find((name) => this.owners.has(name));
    return taken === undefined ? undefined : this.owners.get(taken);
  }

  private release(family: F): void {
    const displayed = this._displayed.get(family);
    if (displayed === undefined) return;
    this._displayed.delete(family);
    for (const name of this.rules.claims(family, displayed))
      if (this.owners.get(name) === family) this.owners.delete(name);
  }
}

function byNameThenKind(a: NamedFamily, b: NamedFamily): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return FAMILY_KINDS.indexOf(a.kind) - FAMILY_KINDS.indexOf(b.kind);
}
