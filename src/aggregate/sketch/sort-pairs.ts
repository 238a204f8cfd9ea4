/**
 * Sorts two columns by the first, in place, and merges what is equal.
 *
 * A quicksort of our own because typed arrays sort only themselves: sorting an array of indexes with a
 * comparison function takes several times as long. Values come in the order in which senders sent them, so
 * pivots are drawn at random: nobody can choose an order that makes the quicksort slow.
 */

const INSERTION_MAX = 16;

/** Sorts rows [start, end) by key, ascending. Keys are never NaN. */
export function sortPairs(keys: Float64Array, weights: Float64Array, start: number, end: number): void {
  let low = start;
  let high = end;
  while (high - low > INSERTION_MAX) {
    const middle = partition(keys, weights, low, high);
    // The smaller side goes on the stack, which keeps it below the logarithm of the length.
    if (middle - low < high - middle) {
      sortPairs(keys, weights, low, middle);
      low = middle;
    } else {
      sortPairs(keys, weights, middle, high);
      high = middle;
    }
  }
  sortByInsertion(keys, weights, low, high);
}

/** Adds up the weights of equal keys in the sorted rows [start, end); returns the end of what is left. */
export function mergeEqualPairs(
  keys: Float64Array,
  weights: Float64Array,
  start: number,
  end: number,
): number {
  if (start === end) return end;
  let last = start;
  for (let i = start + 1; i < end; i++) {
    if (keys[i] === keys[last]) {
      (weights[last] as number) += weights[i] as number;
    } else {
      last++;
      keys[last] = keys[i] as number;
      weights[last] = weights[i] as number;
    }
  }
  return last + 1;
}

/** A pseudo-random number in [0, 1): xorshift32, begun anew in each process. */
let state = (Math.random() * 2 ** 32) | 1;
function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
}

/** Hoare's partition around a median of three drawn at random: keys before the returned index are not above those after. */
function partition(keys: Float64Array, weights: Float64Array, start: number, end: number): number {
  const length = end - start;
  const pivot = medianOf(
    keys[start + Math.trunc(random() * length)] as number,
    keys[start + Math.trunc(random() * length)] as number,
    keys[start + Math.trunc(random() * length)] as number,
  );
  let i = start;
  let j = end - 1;
  while (true) {
    while ((keys[i] as number) < pivot) i++;
    while ((keys[j] as number) > pivot) j--;
    if (i >= j) return i === start ? i + 1 : i;
    swap(keys, i, j);
    swap(weights, i, j);
    i++;
    j--;
  }
}

function medianOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

function swap(column: Float64Array, i: number, j: number): void {
  const kept = column[i] as number;
  column[i] = column[j] as number;
  column[j] = kept;
}

function sortByInsertion(keys: Float64Array, weights: Float64Array, start: number, end: number): void {
  for (let i = start + 1; i < end; i++) {
    const key = keys[i] as number;
    const weight = weights[i] as number;
    let j = i - 1;
    for (; j >= start && (keys[j] as number) > key; j--) {
      keys[j + 1] = keys[j] as number;
      weights[j + 1] = weights[j] as number;
    }
    keys[j + 1] = key;
    weights[j + 1] = weight;
  }
}
