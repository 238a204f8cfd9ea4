/**
 * Hot path. Which lines were there before, by part of their hash: most lines that are seen once never come again, and
 * need no place in a table.
 */
import { takeRegion } from './memory';

/** Lines that were found free of tag order, by part of their hash: cached as written at second sight. */
const SIGHTS: u32 = 4096;
/** Lines beyond a limit, the same: as many as a flood brings in some seconds. */
const SPARING_SIGHTS: u32 = 65536;

let sights: usize = 0;
let sparingSights: usize = 0;

export function initSights(): void {
  sights = takeRegion(SIGHTS * sizeof<u32>());
  sparingSights = takeRegion(SPARING_SIGHTS * sizeof<u32>());
}

/** Whether a line with this hash was here lately; notes that it is. */
export function secondSight(hash: u64): bool {
  return noteSight(sights + (<usize>((hash >> 20) & (SIGHTS - 1))) * sizeof<u32>(), hash);
}

/** The same for lines that are cached sparingly, which come by the million. */
export function isSecondSparing(hash: u64): bool {
  return noteSight(sparingSights + (<usize>((hash >> 16) & (SPARING_SIGHTS - 1))) * sizeof<u32>(), hash);
}

// @ts-ignore: decorator
@inline
function noteSight(at: usize, hash: u64): bool {
  const part = <u32>(hash >> 32);
  if (load<u32>(at) == part) return true;
  store<u32>(at, part);
  return false;
}
