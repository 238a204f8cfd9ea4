/**
 * Hot path. Bins of one cell: weights by sketch key, in pages of 16 neighbouring keys behind a directory.
 *
 *   directory   │ first page u32 │ size | kind u32 │ pages u32 │ (spare) │ page address u32, 0 for none … │
 *   page        │ weight │ weight │ …      16 of them: u32 (CHUNK_PAGES), or f64 (CHUNK_WIDE_PAGES)
 *
 * Weights are 32-bit whole numbers until one does not fit: a fraction (`weights: exact`) or a sum of 2^32. Then all
 * pages of the cell become wide ones. Pages never move otherwise; a directory that is too short is replaced by a longer
 * one, with entries to spare on both sides.
 *
 * Room    a bin that finds none is not added, and whatever was there stays as it was.
 */
import {
  AT_PAGES,
  CHUNK_HEAD,
  CHUNK_META,
  CHUNK_PAGES,
  CHUNK_SIZE_MASK,
  CHUNK_WIDE_PAGES,
  DIRECTORY_PAGES,
  SKETCH_PAGE_BINS,
  SKETCH_KEY_MAX,
} from '../../model/core-border';
import { Arena, give, reserve, take } from './arena';
import { Cell } from './cell';

const BINS: u32 = SKETCH_PAGE_BINS;
const NARROW: u32 = BINS * sizeof<u32>();
const WIDE: u32 = BINS * sizeof<f64>();
const BIN_MAX: f64 = 4294967295;
const SMALLEST_DIRECTORY: u32 = 64;

/** Adds `weight`, more than 0, to the bin of a key. The cell has bins already, or nothing. */
export function addBin(arena: Arena, cell: Cell, key: i32, weight: f64): bool {
  const number = pageOf(key);
  const directory = cell.list;
  if (directory != 0) {
    const index = number - firstOf(directory);
    const page = index < pagesOf(directory) ? load<usize>(entryOf(directory, index)) : 0;
    if (page != 0) return addToPage(arena, cell, page, key, weight);
  }
  return addPage(arena, cell, number) && addToPage(arena, cell, pageAt(cell.list, number), key, weight);
}

/**
 * Makes an empty directory for keys [least, most] in a cell that has values or keys, and sees to it that up to `bins`
 * bins of weights that fit can be added to it without fail. Returns what the cell had, for the caller to add and give
 * back; NO_LIST when there is no room, and then nothing has changed.
 */
export function beginBins(arena: Arena, cell: Cell, least: i32, most: i32, bins: u32, wide: bool): usize {
  const first = pageOf(least);
  const last = pageOf(most);
  const list = cell.list;
  const directory = newDirectory(arena, first, last, wide);
  if (directory == 0) return NO_LIST;
  const pages = min(bins, last - first + 1);
  if (!reserve(arena, wide ? WIDE : NARROW, pages)) {
    give(arena, directory, sizeOf(directory));
    return NO_LIST;
  }
  cell.list = directory;
  cell.at = AT_PAGES;
  return list;
}

export const NO_LIST: usize = <usize>0xffffffff;

/** Whether a weight is one that pages of u32 hold. */
// @ts-ignore: decorator
@inline
export function isNarrow(weight: f64): bool {
  return weight <= BIN_MAX && weight == Math.floor(weight);
}

function addToPage(arena: Arena, cell: Cell, page: usize, key: i32, weight: f64): bool {
  const bin = (<u32>key + SKETCH_KEY_MAX + 1) & (BINS - 1);
  if (kindOf(cell.list) == CHUNK_PAGES) {
    const at = page + (<usize>bin) * sizeof<u32>();
    const before = load<u32>(at);
    if (weight == 1 && before != u32.MAX_VALUE) {
      store<u32>(at, before + 1);
      return true;
    }
    const sum = <f64>before + weight;
    if (isNarrow(sum)) {
      store<u32>(at, <u32>sum);
      return true;
    }
    if (!widen(arena, cell)) return false;
    page = pageAt(cell.list, pageOf(key));
  }
  const at = page + (<usize>bin) * sizeof<f64>();
  store<f64>(at, load<f64>(at) + weight);
  return true;
}

/** Gives the cell an empty page of this number, and a directory that reaches to it. */
function addPage(arena: Arena, cell: Cell, number: u32): bool {
  const directory = cell.list;
  const size = directory != 0 && kindOf(directory) == CHUNK_WIDE_PAGES ? WIDE : NARROW;
  const page = take(arena, size);
  if (page == 0) return false;
  const isOutside = directory == 0 || number - firstOf(directory) >= pagesOf(directory);
  if (isOutside && !growDirectory(arena, cell, number)) {
    give(arena, page, size);
    return false;
  }
  memory.fill(page, 0, size);
  store<usize>(entryOf(cell.list, number - firstOf(cell.list)), page);
  return true;
}

function growDirectory(arena: Arena, cell: Cell, number: u32): bool {
  const before = cell.list;
  if (before == 0) {
    cell.list = newDirectory(arena, number, number, false);
    if (cell.list == 0) return false;
    cell.at = AT_PAGES;
    return true;
  }
  const first = firstOf(before);
  const last = first + pagesOf(before) - 1;
  const larger = newDirectory(arena, min(first, number), max(last, number), kindOf(before) == CHUNK_WIDE_PAGES);
  if (larger == 0) return false;
  const entries = <usize>pagesOf(before) * sizeof<usize>();
  memory.copy(entryOf(larger, first - firstOf(larger)), entryOf(before, 0), entries);
  give(arena, before, sizeOf(before));
  cell.list = larger;
  return true;
}

/** An empty directory for the pages [first, last], with entries to spare on both sides. */
function newDirectory(arena: Arena, first: u32, last: u32, wide: bool): usize {
  const span = last - first + 1;
  const bytes = <u32>CHUNK_HEAD + span * sizeof<usize>();
  const size = max(SMALLEST_DIRECTORY, <u32>1 << (32 - clz(bytes - 1)));
  const directory = take(arena, size);
  if (directory == 0) return 0;
  const pages = (size - CHUNK_HEAD) / sizeof<usize>();
  const spare = (pages - span) / 2;
  memory.fill(directory, 0, size);
  store<u32>(directory, first > spare ? first - spare : 0);
  store<u32>(directory, size | (wide ? CHUNK_WIDE_PAGES : CHUNK_PAGES), CHUNK_META);
  store<u32>(directory, pages, DIRECTORY_PAGES);
  return directory;
}

/** Makes the pages of a cell wide ones, or leaves them as they are. */
function widen(arena: Arena, cell: Cell): bool {
  const directory = cell.list;
  const entries = pagesOf(directory);
  let pages: u32 = 0;
  for (let i: u32 = 0; i < entries; i++) pages += <u32>(load<usize>(entryOf(directory, i)) != 0);
  if (!reserve(arena, WIDE, pages)) return false;
  for (let i: u32 = 0; i < entries; i++) {
    const narrow = load<usize>(entryOf(directory, i));
    if (narrow == 0) continue;
    const wide = take(arena, WIDE);
    for (let bin: usize = 0; bin < BINS; bin++) {
      store<f64>(wide + bin * sizeof<f64>(), <f64>load<u32>(narrow + bin * sizeof<u32>()));
    }
    give(arena, narrow, NARROW);
    store<usize>(entryOf(directory, i), wide);
  }
  store<u32>(directory, sizeOf(directory) | CHUNK_WIDE_PAGES, CHUNK_META);
  return true;
}

// @ts-ignore: decorator
@inline
function pageOf(key: i32): u32 {
  return (<u32>key + SKETCH_KEY_MAX + 1) / BINS;
}

// @ts-ignore: decorator
@inline
function pageAt(directory: usize, number: u32): usize {
  return load<usize>(entryOf(directory, number - firstOf(directory)));
}

// @ts-ignore: decorator
@inline
function entryOf(directory: usize, index: u32): usize {
  return directory + CHUNK_HEAD + (<usize>index) * sizeof<usize>();
}

// @ts-ignore: decorator
@inline
function firstOf(directory: usize): u32 {
  return load<u32>(directory);
}

// @ts-ignore: decorator
@inline
function pagesOf(directory: usize): u32 {
  return load<u32>(directory, DIRECTORY_PAGES);
}

// @ts-ignore: decorator
@inline
function sizeOf(directory: usize): u32 {
  return load<u32>(directory, CHUNK_META) & CHUNK_SIZE_MASK;
}

// @ts-ignore: decorator
@inline
function kindOf(directory: usize): u32 {
  return load<u32>(directory, CHUNK_META) & ~CHUNK_SIZE_MASK;
}
