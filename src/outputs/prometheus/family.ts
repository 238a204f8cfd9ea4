/**
 * A family: the series that share a name and a type, what one `# TYPE` line speaks for.
 *
 * A family keeps the ids of its members in page order, so that a scrape sorts only families whose
 * members changed since the last one. The array is never changed in place: a page being rendered keeps
 * the one it started with.
 */
import { assert } from '../../lib/assert.ts';
import { CONTEXT_TYPES, type Context, type ContextType } from '../../model/context.ts';
import type { ByteString } from '../../model/text.ts';
import { type DistributionForm, type Exposure, exposedName } from './exposure.ts';
import { escapeName } from './labels.ts';
import type { ExpositionFormat } from './negotiate.ts';
import type { Problems } from './problems.ts';

/** In order of precedence when several want one name. */
export const FAMILY_KINDS = [...CONTEXT_TYPES, 'check'] as const;
export type FamilyKind = ContextType | 'check';
export type PrometheusType = 'counter' | 'gauge' | 'summary' | 'histogram';

/** What naming needs to know; also implemented by the service checks. */
export interface NamedFamily {
  /** Escaped. */
  readonly name: string;
  readonly kind: FamilyKind;
  /** The name as sent; the smallest when several became one. */
  readonly source: ByteString;
  /** True once a conflict over the name was counted. */
  conflictCounted: boolean;
}

/** A family on the page. */
export interface ExposedFamily extends NamedFamily {
  typeIn(format: ExpositionFormat): PrometheusType;
}

export class Family implements ExposedFamily {
  readonly name: string;
  readonly kind: ContextType;
  /** What its histograms or distributions become. */
  readonly form: DistributionForm;
  /** Whether members have classic buckets. */
  readonly isClassic: boolean;
  /** The family's number in the series table, from 1; reused. */
  readonly number: number;
  source: ByteString;
  conflictCounted = false;
  /** Live members. */
  size = 0;
  /** Undefined when a member joined or left since it was collected. */
  members: Uint32Array | undefined;
  /** Whether `members` is in page order. */
  sorted = false;
  /** Another family of the same name (Families). */
  next: Family | undefined;

  constructor(
    name: string,
    kind: ContextType,
    { form, buckets }: Pick<Exposure, 'form' | 'buckets'>,
    number: number,
    source: ByteString,
  ) {
    this.name = name;
    this.kind = kind;
    this.form = form;
    this.isClassic = buckets !== undefined;
    this.number = number;
    this.source = source;
  }

  /** Native histograms exist in the protobuf format alone; others get classic buckets, or a summary. */
  typeIn(format: ExpositionFormat): PrometheusType {
    if (this.kind === 'counter') return 'counter';
    if (this.kind === 'gauge' || this.kind === 'set') return 'gauge';
    return this.isClassic || (this.form === 'native' && format === 'protobuf') ? 'histogram' : 'summary';
  }
}

/** Who is told of families that appear and vanish. */
export interface FamilyRoll<F extends NamedFamily> {
  join(family: F): void;
  leave(family: F): void;
}

/** All families that have members. */
export class Families {
  private readonly roll: FamilyRoll<Family>;
  /** The first of each name; the others follow it. */
  private readonly byName = new Map<string, Family>();
  private readonly byNumber: (Family | undefined)[] = [undefined];
  private readonly freeNumbers: number[] = [];

  constructor(roll: FamilyRoll<Family>) {
    this.roll = roll;
  }

  /** Counts `context` as a member of its family, which is created when missing. */
  join(context: Context, exposure: Exposure, problems: Set<Parameters<Problems['adjust']>[0]>): Family {
    const name = exposedName(
      escapeName(context.name, (problem) => problems.add(problem)),
      exposure,
    );
    const family = this.find(name, context.type, exposure) ?? this.add(name, context, exposure);
    if (context.name < family.source) family.source = context.name;
    family.size++;
    family.members = undefined;
    return family;
  }

  /** Takes one member out of a family; an empty family is forgotten. */
  leave(number: number): void {
    const family = this.byNumber[number];
    if (family === undefined) return;
    family.members = undefined;
    if (--family.size > 0) return;
    this.unlink(family);
    this.byNumber[number] = undefined;
    this.roll.leave(family);
    this.freeNumbers.push(number);
  }

  /** Gives each family whose members changed a new, unsorted list of them. */
  collectMembers(familyOf: Uint32Array): void {
    const filled = new Map<number, number>();
    for (const family of this.byNumber) {
      if (family === undefined || family.members !== undefined) continue;
      family.members = new Uint32Array(family.size);
      family.sorted = false;
      filled.set(family.number, 0);
    }
    if (filled.size === 0) return;
    for (let id = 0; id < familyOf.length; id++) {
      const number = familyOf[id] as number;
      const at = number === 0 ? undefined : filled.get(number);
      if (at === undefined) continue;
      const members = this.byNumber[number]?.members;
      assert(members !== undefined, 'a series belongs to a family that has room for it');
      members[at] = id;
      filled.set(number, at + 1);
    }
  }

  private find(name: string, type: ContextType, { form, buckets }: Exposure): Family | undefined {
    let family = this.byName.get(name);
    while (
      family !== undefined &&
      (family.kind !== type || family.form !== form || family.isClassic !== (buckets !== undefined))
    )
      family = family.next;
    return family;
  }

  private add(name: string, context: Context, exposure: Exposure): Family {
    const number = this.freeNumbers.pop() ?? this.byNumber.length;
    const family = new Family(name, context.type, exposure, number, context.name);
    family.next = this.byName.get(name);
    this.byName.set(name, family);
    this.byNumber[number] = family;
    this.roll.join(family);
    return family;
  }

  private unlink(family: Family): void {
    const { name, next } = family;
    let before = this.byName.get(name);
    if (before === family) {
      if (next === undefined) this.byName.delete(name);
      else this.byName.set(name, next);
      return;
    }
    while (before !== undefined && before.next !== family) before = before.next;
    assert(before !== undefined, 'a family that goes is listed under its name');
    before.next = next;
  }
}
