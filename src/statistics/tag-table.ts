/**
 * Distinct values by metric and tag key: which key makes a metric grow.
 *
 *   checkout.latency ─▶ path 212 │ status 9 │ (no key) 1          values seen since the metric is known
 *
 * Fed with the tags of each context once, when it is new; contexts beyond a limit are fed as far as threads report them.
 *
 * Limits  PAIRS_MAX pairs of metric and key, KEYS_MAX keys a metric: further ones are counted as left out. Exact to 64
 *         values (512 bytes); beyond that SKETCHES_MAX pairs have a HyperLogLog of 1 KiB (±3.25 %), the rest say 64.
 */
import { type ByteString, detachText, toText } from '../model/text.ts';
import { DistinctCounter, type HashSeed } from './distinct-counter.ts';

const PAIRS_MAX = 8192;
const SKETCHES_MAX = 1024;
const KEYS_MAX = 32;
const EXAMPLES_MAX = 5;
const EXAMPLE_BYTES_MAX = 64;
const NO_KEY = '(no key)';

interface TagKey {
  readonly values: DistinctCounter;
  examples: readonly ByteString[];
}

/** The tag keys of one metric. */
export type TagKeys = Map<ByteString, TagKey>;

/** Those of a metric that none is known of: one map for all, to which nothing is added. */
export const NO_KEYS: TagKeys = new Map();

export interface LargestKey {
  readonly key: string;
  readonly distinct: number;
  readonly error: number;
}

export class TagTable {
  /** Pairs there was no room for. */
  leftOut = 0;
  private pairs = 0;
  private sketches = 0;
  private readonly seed: HashSeed;

  constructor(seed: HashSeed) {
    this.seed = seed;
  }

  /** Adds the tags of one context to the keys of its metric; returns these, another map when `keys` was NO_KEYS. */
  add(keys: TagKeys, tags: readonly ByteString[]): TagKeys {
    let own = keys;
    for (const tag of tags) {
      const colon = tag.indexOf(':');
      const key = colon < 0 ? NO_KEY : tag.slice(0, colon);
      let known = own.get(key);
      if (known === undefined && this.takePair(own)) {
        if (own === NO_KEYS) own = new Map();
        known = { values: new DistinctCounter(this.seed), examples: [] };
        own.set(detachText(key), known);
      }
      if (known !== undefined) this.addValue(known, tag.slice(colon + 1));
    }
    return own;
  }

  /** Gives up what is known of a metric. */
  drop(keys: TagKeys): void {
    this.pairs -= keys.size;
    for (const { values } of keys.values()) if (!values.isExact) this.sketches--;
    keys.clear();
  }

  /** Whether there is room for one more key of a metric; it is taken then. */
  private takePair(keys: TagKeys): boolean {
    if (this.pairs >= PAIRS_MAX || keys.size >= KEYS_MAX) {
      this.leftOut++;
      return false;
    }
    this.pairs++;
    return true;
  }

  private addValue(key: TagKey, value: ByteString): void {
    const { values, examples } = key;
    const isExact = values.isExact;
    if (values.isFull && this.sketches >= SKETCHES_MAX) return;
    // Asking a sketch for its value takes 5 µs, so a sketch is not asked for each value there is.
    const before = examples.length < EXAMPLES_MAX ? values.value : Number.POSITIVE_INFINITY;
    values.add(value);
    if (isExact && !values.isExact) this.sketches++;
    if (examples.length < EXAMPLES_MAX && values.value > before)
      key.examples = [...examples, detachText(value.slice(0, EXAMPLE_BYTES_MAX))];
  }
}

/** The key with the most values; undefined for a metric without tags. */
export function largestKey(keys: TagKeys): LargestKey | undefined {
  let largest: LargestKey | undefined;
  for (const [key, { values }] of keys) {
    const distinct = values.value;
    if (largest === undefined || distinct > largest.distinct)
      largest = { key: toText(key), distinct, error: values.error };
  }
  return largest;
}
