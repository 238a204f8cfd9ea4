/**
 * How many contexts the server has, by name and type, and whether there may be one more (model/cardinality.ts).
 * Names are the registry's numbers for texts.
 *
 * Memory  one entry a metric name.
 */
import { assert } from '../../lib/assert.ts';
import { Budget } from '../../lib/budget.ts';
import { CONTEXT_TYPES, type ContextType } from '../../model/context.ts';
import { OVER } from '../../model/views/cardinality.ts';

/** What there is room for again since it was last asked: everything, or some names. */
export type Returned = 'all' | ReadonlySet<number>;

export class ContextCounts {
  private readonly whole: Budget;
  private readonly perName: number;
  private readonly byName = new Map<number, Budget>();
  private readonly byType = new Uint32Array(CONTEXT_TYPES.length);
  private allReturned = false;
  private returned = new Set<number>();

  /** `perName` 0 is no limit. */
  constructor(total: number, perName: number) {
    this.whole = new Budget(total);
    this.perName = perName === 0 ? Number.POSITIVE_INFINITY : perName;
  }

  get total(): number {
    return this.whole.count;
  }

  /** How many more there may be. */
  get room(): number {
    return this.whole.limit - this.whole.count;
  }

  ofType(type: ContextType): number {
    return this.byType[CONTEXT_TYPES.indexOf(type)] as number;
  }

  ofName(name: number): number {
    return this.byName.get(name)?.count ?? 0;
  }

  names(): Iterable<readonly [name: number, budget: { readonly count: number }]> {
    return this.byName;
  }

  /** The number of the limit that one more context of `name` is over; from now on those after it are, too. */
  refuse(name: number): number {
    const budget = this.byName.get(name);
    if (budget !== undefined && !budget.hasRoom) {
      budget.refuse();
      return OVER.metric;
    }
    if (this.whole.hasRoom) return OVER.none;
    this.whole.refuse();
    return OVER.contexts;
  }

  acquire(name: number, type: ContextType): void {
    let budget = this.byName.get(name);
    if (budget === undefined) {
      budget = new Budget(this.perName);
      this.byName.set(name, budget);
    }
    budget.acquire();
    this.whole.acquire();
    (this.byType[CONTEXT_TYPES.indexOf(type)] as number)++;
  }

  give(name: number, type: ContextType): void {
    const budget = this.byName.get(name);
    assert(budget !== undefined, 'a context that goes was counted under its name');
    if (budget.give()) this.returned.add(name);
    if (budget.count === 0) this.byName.delete(name);
    if (this.whole.give()) this.allReturned = true;
    (this.byType[CONTEXT_TYPES.indexOf(type)] as number)--;
  }

  /** What there is room for again; undefined for nothing. */
  takeReturned(): Returned | undefined {
    const returned = this.allReturned ? 'all' : this.returned;
    if (returned !== 'all' && returned.size === 0) return undefined;
    this.allReturned = false;
    this.returned = new Set();
    return returned;
  }
}
