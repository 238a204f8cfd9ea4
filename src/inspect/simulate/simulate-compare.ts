/**
 * Compares what a simulation emitted with what is wanted, by the rules of the aggregation vectors.
 *
 *   tags          as a set; of samples with a timestamp, the exact list
 *   points        sorted by time; equal ones may repeat
 *   values        within 1e-9, absolute or relative; counts, bins and timestamps exactly
 *   both lists    in any order, complete
 */
import type { EncodedNumber, Point, SimulatedSeries, SketchPoint } from './simulate-series.ts';

export interface Difference {
  readonly kind: 'missing' | 'unexpected' | 'different';
  /** Undefined when it is unexpected. */
  readonly want: SimulatedSeries | undefined;
  /** Undefined when it is missing. */
  readonly got: SimulatedSeries | undefined;
}

const TOLERANCE = 1e-9;

/** Returns the differences, those of a series beside each other; none when the two agree. */
export function compareSeries(
  got: readonly SimulatedSeries[],
  want: readonly SimulatedSeries[],
): Difference[] {
  const gotByIdentity = groupByIdentity(got);
  const wantByIdentity = groupByIdentity(want);
  const identities = new Set([...wantByIdentity.keys(), ...gotByIdentity.keys()]);
  return [...identities].flatMap((identity) =>
    compareGroups(gotByIdentity.get(identity) ?? [], wantByIdentity.get(identity) ?? []),
  );
}

/** Pairs series of one identity: equal ones first, then the rest in order. */
function compareGroups(got: readonly SimulatedSeries[], want: readonly SimulatedSeries[]): Difference[] {
  const left = [...got];
  const unmatched = want.filter((series) => {
    const index = left.findIndex((other) => hasEqualData(other, series));
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
  const pairs = Array.from({ length: Math.max(left.length, unmatched.length) }, (_, i) => i);
  return pairs.map((i): Difference => {
    const [mine, theirs] = [left[i], unmatched[i]];
    const kind = mine === undefined ? 'missing' : theirs === undefined ? 'unexpected' : 'different';
    return { kind, want: theirs, got: mine };
  });
}

function groupByIdentity(list: readonly SimulatedSeries[]): Map<string, SimulatedSeries[]> {
  const groups = new Map<string, SimulatedSeries[]>();
  for (const series of list) {
    const identity = identityOf(series);
    const group = groups.get(identity);
    if (group === undefined) groups.set(identity, [series]);
    else group.push(series);
  }
  return groups;
}

function identityOf(series: SimulatedSeries): string {
  const { flush, via, name, name_b64, type, tags, tags_b64, host, host_b64, interval } = series;
  const exactTags = tags_b64 ?? tags;
  const ordered = via === undefined ? [...exactTags].sort() : exactTags;
  return JSON.stringify([flush, via, name_b64 ?? name, type, ordered, host_b64 ?? host, interval]);
}

function hasEqualData(a: SimulatedSeries, b: SimulatedSeries): boolean {
  return (
    areEqual(byTime(a.points ?? [], timeOf), byTime(b.points ?? [], timeOf), arePointsEqual) &&
    areEqual(byTime(a.sketches ?? [], timeOfSketch), byTime(b.sketches ?? [], timeOfSketch), areSketchesEqual)
  );
}

function arePointsEqual(a: Point, b: Point): boolean {
  return a[0] === b[0] && isClose(a[1], b[1]);
}

function areSketchesEqual(a: SketchPoint, b: SketchPoint): boolean {
  const isExact =
    a.ts === b.ts && a.cnt === b.cnt && areEqual(a.k, b.k, Object.is) && areEqual(a.n, b.n, Object.is);
  return isExact && (['min', 'max', 'sum', 'avg'] as const).every((field) => isClose(a[field], b[field]));
}

function areEqual<T>(a: readonly T[], b: readonly T[], isEqual: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((item, i) => isEqual(item, b[i] as T));
}

function byTime<T>(list: readonly T[], time: (item: T) => number): T[] {
  return [...list].sort((a, b) => time(a) - time(b));
}

function timeOf(point: Point): number {
  return point[0];
}

function timeOfSketch(sketch: SketchPoint): number {
  return sketch.ts;
}

/** -0 is 0, and what is not finite is close to itself only. */
function isClose(a: EncodedNumber, b: EncodedNumber): boolean {
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isFinite(x) || !Number.isFinite(y)) return Object.is(x, y);
  const distance = Math.abs(x - y);
  return distance <= TOLERANCE || distance <= TOLERANCE * Math.max(Math.abs(x), Math.abs(y));
}
