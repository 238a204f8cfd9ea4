/**
 * Buckets as OTLP writes them: the lowest index and then every count up to the highest, zeros too. OTLP numbers buckets
 * by their lower end, Prometheus by their upper end, so the index is one less.
 */
import type { Buckets, ExponentialHistogram } from './exponential-histogram.ts';

export interface DenseBuckets {
  /** OTLP index of the first count. */
  readonly offset: number;
  readonly counts: readonly number[];
}

export function toDense({ indexes, counts }: Buckets): DenseBuckets {
  const first = indexes[0];
  if (first === undefined) return { offset: 0, counts: [] };
  const dense = new Array<number>((indexes.at(-1) as number) - first + 1).fill(0);
  indexes.forEach((index, at) => {
    dense[index - first] = counts[at] as number;
  });
  return { offset: first - 1, counts: dense };
}

/** Counts of the longer side, zeros included: OTLP receivers limit each side. */
export function denseBuckets({ positive, negative }: ExponentialHistogram): number {
  return Math.max(lengthOf(positive), lengthOf(negative));
}

function lengthOf({ indexes }: Buckets): number {
  return indexes.length === 0 ? 0 : (indexes.at(-1) as number) - (indexes[0] as number) + 1;
}
