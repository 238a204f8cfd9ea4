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
import { takeRegion } from './memory';
import { parseInteger, parseNumber } from './number';
import { bitsOf, COLON, CR, fieldEnd, find, isByte, isFieldEnd, LF, nameEnd, PIPE, tagsEnd } from './scan';

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

/** Types by their letter: which comes next nobody can foresee, so there is no branch. */
let types: usize = 0;

export function initLines(timestamps: bool, clientFields: bool): void {
  types = takeRegion(256);
  store<u8>(types + 0x63, TYPE_COUNT);
  store<u8>(types + 0x67, TYPE_GAUGE);
  store<u8>(types + 0x68, TYPE_HISTOGRAM);
  store<u8>(types + 0x64, TYPE_DISTRIBUTION);
  store<u8>(types + 0x73, TYPE_SET);
  readTimestamps = timestamps;
  readClientFields = clientFields;
}

const TAGS: u8 = 0x23;
const RATE: u8 = 0x40;
const TIMESTAMP: u8 = 0x54;
const UNDERSCORE: u8 = 0x5f;

export function readLine(line: usize, end: usize): bool {
  // Globals are written for those who come after, and not read here: V8 loads one anew each time.
  let stop = readHead(line, end);
  if (stop == 0) return false;
  if (readClientFields) forgetClientFields();
  let tags: usize = 0;
  let behindTags: usize = 0;
  let sampleRate: f64 = 1;
  let seconds: f64 = 0;
  let hasRate = false;
  while (stop < end && load<u8>(stop) == PIPE) {
    const start = stop + 1;
    const byte = load<u8>(start);
    if (byte == TAGS) {
      stop = tagsEnd(start, end);
      if (tags != 0 || stop == start) return cold(stop, end);
      tags = start + 1;
      behindTags = contentStop(stop, end);
      continue;
    }
    stop = fieldEnd(start, end);
    const last = contentStop(stop, end);
    if (last == start) return cold(stop, end);
    if (byte == RATE) {
      const number = parseNumber(start + 1, last);
      if (hasRate || isNaN(number)) return cold(stop, end);
      hasRate = true;
      sampleRate = number;
    } else if (byte == TIMESTAMP) {
      if (readTimestamps) {
        const number = parseInteger(start + 1, last);
        if (seconds != 0 || isNaN(number)) return cold(stop, end);
        seconds = number;
      }
    } else if (!readClientField(start, last)) {
      return cold(stop, end);
    }
  }
  tagsStart = tags;
  tagsStop = behindTags;
  rate = sampleRate;
  timestamp = seconds;
  lineStop = stop;
  return true;
}

/**
 * Reads name, values and type, and returns where the type ends, or 0 when the line is the cold path's work. Most often all
 * three are in the first 64 bytes: those are looked at without a loop, whose turns a processor could not foresee.
 */
// @ts-ignore: decorator
@inline
function readHead(line: usize, end: usize): usize {
  const c0 = v128.load(line);
  const c1 = v128.load(line, 16);
  const c2 = v128.load(line, 32);
  const c3 = v128.load(line, 48);
  const colons = bitsOf(isByte(COLON, c0), isByte(COLON, c1), isByte(COLON, c2), isByte(COLON, c3));
  let ends = bitsOf(isFieldEnd(c0), isFieldEnd(c1), isFieldEnd(c2), isFieldEnd(c3));
  const left = <u64>(end - line);
  if (left < 64) {
    const limit = (<u64>1) << left;
    ends = (ends & (limit - 1)) | limit;
  }
  const name = ctz(colons);
  const values = ctz(ends);
  ends &= ends - 1;
  const content = line + <usize>values + 1;
  const stop = line + <usize>ctz(ends);
  // One letter, no empty name, no empty values, no event or check; a colon there is none of counts as at 64.
  if (ends == 0 || stop != content + 1 || name == 0 || name + 1 >= values) return readLongHead(line, end);
  if (load<u8>(content - 1) != PIPE || load<u8>(line) == UNDERSCORE) return readLongHead(line, end);
  const written = <u32>load<u8>(types + <usize>load<u8>(content));
  if (written == 0) return readLongHead(line, end);
  nameStop = line + <usize>name;
  valuesStart = line + <usize>name + 1;
  valuesStop = content - 1;
  type = written;
  return stop;
}

/** The same for every line. */
function readLongHead(line: usize, end: usize): usize {
  const name = nameEnd(line, end);
  if (name >= end || load<u8>(name) != COLON || name == line || isEventOrCheck(line)) return coldHead(name, end);
  const values = name + 1;
  let stop = fieldEnd(values, end);
  if (stop >= end || load<u8>(stop) != PIPE || stop == values) return coldHead(stop, end);
  nameStop = name;
  valuesStart = values;
  valuesStop = stop;
  const start = stop + 1;
  stop = fieldEnd(start, end);
  const written = typeOf(start, contentStop(stop, end));
  if (written == 0) return coldHead(stop, end);
  type = written;
  return stop;
}

function coldHead(from: usize, end: usize): usize {
  cold(from, end);
  return 0;
}

function forgetClientFields(): void {
  localStart = localStop = 0;
  externalStart = externalStop = 0;
  cardinalityStart = cardinalityStop = 0;
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

/** Where a field that ends at `stop` ends without the one CR that belongs to the end of a line. */
// @ts-ignore: decorator
@inline
function contentStop(stop: usize, end: usize): usize {
  // An empty field has a pipe before it, which is no CR.
  if (load<u8>(stop - 1) != CR) return stop;
  return stop >= end || load<u8>(stop) == LF ? stop - 1 : stop;
}

// @ts-ignore: decorator
@inline
function typeOf(start: usize, stop: usize): u32 {
  const length = stop - start;
  if (length == 1) return <u32>load<u8>(types + <usize>load<u8>(start));
  return length == 2 && load<u16>(start) == 0x736d ? TYPE_TIMING : 0;
}
