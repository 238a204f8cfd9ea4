/**
 * Tags as keys with values, for receivers that want each key once.
 *
 *   env:prod          env = "prod"              split at the first colon
 *   beta              beta = ""
 *   team:b, team:a    team = "a,b"              the values of a repeated key, sorted and joined
 *   :x                left out: a key has to have a name
 */
import type { ByteString } from '../model/text.ts';

export interface TagPair {
  readonly key: ByteString;
  readonly value: ByteString;
}

const LOOKED_THROUGH_MAX = 32;

/** The pairs in the order in which keys first appear; the list is the caller's. */
export function tagPairs(tags: readonly ByteString[]): TagPair[] {
  const pairs: TagPair[] = [];
  let hasTwice = false;
  for (const tag of tags) {
    const colon = tag.indexOf(':');
    const key = colon < 0 ? tag : tag.slice(0, colon);
    if (key === '') continue;
    hasTwice ||= hasKey(pairs, key);
    pairs.push({ key, value: colon < 0 ? '' : tag.slice(colon + 1) });
    // Looking through a long list for each of its tags would take long.
    hasTwice ||= pairs.length > LOOKED_THROUGH_MAX;
  }
  return hasTwice ? joined(pairs) : pairs;
}

export function hasKey(pairs: readonly TagPair[], wanted: ByteString): boolean {
  for (const { key } of pairs) if (key === wanted) return true;
  return false;
}

function joined(pairs: readonly TagPair[]): TagPair[] {
  const values = new Map<ByteString, Set<ByteString>>();
  for (const { key, value } of pairs) {
    const known = values.get(key);
    if (known === undefined) values.set(key, new Set([value]));
    else known.add(value);
  }
  return [...values].map(([key, of]) => ({ key, value: [...of].sort().join(',') }));
}
