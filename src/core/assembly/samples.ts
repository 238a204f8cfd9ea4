/**
 * Hot path. From the values of a line to samples in the open bucket.
 */
import {
  addTimestamped,
  addToCounter,
  addToCounterOrGauge,
  addToDistribution,
  addToHistogram,
  addToSet,
  open,
  setGauge,
} from './bucket';
import { count } from './counters';
import { hashA, hashB, hashElement } from './hash';
import {
  COUNT_FILTERED_LINES,
  COUNT_NON_FINITE_SAMPLES,
  COUNT_OUT_OF_RANGE_SAMPLES,
  COUNT_SAMPLES,
  OP_COUNTER,
  OP_DISTRIBUTION,
  OP_DROP,
  OP_GAUGE,
  OP_HISTOGRAM,
  OP_SET,
  OP_TIMESTAMPED,
  PACKET_BYTES_MAX,
  WEIGHT_MAX,
} from '../../model/core-border';
import * as field from './line';
import { LineEntry } from './line-table';
import { takeRegion } from './memory';
import { parseNumber } from './number';
import { COLON, find } from './scan';
import { noteBypass } from './slots';

/** Values of the line being applied; a packet of single digits holds at most half its bytes. */
let values: usize = 0;

/** Since the last batch, which cannot have 2^32 of anything. */
let samples: u32 = 0;
let filtered: u32 = 0;

export function initSamples(): void {
  values = takeRegion(((PACKET_BYTES_MAX + 1) / 2) * sizeof<f64>());
}

/** Counts the samples of a batch, and the lines whose samples are not wanted. */
export function publishSamples(): void {
  count(COUNT_SAMPLES, samples);
  count(COUNT_FILTERED_LINES, filtered);
  samples = filtered = 0;
}

/** Adds the samples of the line that was just read; false when a value is not for the hot path. Calls cost: most lines need none. */
// @ts-ignore: decorator
@inline
export function applyLine(entry: LineEntry): bool {
  const op = entry.op;
  if (op > <u32>OP_GAUGE) return applyOther(entry);
  // Several values are no number, as a colon is no digit.
  const value = parseNumber(field.valuesStart, field.valuesStop);
  if (isNaN(value)) return applyValues(entry);
  applyCounterOrGauge(entry.slot, op, value);
  samples++;
  entry.seen = open.epoch;
  return true;
}

/** The same for what is neither counter nor gauge. */
function applyOther(entry: LineEntry): bool {
  const op = entry.op;
  if (op == OP_SET) {
    addToSet(entry.slot, elementHash(field.valuesStart, field.valuesStop - field.valuesStart));
    samples++;
  } else if (op == OP_DROP && field.type == field.TYPE_SET) {
    // Any text is an element: there is nothing to validate before it is dropped.
    filtered++;
  } else {
    const value = parseNumber(field.valuesStart, field.valuesStop);
    if (isNaN(value)) return applyValues(entry);
    if (op == OP_DROP) {
      filtered++;
    } else {
      applyValue(entry.slot, op, value, weightOf(op, field.rate), field.timestamp);
      samples++;
      if (entry.copySlot != 0) applyCopy(entry.copySlot, value);
    }
  }
  entry.seen = open.epoch;
  return true;
}

/** Adds several values; false, and none is added, when one is not for the hot path. */
function applyValues(entry: LineEntry): bool {
  const op = entry.op;
  const found = readValues();
  if (found == 0) return false;
  entry.seen = open.epoch;
  if (op == OP_DROP) {
    filtered++;
    return true;
  }
  const weight = weightOf(op, field.rate);
  for (let i: u32 = 0; i < found; i++) {
    const value = load<f64>(values + (<usize>i) * sizeof<f64>());
    applyValue(entry.slot, op, value, weight, field.timestamp);
    if (entry.copySlot != 0) applyCopy(entry.copySlot, value);
  }
  samples += found;
  return true;
}

/** Adds the value of a histogram to the distribution it is copied to. */
function applyCopy(copySlot: u32, value: f64): void {
  applyValue(copySlot - 1, OP_DISTRIBUTION, value, weightOf(OP_DISTRIBUTION, field.rate), field.timestamp);
  samples++;
}

/**
 * How many events a sample stands for. What a sample rate means is decided here alone (docs/protocol.md, sample rates).
 *
 *   no positive number (0, -1, nan, inf)   1, whatever the type
 *   above 1                                1; a counter takes it as it is, and counts less than one event
 *   else                                   1/rate; above WEIGHT_MAX the sample is refused
 */
// @ts-ignore: decorator
@inline
function weightOf(op: u32, rate: f64): f64 {
  if (rate == 1 || !(rate > 0 && rate < Infinity)) return 1;
  return rate > 1 && op != OP_COUNTER ? 1 : 1 / rate;
}

// @ts-ignore: decorator
@inline
function applyValue(slot: u32, op: u32, value: f64, weight: f64, timestamp: f64): void {
  if (op == OP_GAUGE) {
    setGauge(slot, value);
  } else if (op == OP_TIMESTAMPED) {
    keepTimestamped(slot, timestamp, value, 1);
  } else if (weight > <f64>WEIGHT_MAX) {
    count(COUNT_OUT_OF_RANGE_SAMPLES, 1);
  } else if (op == OP_COUNTER) {
    addToCounter(slot, value, weight);
  } else if (op == OP_DISTRIBUTION) {
    if (timestamp == 0) addToDistribution(slot, value, weight);
    else if (isFinite(value * weight)) keepTimestamped(slot, timestamp, value, weight);
    else count(COUNT_OUT_OF_RANGE_SAMPLES, 1);
  } else if (op == OP_HISTOGRAM) {
    addToHistogram(slot, value, weight);
  }
}

/** As applyValue() does for these two; entries of theirs have no copy. */
// @ts-ignore: decorator
@inline
function applyCounterOrGauge(slot: u32, op: u32, value: f64): void {
  const weight = weightOf(op, field.rate);
  if (weight > <f64>WEIGHT_MAX && op == OP_COUNTER) count(COUNT_OUT_OF_RANGE_SAMPLES, 1);
  else addToCounterOrGauge(slot, op == OP_GAUGE, value, weight);
}

/**
 * A gauge or counter that is passed through, or the copy of a histogram: it belongs to the bucket of its timestamp
 * (docs/behaviour/aggregation.md#copies-of-histograms), which only the control thread has.
 */
function keepTimestamped(slot: u32, timestamp: f64, value: f64, weight: f64): void {
  addTimestamped(slot, timestamp, value, weight);
  noteBypass(slot);
}

/** Parses the packed values into `values`; their number, or 0 when one is not for the hot path. */
function readValues(): u32 {
  let found: u32 = 0;
  let start = field.valuesStart;
  const end = field.valuesStop;
  while (start < end) {
    const stop = find(COLON, start, end);
    if (stop > start) {
      const value = parseNumber(start, stop);
      if (isNaN(value)) return 0;
      store<f64>(values + (<usize>found) * sizeof<f64>(), value);
      found++;
    }
    start = stop + 1;
  }
  return found;
}

/** Adds one sample the cold path parsed. A value that is not finite is dropped, as the sampler does. */
export function addSample(slot: u32, op: u32, value: f64, rate: f64, timestamp: f64): void {
  if (!isFinite(value)) {
    count(COUNT_NON_FINITE_SAMPLES, 1);
    return;
  }
  count(COUNT_SAMPLES, 1);
  applyValue(slot, op, value, weightOf(op, rate), timestamp);
}

/** Adds one element of a set the cold path parsed. */
export function addElement(slot: u32, element: usize, length: u32): void {
  count(COUNT_SAMPLES, 1);
  addToSet(slot, elementHash(element, length));
}

/** 64 bits of a keyed hash of a set's element. */
function elementHash(ptr: usize, length: usize): u64 {
  hashElement(ptr, length, OP_SET);
  return rotl<u64>(hashA, 32) + hashB;
}
