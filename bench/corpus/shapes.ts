/**
 * The shapes of traffic the benchmark sends, as data; corpus.ts turns one into bytes.
 *
 * smp is what Datadog tests its own agents with; prod, plain and tiny are what applications send; shuf and
 * churn are smp made hard for a server that remembers lines.
 */
import type { ByType } from '../totals.ts';

export type Range = readonly [least: number, most: number];

export interface Shape {
  readonly contexts: number;
  readonly nameBytes: Range;
  readonly tags: Range;
  readonly tagBytes: Range;
  /** Share of a context's tags that no other context has; the others are drawn from those of contexts before. */
  readonly newTagShare: number;
  /** How many contexts have which type, as weights. */
  readonly types: ByType;
  /** Share of messages that carry several values, and how many. Never sets. */
  readonly packedShare: number;
  readonly packedValues: Range;
  /** Share of messages with a sample rate; gauges and sets never have one. */
  readonly rateShare: number;
  /** Share of messages with a container id. */
  readonly containerShare: number;
  /** Datagrams: filled to a random size, filled up, or one line in each. */
  readonly filling: 'random' | 'full' | 'one';
  /** Contexts at random, or each in its turn. */
  readonly order: 'random' | 'sequence';
  /** Tags in another order in every message, and some of them twice. */
  readonly shuffled: boolean;
  /** Share of messages that carry a tag value never seen before. */
  readonly churnShare: number;
}

/** Rates whose reciprocal is a whole number, so that expected sums are exact. */
export const RATES = [0.5, 0.25, 0.2, 0.125, 0.1, 0.0625, 0.05, 0.04, 0.02, 0.01] as const;
export const CONTAINER_IDS = 400;

const smp: Shape = {
  contexts: 3_000,
  nameBytes: [1, 200],
  tags: [2, 50],
  tagBytes: [3, 150],
  newTagShare: 1,
  types: { c: 58, g: 19, d: 20, s: 2.5, h: 0.3 },
  packedShare: 0.08,
  packedValues: [2, 32],
  rateShare: 0.5,
  containerShare: 0.5,
  filling: 'random',
  order: 'random',
  shuffled: false,
  churnShare: 0,
};

const prod: Shape = {
  ...smp,
  contexts: 2_000,
  nameBytes: [15, 45],
  tags: [3, 8],
  tagBytes: [8, 26],
  types: { c: 60, g: 18, d: 10, h: 10, s: 2 },
  packedShare: 0,
  rateShare: 0.1,
  containerShare: 0,
  filling: 'full',
};

const plain: Shape = { ...prod, contexts: 1_000, tags: [0, 0] };

/** Lines of exactly 28 bytes: 22 of name, `:`, three digits and `|c`. */
const tiny: Shape = {
  ...plain,
  nameBytes: [22, 22],
  types: { c: 1, g: 0, d: 0, h: 0, s: 0 },
  rateShare: 0,
  filling: 'one',
};

export const SHAPES = {
  smp,
  shuf: { ...smp, shuffled: true },
  churn: { ...smp, churnShare: 0.05 },
  prod,
  plain,
  tiny,
  /** prod without sets, which not every server has (peers.ts). */
  peers: { ...prod, types: { ...prod.types, s: 0 } },
  /** 50,000 contexts, each once, in datagrams as clients fill them, and one line in each. */
  burst: { ...prod, contexts: 50_000, order: 'sequence' },
  burst1: { ...prod, contexts: 50_000, order: 'sequence', filling: 'one' },
  /**
   * What a server has to remember when many workloads send to it. One tag in fifty is new: 52,000 distinct
   * tags of 3 to 150 bytes, 2 KB of text a context.
   */
  wide: {
    ...smp,
    contexts: 100_000,
    tags: [26, 26],
    newTagShare: 0.02,
    order: 'sequence',
    filling: 'full',
  },
  /** Five metrics whose every line has a tag value that no line had before (cardinality.ts). */
  flood: {
    ...prod,
    contexts: 5,
    types: { c: 60, g: 10, d: 15, h: 15, s: 0 },
    churnShare: 1,
  },
  /** One context, over and over (distinct.ts). */
  one: { ...prod, contexts: 1, types: { c: 1, g: 0, d: 0, h: 0, s: 0 }, packedShare: 0 },
  /** Many contexts of all types, each in its turn, and now and then one that never comes again (flush.ts). */
  flush: {
    ...prod,
    contexts: 100_000,
    types: { c: 40, g: 20, d: 15, h: 15, s: 10 },
    newTagShare: 0.05,
    order: 'sequence',
    churnShare: 0.02,
  },
} as const satisfies Record<string, Shape>;

export type ShapeName = keyof typeof SHAPES;
