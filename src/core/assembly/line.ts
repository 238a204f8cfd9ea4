/**
 * Hot path. Takes a metric line apart without understanding it: where name, values and fields are, which
 * type it names, its rate and timestamp.
 *
 *   page.views:1:2|c|@0.5|#env:prod,az:1|T1656581400|c:ci-83c0…
 *   ^^^^^^^^^^ name  ^ type              ^ timestamp ^ client fields: c:, e:, card:
 *              ^^^ values    ^^^^^^^^^^^^^ tags
 *                  rate ^^^
 *
 * readLine() says true only for lines whose every field it knows, each at most once and well formed. For
 * anything else it says false, having found the end of the line; the cold path decides what it means.
 * One line at a time: the fields are valid until the next readLine().
 */

import { KeptLine } from './kept-line';
import { parseInteger, parseNumber } from './number';
import { COLON, CR, fieldEnd, find, LF, nameEnd, PIPE } from './scan';

/** Type as written; part of what identifies a line, so `h` and `ms` are told apart. */
export const TYPE_COUNT: u32 = 1;
export const TYPE_GAUGE: u32 = 2;
export const TYPE_HISTOGRAM: u32 = 3;
export const TYPE_DISTRIBUTION: u32 = 4;
export const TYPE_SET: u32 = 5;
export const TYPE_TIMING: u32 = 6;

/** Position behind the line: its LF, or the end of the packet. */
export let lineStop: usize = 0;
export let nameStop: usize = 0;
export let valuesStart: usize = 0;
export let valuesStop: usize = 0;
export let tagsStart: usize = 0;
export let tagsStop: usize = 0;
export let localStart: usize = 0;
export let localStop: usize = 0;
export let externalStart: usize = 0;
export let externalStop: usize = 0;
export let cardinalityStart: usize = 0;
export let cardinalityStop: usize = 0;
export let type: u32 = 0;
/** Sample rate as written, 1 without one. */
export let rate: f64 = 1;
/** Unix seconds, 0 without one. */
export let timestamp: f64 = 0;

let readTimestamps = true;
/** Whether `c:`, `e:` and `card:` count for what a line is. */
export let readClientFields = false;

export function initLines(timestamps: bool, clientFields: bool): void {
  readTimestamps = timestamps;
  readClientFields = clientFields;
}

const TAGS: u8 = 0x23;
const RATE: u8 = 0x40;
const TIMESTAMP: u8 = 0x54;

export function readLine(line: usize, end: usize): bool {
  // Globals are written for those who come after, and not read here: V8 loads one anew each time.
  const name = nameEnd(line, end);
  if (name >= end || load<u8>(name) != COLON || name == line || isEventOrCheck(line)) return cold(name, end);
  const values = name + 1;
  let stop = fieldEnd(values, end);
  if (stop >= end || load<u8>(stop) != PIPE || stop == values) return cold(stop, end);
  nameStop = name;
  valuesStart = values;
  valuesStop = stop;

  let start = stop + 1;
  stop = fieldEnd(start, end);
  const written = typeOf(start, contentStop(start, stop, end));
  if (written == 0) return cold(stop, end);
  type = written;

  tagsStart = tagsStop = 0;
  localStart = localStop = 0;
  externalStart = externalStop = 0;
  cardinalityStart = cardinalityStop = 0;
  rate = 1;
  timestamp = 0;
  let hasTags = false;
  let hasRate = false;
  let hasTimestamp = false;
  while (stop < end && load<u8>(stop) == PIPE) {
    start = stop + 1;
    stop = fieldEnd(start, end);
    const last = contentStop(start, stop, end);
    if (last == start) return cold(stop, end);
    const byte = load<u8>(start);
    if (byte == TAGS) {
      if (hasTags) return cold(stop, end);
      hasTags = true;
      tagsStart = start + 1;
      tagsStop = last;
    } else if (byte == RATE) {
      const number = parseNumber(start + 1, last);
      if (hasRate || isNaN(number)) return cold(stop, end);
      hasRate = true;
      rate = number;
    } else if (byte == TIMESTAMP) {
      if (readTimestamps) {
        const seconds = parseInteger(start + 1, last);
        if (hasTimestamp || isNaN(seconds)) return cold(stop, end);
        hasTimestamp = true;
        timestamp = seconds;
      }
    } else if (!readClientField(start, last)) {
      return cold(stop, end);
    }
  }
  lineStop = stop;
  return true;
}

/** Keeps what readLine() found in the line at `line`, without client fields. */
export function keepLine(kept: KeptLine, line: usize): void {
  kept.line = line;
  kept.lineStop = lineStop;
  kept.nameStop = nameStop;
  kept.valuesStart = valuesStart;
  kept.valuesStop = valuesStop;
  kept.tagsStart = tagsStart;
  kept.tagsStop = tagsStop;
  kept.type = type;
  kept.rate = rate;
  kept.timestamp = timestamp;
}

/** Makes a kept line the one that was just read. */
export function recallLine(kept: KeptLine): void {
  lineStop = kept.lineStop;
  nameStop = kept.nameStop;
  valuesStart = kept.valuesStart;
  valuesStop = kept.valuesStop;
  tagsStart = kept.tagsStart;
  tagsStop = kept.tagsStop;
  type = kept.type;
  rate = kept.rate;
  timestamp = kept.timestamp;
}

/** `c:…`, `e:…` or `card:…`, noted when it counts; false for any other field and for a second one. */
function readClientField(start: usize, stop: usize): bool {
  // Reads beyond a short field stay within the packet's padding and cannot match.
  const two = load<u16>(start);
  if (two == 0x3a63 && stop - start >= 2) {
    if (!readClientFields) return true;
    if (localStart != 0) return false;
    localStart = start + 2;
    localStop = stop;
    return true;
  }
  if (two == 0x3a65 && stop - start >= 2) {
    if (!readClientFields) return true;
    if (externalStart != 0) return false;
    externalStart = start + 2;
    externalStop = stop;
    return true;
  }
  if (load<u32>(start) == 0x64726163 && stop - start >= 5 && load<u8>(start, 4) == COLON) {
    if (!readClientFields) return true;
    if (cardinalityStart != 0) return false;
    cardinalityStart = start + 5;
    cardinalityStop = stop;
    return true;
  }
  return false;
}

/** Says that the line is the cold path's work and finds its end, searching from `from`. */
function cold(from: usize, end: usize): bool {
  lineStop = find(LF, from, end);
  return false;
}

/** `_e{` or `_sc`: not a metric. */
// @ts-ignore: decorator
@inline
function isEventOrCheck(line: usize): bool {
  const three = load<u32>(line) & 0xffffff;
  return three == 0x7b655f || three == 0x63735f;
}

/** Where the field ends without the one CR that belongs to the end of a line. */
// @ts-ignore: decorator
@inline
function contentStop(start: usize, stop: usize, end: usize): usize {
  if ((stop >= end || load<u8>(stop) == LF) && stop > start && load<u8>(stop - 1) == CR) return stop - 1;
  return stop;
}

// @ts-ignore: decorator
@inline
function typeOf(start: usize, stop: usize): u32 {
  const length = stop - start;
  const byte = load<u8>(start);
  if (length == 1) {
    if (byte == 0x63) return TYPE_COUNT;
    if (byte == 0x67) return TYPE_GAUGE;
    if (byte == 0x68) return TYPE_HISTOGRAM;
    if (byte == 0x64) return TYPE_DISTRIBUTION;
    if (byte == 0x73) return TYPE_SET;
    return 0;
  }
  return length == 2 && load<u16>(start) == 0x736d ? TYPE_TIMING : 0;
}
