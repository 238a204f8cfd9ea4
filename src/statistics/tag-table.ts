/**
 * Distinct values by metric and tag key: which key makes a metric grow.
 *
 *   checkout.latency ─▶ path 212 │ status 9 │ (no key) 1          values seen since the metric is known
 *
 * Fed with the tags of each context once, when it is new; contexts beyond a limit are fed as far as threads report them.
 *
 *   known   env:prod  team:web  user:1     tags of an earlier context
 *   new     env:prod  team:web  user:2     only the last is looked up
 *
 * Contexts of a metric have most tags in common, and to look up 26 takes 5 µs, so those are passed over that stand at the
 * same place in an earlier context.
 *
 * Limits  LIMITS.pairs of metric and key, LIMITS.keys a metric: further ones are counted as left out. Exact to 64 values
 *         (512 bytes); beyond that LIMITS.sketches pairs have a HyperLogLog of 1 KiB (±3.25 %), the rest say 64.
 *         A metric with keys holds the tags of one earlier context, 8 bytes each, while new contexts come.
 */
import { type ByteString, detachText, toText } from '../model/text.ts';
import { DistinctCounter, type HashSeed } from './distinct-counter.ts';

const LIMITS = { pairs: 8192, sketches: 1024, keys: 32 };
const EXAMPLES_MAX = 5;
const EXAMPLE_BYTES_MAX = 64;
const NO_KEY = '(no key)';
/** Equal to no tag: it is no byte string. */
const NO_TAG = '\u0100';

interface TagKey {
  readonly values: DistinctCounter;
  examples: readonly ByteString[];
}

/** The tag keys of one metric. */
export class TagKeys {
  readonly byKey = new Map<ByteString, TagKey>();
  /** Tags of an earlier context, NO_TAG for those there was no room for: to add one of them again changes nothing. */
  earlier: ByteString[] = [];
  /** Whether tags were added since the last rest(). */
  isFed = false;
}

/** Those of a metric that none is known of: the same for all, to which nothing is added. */
export const NO_KEYS = new TagKeys();

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
  private readonly limits: typeof LIMITS;

  /** `limits` are for tests. */
  constructor(seed: HashSeed, limits = LIMITS) {
    this.seed = seed;
    this.limits = limits;
  }

  /**
   * Adds the tags of one context to the keys of its metric; returns these, others when `keys` was NO_KEYS. `isKnown` says that
   * the context is one of those the server has: nobody else keeps the tags of the others, so they are not kept here either.
   */
  add(keys: TagKeys, tags: readonly ByteString[], isKnown = true): TagKeys {
    if (keys === NO_KEYS && (this.pairs >= this.limits.pairs || tags.length === 0)) {
      this.leftOut += tags.length;
      return keys;
    }
    const own = keys === NO_KEYS ? new TagKeys() : keys;
    const { byKey, earlier } = own;
    own.isFed = true;
    let passedOver = 0;
    let refused: number[] | undefined;
    for (let i = 0; i < tags.length; i++) {
      const tag = tags[i] as ByteString;
      if (i < earlier.length && tag === earlier[i]) passedOver++;
      else if (!this.addTag(byKey, tag)) {
        if (refused === undefined) refused = [i];
        else refused.push(i);
      }
    }
    // One that most tags are in stays: a list for each context would outlive collections of the young generation.
    if (isKnown && (passedOver + (refused?.length ?? 0)) * 2 < tags.length) {
      own.earlier = tags.slice();
      for (const at of refused ?? []) own.earlier[at] = NO_TAG;
    }
    return own;
  }

  /** Lets go of what only makes add() faster, if nothing was added since the last time. */
  rest(keys: TagKeys): void {
    if (!keys.isFed) keys.earlier.length = 0;
    keys.isFed = false;
  }

  /** Gives up what is known of a metric. */
  drop(keys: TagKeys): void {
    const { byKey } = keys;
    keys.earlier.length = 0;
    this.pairs -= byKey.size;
    for (const { values } of byKey.values()) if (!values.isExact) this.sketches--;
    byKey.clear();
  }

  /** False when there is no room for the key, or for the value. */
  private addTag(byKey: Map<ByteString, TagKey>, tag: ByteString): boolean {
    const colon = tag.indexOf(':');
    const key = colon < 0 ? NO_KEY : tag.slice(0, colon);
    const known = byKey.get(key);
    if (known !== undefined) return this.addValue(known, tag.slice(colon + 1));
    if (!this.takePair(byKey)) return false;
    const added = { values: new DistinctCounter(this.seed), examples: [] };
    byKey.set(detachText(key), added);
    return this.addValue(added, tag.slice(colon + 1));
  }

  /** Whether there is room for one more key of a metric; it is taken then. */
  private takePair(byKey: ReadonlyMap<ByteString, TagKey>): boolean {
    if (this.pairs >= this.limits.pairs || byKey.size >= this.limits.keys) {
      this.leftOut++;
      return false;
    }
    this.pairs++;
    return true;
  }

  private addValue(key: TagKey, value: ByteString): boolean {
    const { values, examples } = key;
    const isExact = values.isExact;
    if (values.isFull && this.sketches >= this.limits.sketches) return false;
    // Asking a sketch for its value takes 5 µs, so a sketch is not asked for each value there is.
    const before = examples.length < EXAMPLES_MAX ? values.value : Number.POSITIVE_INFINITY;
    values.add(value);
    if (isExact && !values.isExact) this.sketches++;
    if (examples.length < EXAMPLES_MAX && values.value > before)
      key.examples = [...examples, detachText(value.slice(0, EXAMPLE_BYTES_MAX))];
    return true;
  }
}

/** The key with the most values; undefined for a metric without tags. */
export function largestKey({ byKey }: TagKeys): LargestKey | undefined {
  let largest: LargestKey | undefined;
  for (const [key, { values }] of byKey) {
    const distinct = values.value;
    if (largest === undefined || distinct > largest.distinct)
      largest = { key: toText(key), distinct, error: values.error };
  }
  return largest;
}
