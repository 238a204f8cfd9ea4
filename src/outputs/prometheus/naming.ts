/**
 * Which family is shown under which name.
 *
 * Each family asks for its escaped name. Names can collide: `a.b` and `a_b` of different types, a gauge
 * `x.count` beside a summary `x`, a counter `orders` beside `orders.created` in OpenMetrics. A family whose
 * name is not free is shown with its type appended (`x_count_gauge`), so nothing is lost. The outcome
 * depends on which families there are, never on the order they came in:
 *
 *   1. the server's own metrics have their names
 *   2. families in order of name, then of type as in FAMILY_KINDS, take their own name if it is free
 *   3. the rest, in the same order, take the first free alternative
 */
import { FAMILY_KINDS, type NamedFamily, type PrometheusType, prometheusType } from './family.ts';
import type { ExpositionFormat } from './negotiate.ts';
import type { Problems } from './problems.ts';
import { alternativeName, claimedNames, displayName } from './syntax.ts';

export interface DisplayedFamily<F extends NamedFamily> {
  readonly family: F;
  readonly displayed: string;
}

/** Gives every family a name of its own and returns them in page order. `taken` gains the names used. */
export function nameFamilies<F extends NamedFamily>(
  format: ExpositionFormat,
  families: Iterable<F>,
  taken: Set<string>,
  problems: Problems,
): DisplayedFamily<F>[] {
  const ordered = [...families].sort(byNameThenKind);
  const named: DisplayedFamily<F>[] = [];
  const waiting: F[] = [];
  for (const family of ordered) {
    const type = prometheusType(family.kind);
    const displayed = displayName(format, type, family.name);
    if (claim(format, type, displayed, taken)) named.push({ family, displayed });
    else waiting.push(family);
  }
  if (waiting.length > 0) countConflicts(ordered, waiting, problems);
  for (const family of waiting) named.push({ family, displayed: claimAlternative(format, family, taken) });
  return named.sort((a, b) => (a.displayed < b.displayed ? -1 : 1));
}

/** Claims the names of a family displayed as `displayed` if all are free. */
export function claim(
  format: ExpositionFormat,
  type: PrometheusType,
  displayed: string,
  taken: Set<string>,
): boolean {
  const names = claimedNames(format, type, displayed);
  if (names.some((name) => taken.has(name))) return false;
  for (const name of names) taken.add(name);
  return true;
}

function claimAlternative(format: ExpositionFormat, family: NamedFamily, taken: Set<string>): string {
  const type = prometheusType(family.kind);
  for (let attempt = 1; ; attempt++) {
    const displayed = alternativeName(format, family.kind, family.name, attempt);
    if (claim(format, type, displayed, taken)) return displayed;
  }
}

function countConflicts(
  all: readonly NamedFamily[],
  waiting: readonly NamedFamily[],
  problems: Problems,
): void {
  const sharing = new Map<string, number>();
  for (const family of all) sharing.set(family.name, (sharing.get(family.name) ?? 0) + 1);
  for (const family of waiting) {
    if (family.conflictCounted) continue;
    family.conflictCounted = true;
    problems.adjust((sharing.get(family.name) ?? 0) > 1 ? 'type_conflict' : 'name_clash');
  }
}

function byNameThenKind(a: NamedFamily, b: NamedFamily): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return FAMILY_KINDS.indexOf(a.kind) - FAMILY_KINDS.indexOf(b.kind);
}
