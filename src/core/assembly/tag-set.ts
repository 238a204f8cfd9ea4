/**
 * Hot path. A hash of a list of tags that does not depend on their order and counts duplicates once.
 *
 * Every tag is hashed on its own with the same key; the sum of the mixed hashes of distinct tags is the
 * hash of the set. Which tags were there already is noted in a small table whose entries belong to a
 * list by their stamp, so that it is never cleared.
 *
 *   seen tag, 24 bytes   │ hashA u64 │ hashB u64 │ stamp u32 │ (spare) │
 *
 * Limits  HASHED_TAGS_MAX tags a line; lines with more are not answered free of order.
 */
import { HASHED_TAGS_MAX } from '../../model/core-border';
import { hashA, hashB, hashUntil, mix } from './hash';
import { takeRegion } from './memory';

const TAGS_MAX: u32 = <u32>HASHED_TAGS_MAX;
const SEEN_CAPACITY: u32 = 256;
const SEEN_BYTES: usize = 24;

let seen: usize = 0;
let stamp: u32 = 0;

/** Sums over the distinct tags of the last hashTagSet(). */
export let sumA: u64 = 0;
export let sumB: u64 = 0;
/** How many distinct tags. */
export let distinct: u32 = 0;
/** How many tags had been there before. */
export let seenAgain: u32 = 0;

export function initTagSets(): void {
  seen = takeRegion(<usize>SEEN_CAPACITY * SEEN_BYTES);
}

/** Hashes the tags in [start, stop), separated by `separator`; false when there are too many. */
export function hashTagSet(start: usize, stop: usize, separator: u8): bool {
  sumA = 0;
  sumB = 0;
  distinct = 0;
  seenAgain = 0;
  if (++stamp == 0) forgetSeen();
  while (true) {
    const tagStop = hashUntil(separator, start, stop, 1);
    const a = mix(hashA);
    const b = mix(hashB);
    if (noteTag(a, b)) {
      sumA += a;
      sumB += b;
      if (++distinct > TAGS_MAX) return false;
    } else {
      seenAgain++;
    }
    if (tagStop >= stop) return true;
    start = tagStop + 1;
  }
}

/**
 * Moves the tags in [start, stop) together so that each is there once, at its first place; where they end. They are those
 * of a set that hashTagSet() could hash.
 */
export function keepFirsts(start: usize, stop: usize, separator: u8): usize {
  if (++stamp == 0) forgetSeen();
  let end = start;
  let isFirst = true;
  while (true) {
    const tagStop = hashUntil(separator, start, stop, 1);
    if (noteTag(mix(hashA), mix(hashB))) {
      if (!isFirst) store<u8>(end++, separator);
      isFirst = false;
      memory.copy(end, start, tagStop - start);
      end += tagStop - start;
    }
    if (tagStop >= stop) return end;
    start = tagStop + 1;
  }
}

/** After 2^32 lists the stamps begin again: no entry may bear one of the last round. */
function forgetSeen(): void {
  memory.fill(seen, 0, <usize>SEEN_CAPACITY * SEEN_BYTES);
  stamp = 1;
}

/** True the first time a tag of this list is seen. */
// @ts-ignore: decorator
@inline
function noteTag(a: u64, b: u64): bool {
  let index = <u32>(a >> 40) & (SEEN_CAPACITY - 1);
  while (true) {
    const at = seen + (<usize>index) * SEEN_BYTES;
    if (load<u32>(at, 16) != stamp) {
      store<u64>(at, a);
      store<u64>(at, b, 8);
      store<u32>(at, stamp, 16);
      return true;
    }
    if (load<u64>(at) == a && load<u64>(at, 8) == b) return false;
    index = (index + 1) & (SEEN_CAPACITY - 1);
  }
}
