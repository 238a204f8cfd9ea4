/**
 * What a corpus adds up to: what a server that loses nothing reports in the end.
 *
 * Every figure is exact in doubles: counters carry whole numbers and the rates are chosen so that 1/rate is
 * whole (shapes.ts).
 */
export const WIRE_TYPES = ['c', 'g', 'h', 'd', 's'] as const;
export type WireType = (typeof WIRE_TYPES)[number];
export type ByType = Record<WireType, number>;

export interface Totals {
  packets: number;
  bytes: number;
  lines: number;
  samples: number;
  /** Sum of value/rate over counters. */
  counterSum: number;
  /** Sum of trunc(1/rate) over the values of histograms and of distributions. */
  histogramWeight: number;
  distributionWeight: number;
  /** Distinct contexts by type that come again in every pass. */
  contexts: ByType;
  /** Contexts by type that are new in every pass. */
  fresh: ByType;
}

export function noTotals(): Totals {
  return {
    packets: 0,
    bytes: 0,
    lines: 0,
    samples: 0,
    counterSum: 0,
    histogramWeight: 0,
    distributionWeight: 0,
    contexts: byType(() => 0),
    fresh: byType(() => 0),
  };
}

/** `passes` times the whole corpus and then a part of it. */
export function sumTotals(whole: Totals, passes: number, part: Totals): Totals {
  const sum = (of: (totals: Totals) => number): number => of(whole) * passes + of(part);
  return {
    packets: sum((t) => t.packets),
    bytes: sum((t) => t.bytes),
    lines: sum((t) => t.lines),
    samples: sum((t) => t.samples),
    counterSum: sum((t) => t.counterSum),
    histogramWeight: sum((t) => t.histogramWeight),
    distributionWeight: sum((t) => t.distributionWeight),
    contexts: passes > 0 ? whole.contexts : part.contexts,
    fresh: byType((type) => sum((t) => t.fresh[type])),
  };
}

/** What two orders to one sender add up to. Both begin with the first packet, so one's contexts are among the other's. */
export function addTotals(a: Totals, b: Totals): Totals {
  const both = sumTotals(a, 1, b);
  return { ...both, contexts: byType((type) => Math.max(a.contexts[type], b.contexts[type])) };
}

export function copyTotals(totals: Totals): Totals {
  return { ...totals, contexts: { ...totals.contexts }, fresh: { ...totals.fresh } };
}

export function byType(value: (type: WireType) => number): ByType {
  return { c: value('c'), g: value('g'), h: value('h'), d: value('d'), s: value('s') };
}
