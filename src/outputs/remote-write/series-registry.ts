/**
 * Which contexts are series at a receiver, under which name, and when their last point was.
 *
 *   admit(id) ─▶ name: its own, or with its type appended while another type has that name
 *             ─▶ labels that another series has already: this one is left out, and counted
 *   release(id) at its end
 *
 * A name belongs to the family that came first for as long as that has series: an established series never changes its
 * name. A summary also has the names of its `_sum` and `_count` (prometheus/naming.ts).
 *
 * Memory  17 bytes a context in columns that double; two map entries a series. Labels are not kept: two series whose labels
 *         have the same hash are compared by making their labels again.
 */
import { ColumnTable } from '../../lib/column-table.ts';
import type { Context, ContextType } from '../../model/context.ts';
import type { ByteString } from '../../model/text.ts';
import type { NamedFamily } from '../prometheus/family.ts';
import { NameBook, type NameConflict, type NameRules } from '../prometheus/naming.ts';
import type { MetricType } from './write-series.ts';

export const SERIES = { none: 0, lives: 1, duplicate: 2, dropped: 3 } as const;
type SeriesState = (typeof SERIES)[keyof typeof SERIES];

interface FamilyEntry extends NamedFamily {
  /** Its type and the name that it asked for. */
  readonly key: string;
  readonly type: MetricType;
  size: number;
}

const ROWS_AT_START = 64;

export class SeriesRegistry {
  size = 0;
  /** By context id. */
  private readonly table = new ColumnTable(
    {
      /** When the last point was, ms since 1970. */
      lastAt: Float64Array,
      state: Uint8Array,
    },
    ROWS_AT_START,
  );
  private readonly families = new Map<string, FamilyEntry>();
  private readonly names: NameBook<FamilyEntry>;
  /** By context id: the family of a series that lives. */
  private readonly familyOf: (FamilyEntry | undefined)[] = [];
  private readonly owners = new Map<number, number>();
  private readonly hashes = new Map<number, number>();

  /** `onConflict` hears of each family that did not get its own name. */
  constructor(onConflict: (conflict: NameConflict<NamedFamily>) => void = () => {}) {
    this.names = new NameBook(NAME_RULES, onConflict);
  }

  /** When the last point of context `id` was, ms since 1970; 0 before there is one. */
  lastAt(id: number): number {
    return this.table.columns.lastAt[id] ?? 0;
  }

  setLastAt(id: number, at: number): void {
    this.table.columns.lastAt[id] = at;
  }

  stateOf(id: number): SeriesState {
    return (this.table.columns.state[id] ?? SERIES.none) as SeriesState;
  }

  /** Ids of all series that live. */
  ids(): number[] {
    const ids: number[] = [];
    this.table.columns.state.forEach((state, id) => {
      if (state === SERIES.lives) ids.push(id);
    });
    return ids;
  }

  /** The name of a series that lives: its own, unless another type has that. */
  nameOf(id: number): string {
    const family = this.familyOf[id];
    return (family && this.names.displayedOf(family)) ?? '';
  }

  /**
   * Makes context `id` a series. `labelsAs` makes its labels under a name, undefined when it is to be left out;
   * `labelsOf` those of another series.
   */
  admit(
    { id, type: kind, name: source }: Pick<Context, 'id' | 'type' | 'name'>,
    type: MetricType,
    own: string,
    labelsAs: (name: string) => readonly string[] | undefined,
    labelsOf: (id: number) => readonly string[] | undefined,
  ): SeriesState {
    this.table.reserve(id);
    const ownLabels = labelsAs(own);
    if (ownLabels === undefined) return this.set(id, SERIES.dropped);
    const family = this.familyNamed(own, type, kind, source);
    const name = this.names.displayedOf(family) as string;
    const labels = name === own ? ownLabels : labelsAs(name);
    const hash = labels && hashOf(labels);
    const owner = hash === undefined ? undefined : this.owners.get(hash);
    if (labels === undefined || (owner !== undefined && isSame(labels, labelsOf(owner)))) {
      this.endIfEmpty(family);
      return this.set(id, labels === undefined ? SERIES.dropped : SERIES.duplicate);
    }
    if (hash !== undefined && owner === undefined) {
      this.owners.set(hash, id);
      this.hashes.set(id, hash);
    }
    family.size++;
    while (this.familyOf.length <= id) this.familyOf.push(undefined);
    this.familyOf[id] = family;
    this.table.columns.lastAt[id] = 0;
    this.size++;
    return this.set(id, SERIES.lives);
  }

  /** The series of context `id` has ended. */
  release(id: number): void {
    const family = this.familyOf[id];
    if (family !== undefined) {
      family.size--;
      this.endIfEmpty(family);
      this.familyOf[id] = undefined;
      this.size--;
    }
    const hash = this.hashes.get(id);
    if (hash !== undefined) this.owners.delete(hash);
    this.hashes.delete(id);
    if (id < this.table.capacity) this.table.columns.state[id] = SERIES.none;
  }

  /** Gives back what a burst of contexts needed. */
  trim(): void {
    const end = this.table.trimUnused('state', this.size);
    if (end !== undefined && this.familyOf.length > end) this.familyOf.length = end;
  }

  private set(id: number, state: SeriesState): SeriesState {
    this.table.columns.state[id] = state;
    return state;
  }

  /** The family that asked for this name, which gets one when it is new. */
  private familyNamed(own: string, type: MetricType, kind: ContextType, source: ByteString): FamilyEntry {
    const key = `${type}:${own}`;
    const known = this.families.get(key);
    if (known !== undefined) return known;
    const family = { key, name: own, type, kind, source, size: 0 };
    this.families.set(key, family);
    this.names.join(family);
    this.names.settle();
    return family;
  }

  private endIfEmpty(family: FamilyEntry): void {
    if (family.size > 0) return;
    this.families.delete(family.key);
    this.names.leave(family);
  }
}

const PLAIN_SUFFIXES = [''] as const;
const SUMMARY_SUFFIXES = ['', '_sum', '_count'] as const;
const NAME_RULES: NameRules<FamilyEntry> = {
  orderOf: (family) => family,
  ownName: ({ name }) => name,
  suffixes: SUMMARY_SUFFIXES,
  suffixesOf: ({ type }) => (type === 'summary' ? SUMMARY_SUFFIXES : PLAIN_SUFFIXES),
  alternative: ({ name, kind }, attempt) => `${name}_${kind}${attempt === 1 ? '' : `_${attempt}`}`,
};

function isSame(a: readonly string[], b: readonly string[] | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((text, i) => text === b[i]);
}

/** 53 bits of two FNV hashes. */
function hashOf(labels: readonly string[]): number {
  let [a, b] = [0x811c9dc5, 0x1000193];
  for (const text of labels) {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 15);
    }
    a = Math.imul(a ^ 0x1ff, 0x01000193);
    b = Math.imul(b ^ 0x1ff, 0x85ebca6b);
  }
  return (a >>> 0) * 0x200000 + ((b >>> 0) & 0x1fffff);
}
