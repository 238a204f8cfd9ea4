/**
 * Hot path. The shard's counters (model/core-border.ts lists them): 64-bit floats that only grow, written by the
 * listener thread once a batch where it can, read by the control thread whenever it likes.
 */
import { CORE_COUNTERS } from '../../model/core-border';
import { takeRegion } from './memory';

let counters: usize = 0;

export function initCounters(): usize {
  counters = takeRegion(CORE_COUNTERS * sizeof<f64>());
  return counters;
}

// @ts-ignore: decorator
@inline
export function count(counter: i32, by: f64): void {
  const at = counters + (<usize>counter) * sizeof<f64>();
  store<f64>(at, load<f64>(at) + by);
}

// @ts-ignore: decorator
@inline
export function setCount(counter: i32, to: f64): void {
  store<f64>(counters + (<usize>counter) * sizeof<f64>(), to);
}
