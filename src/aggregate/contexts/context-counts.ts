/**
 * How many contexts the server has, by name and type, and whether there may be one more (model/cardinality.ts).
 * Names are the registry's numbers for texts.
 *
 * Memory  12 to 18 bytes for each metric name (lib/number-counts.ts): there may be as many names as contexts.
 */
import { Budget, ROOM_AGAIN } from '../../lib/budget.ts';
import { NumberCounts } from '../../lib/number-counts.ts';
import { CONTEXT_TYPES, type ContextType } from '../../model/context.ts';
import { OVER } from '../../model/views/cardinality.ts';

/** What there is room for again since it was last asked: everything, or some names. */
export type Returned = 'all' | ReadonlySet<number>;

export class ContextCounts {
  private readonly whole: Budget;
  private readonly perName: number;
  /** Contexts of each name. */
  private readonly byName = new NumberCounts();
  /** Names that one was refused of, as in a Budget. */
  private readonly exhausted = new Set<number>();
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
    return this.byName.get(name);
  }

  names(): Iterable<readonly [name: number, contexts: number]> {
    return this.byName.entries();
  }

  /** The number of the limit that one more context of `name` is over; from now on those after it are, too. */
  refuse(name: number): number {
    if (this.exhausted.has(name) || this.ofName(name) >= this.perName) {
      this.exhausted.add(name);
      return OVER.metric;
    }
    if (this.whole.hasRoom) return OVER.none;
    this.whole.refuse();
    return OVER.contexts;
  }

  acquire(name: number, type: ContextType): void {
    this.byName.add(name);
    this.whole.acquire();
    (this.byType[CONTEXT_TYPES.indexOf(type)] as number)++;
  }

  give(name: number, type: ContextType): void {
    const left = this.byName.remove(name);
    if (left < this.perName * ROOM_AGAIN && this.exhausted.delete(name)) this.returned.add(name);
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
