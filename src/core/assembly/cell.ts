/**
 * Hot path. Cell: what one context gathered in one bucket (model/core-border.ts draws it). A line of the cache.
 *
 * Values of histograms and bins of distributions are in chunks behind `list`; `at` is where the next one goes, with what
 * the hot path must know in its lower bits:
 *
 *   0                     nothing yet
 *   address               the next value of weight 1 goes there, unless it is a multiple of 64: then look first
 *   address | 1           the current weight of the chunk is not 1
 *   AT_PAGES              `list` is a directory of pages of bins
 *   AT_TABLE              the key table has the values, and `list` is how many different ones
 */
@unmanaged
export class Cell {
  sum: f64;
  weightedSum: f64;
  min: f64;
  max: f64;
  count: f64;
  lastAt: f64;
  stamp: u32;
  at: u32;
  list: usize;
  /** Samples of any type, whatever their rate. */
  samples: u32;
}
