/**
 * Hot path. A distribution's first samples in a bucket: their sketch keys as they came, before there are enough of them
 * for bins (bin-pages.ts).
 *
 *   chunk   │ next u32 │ size | kind u32 │ … │ key i16 │ key i16 │ …      64 bytes with 24 keys, then 128 with 56
 *
 * Only samples of weight 1 are kept like this. The first one of another weight, or one that would need a third chunk,
 * makes the list bins: all of it, or when there is no room nothing.
 *
 * Why     most contexts get a handful of samples in a bucket. A key takes 2 bytes and is written where the last one was,
 *         instead of being looked for in a table of tens of megabytes: 205 to 87 ns a line.
 */
import {
  AT_PAGES,
  CHUNK_HEAD,
  CHUNK_META,
  CHUNK_KEYS,
  CHUNK_SIZE_MASK,
} from '../../model/core-border';
import { Arena, give, take } from './arena';
import { addBin, beginBins, NO_LIST } from './bin-pages';
import { Cell } from './cell';
import { sketchKey } from './sketch-key';

const SMALLEST: u32 = 64;
const LARGEST: u32 = 128;

/** Adds one observation of a distribution, by its sketch key, that counts `weight` times; false when there is no room. */
export function addSketchKey(arena: Arena, cell: Cell, key: i32, weight: f64): bool {
  let at = <usize>cell.at;
  if (at == AT_PAGES) return addBin(arena, cell, key, weight);
  const list = cell.list;
  if (weight != 1) return makeBins(arena, cell, at) && addBin(arena, cell, key, weight);
  if (list == 0 || at == list + sizeOf(list)) {
    const size = list == 0 ? SMALLEST : sizeOf(list) * 2;
    if (size > LARGEST) return makeBins(arena, cell, at) && addBin(arena, cell, key, weight);
    const chunk = take(arena, size);
    if (chunk == 0) return false;
    // The newest knows the oldest: chunks are read in the order they came in.
    store<usize>(chunk, list == 0 ? chunk : load<usize>(list));
    if (list != 0) store<usize>(list, chunk);
    store<u32>(chunk, size | CHUNK_KEYS, CHUNK_META);
    cell.list = chunk;
    at = chunk + CHUNK_HEAD;
  }
  store<i16>(at, <i16>key);
  cell.at = <u32>(at + sizeof<i16>());
  return true;
}

/** Makes the list, whose last key is before `end`, bins. An empty one is as good as bins. */
function makeBins(arena: Arena, cell: Cell, end: usize): bool {
  if (cell.list == 0) return true;
  const list = beginBins(arena, cell, sketchKey(cell.min), sketchKey(cell.max), LARGEST, false);
  if (list == NO_LIST) return false;
  let chunk = load<usize>(list);
  while (true) {
    const stop = chunk == list ? end : chunk + sizeOf(chunk);
    for (let at = chunk + CHUNK_HEAD; at < stop; at += sizeof<i16>()) addBin(arena, cell, <i32>load<i16>(at), 1);
    const next = load<usize>(chunk);
    give(arena, chunk, sizeOf(chunk));
    if (chunk == list) return true;
    chunk = next;
  }
}

// @ts-ignore: decorator
@inline
function sizeOf(chunk: usize): u32 {
  return load<u32>(chunk, CHUNK_META) & CHUNK_SIZE_MASK;
}
