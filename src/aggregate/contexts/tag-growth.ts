/**
 * Which tag key of a metric has so many values: fed with the tags of its contexts, in any number and order.
 *
 *   env:prod, request_id:7f3a, request_id:90bc, beta
 *     ─▶ request_id  2 values, 7f3a …     env  1 value, prod     (no key)  1 value, beta
 *
 * Limits  KEYS_MAX keys, 512 bytes each and EXAMPLES_MAX examples; of further keys only their number is known. When
 *         there are more, the keys themselves are what grows, and are reported as one.
 */

import { type ByteString, detachText, toText } from '../../model/text.ts';
import type { TagKeyReport } from '../../model/views/cardinality-report.ts';
import { DistinctEstimate } from './distinct-estimate.ts';

const KEYS_MAX = 32;
const EXAMPLES_MAX = 5;
const EXAMPLE_BYTES_MAX = 64;
const NO_KEY = '(no key)';
const MANY_KEYS = '(tag keys)';

interface KeyGrowth {
  readonly values: DistinctEstimate;
  readonly examples: ByteString[];
}

export class TagGrowth {
  private readonly keys = new Map<ByteString, KeyGrowth>();
  private readonly allKeys = newGrowth();

  /** Adds the tags of one context; with `valueBytes` only those with longer values. */
  add(tags: readonly ByteString[], valueBytes = -1): void {
    for (const tag of tags) {
      const colon = tag.indexOf(':');
      const value = tag.slice(colon + 1);
      if (value.length <= valueBytes) continue;
      this.addTag(colon < 0 ? NO_KEY : tag.slice(0, colon), value);
    }
  }

  /** The `count` keys with the most values, the one with most first. */
  report(count: number): TagKeyReport[] {
    const rows = [...this.keys].map(([key, growth]) => rowOf(key, growth));
    if (this.keys.size === KEYS_MAX) rows.push(rowOf(MANY_KEYS, this.allKeys));
    return rows.sort((a, b) => b.distinct - a.distinct).slice(0, count);
  }

  private addTag(key: ByteString, value: ByteString): void {
    note(this.allKeys, key);
    let growth = this.keys.get(key);
    if (growth === undefined) {
      if (this.keys.size === KEYS_MAX) return;
      growth = newGrowth();
      this.keys.set(detachText(key), growth);
    }
    note(growth, value);
  }
}

function newGrowth(): KeyGrowth {
  return { values: new DistinctEstimate(), examples: [] };
}

function note({ values, examples }: KeyGrowth, text: ByteString): void {
  values.add(text);
  if (examples.length === EXAMPLES_MAX) return;
  const example = text.slice(0, EXAMPLE_BYTES_MAX);
  if (!examples.includes(example)) examples.push(detachText(example));
}

function rowOf(key: ByteString, { values, examples }: KeyGrowth): TagKeyReport {
  return { key: toText(key), distinct: values.value, examples: examples.map(toText) };
}
