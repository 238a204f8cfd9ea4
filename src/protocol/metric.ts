/**
 * A metric line to a metric message (docs/protocol.md#metrics).
 *
 *   page.views:1:2|c|@0.5|#env:prod|T1656581400
 *   ^^^^^^^^^^ ^^^ ^ ^^^^^^^^^^^^^^^^^^^^^^^^^^
 *   │          │   │ └ fields, in any order
 *   │          │   └ type, always the second field
 *   │          └ values, all of one type and one set of fields
 *   └ name, up to the first colon, which comes before the first pipe
 *
 * The checks are made in that order and the first failure rejects the line with all its values. The
 * name is not checked at all: cleaning names is left to whatever stores them.
 */
import type { MetricError, MetricType, ParsedMetric, Rejection } from '../model/message.ts';
import { Tags } from '../model/tags.ts';
import type { ByteString } from '../model/text.ts';
import { takeNameTags } from './dialect-tags.ts';
import { fieldEnd, readTagsOrOrigin } from './fields.ts';
import { parseFloat64, parseInt64 } from './number.ts';
import type { ParseOptions } from './options.ts';
import { NO_EXTERNAL_DATA, NO_LOCAL_DATA } from './origin-fields.ts';

const AT = 0x40;
const COLON = 0x3a;
const UPPER_T = 0x54;

const TYPES: ReadonlyMap<ByteString, MetricType> = new Map([
  ['g', 'gauge'],
  ['c', 'count'],
  ['h', 'histogram'],
  ['d', 'distribution'],
  ['ms', 'timing'],
  ['s', 'set'],
]);

/**
 * `rest` is what comes behind a field that is left out: fields, each with the pipe before it. Where a rejection says that
 * the trouble is in one of them, its place is of no use.
 */
export function parseMetric(
  line: ByteString,
  options: ParseOptions,
  rest: ByteString = '',
): ParsedMetric | Rejection {
  const valueEnd = line.indexOf('|');
  if (valueEnd < 0) return reject('format', line.length);
  const colon = line.indexOf(':');
  if (colon < 0 || colon > valueEnd) return reject('name_value', valueEnd);
  if (colon === 0) return reject('name_value', 0);
  const valueStart = colon + 1;
  if (valueStart === valueEnd) return reject('name_value', valueStart);

  const typeEnd = fieldEnd(line, valueEnd + 1);
  const type = TYPES.get(line.slice(valueEnd + 1, typeEnd));
  if (type === undefined) return reject('type', valueEnd + 1);

  const values = type === 'set' ? [] : readValues(line, valueStart, valueEnd);
  if (typeof values === 'number') return reject('value', values);
  const message: ParsedMetric = {
    kind: 'metric',
    name: line.slice(0, colon),
    type,
    values,
    setValue: type === 'set' ? line.slice(valueStart, valueEnd) : '',
    sampleRate: 1,
    tags: Tags.NONE,
    timestamp: 0,
    localData: NO_LOCAL_DATA,
    externalData: NO_EXTERNAL_DATA,
    cardinality: '',
  };
  return (
    readFields(message, line, typeEnd, options) ??
    readFields(message, rest, 0, options) ??
    inDialect(message, line, valueStart, options)
  );
}

/** Takes what dialects say otherwise, where they are on. */
function inDialect(
  message: ParsedMetric,
  line: ByteString,
  valueStart: number,
  { dialects, observer }: ParseOptions,
): ParsedMetric {
  if (dialects === undefined) return message;
  const named = takeNameTags(message.name, dialects.tags);
  if (named !== undefined) {
    message.name = named.name;
    message.tags = Tags.of(named.tags).with(message.tags.list);
    observer?.nameTags?.(named.dialect);
  }
  if (!dialects.relativeGauges || message.type !== 'gauge' || message.timestamp > 0) return message;
  message.relative = signsOf(line.slice(valueStart, line.indexOf('|')));
  if (message.relative.includes(true)) observer?.relativeGauge?.();
  return message;
}

/** For each packed value, whether it has a sign. */
function signsOf(values: ByteString): boolean[] {
  const items = values.split(':').filter((item) => item !== '');
  return items.map((item) => item.startsWith('+') || item.startsWith('-'));
}

/** Reads the fields after the pipe at `typeEnd`; returns a rejection if one is bad. */
function readFields(
  message: ParsedMetric,
  line: ByteString,
  typeEnd: number,
  options: ParseOptions,
): Rejection | undefined {
  for (let start = typeEnd + 1; start < line.length; ) {
    const end = fieldEnd(line, start);
    const first = line.charCodeAt(start);
    if (first === AT) {
      // The range is free: 0, 7 or NaN mean something different to each type later on.
      const rate = parseFloat64(line.slice(start + 1, end));
      if (rate === undefined) return reject('sample_rate', start + 1);
      message.sampleRate = rate;
    } else if (first === UPPER_T) {
      if (options.noAggregationPipeline) {
        const timestamp = parseInt64(line.slice(start + 1, end));
        if (timestamp === undefined || timestamp < 1) return reject('timestamp', start + 1);
        message.timestamp = timestamp;
      } else {
        options.observer?.disabledField?.('T');
      }
    } else {
      message.tags = readTagsOrOrigin(message, line, start, end, options) ?? message.tags;
    }
    start = end + 1;
  }
  return undefined;
}

/**
 * Reads the packed values in [start, end); empty items between colons do not count. Returns them, or where
 * the first bad item starts, or `start` when there is no item at all.
 */
function readValues(line: ByteString, start: number, end: number): number[] | number {
  // One value, as most lines have: an array that grows makes room for many.
  let values: number[] | undefined;
  for (let itemStart = start; itemStart < end; ) {
    let itemEnd = itemStart;
    while (itemEnd < end && line.charCodeAt(itemEnd) !== COLON) itemEnd++;
    if (itemEnd > itemStart) {
      const value = parseFloat64(line.slice(itemStart, itemEnd));
      if (value === undefined) return itemStart;
      if (values === undefined) values = [value];
      else values.push(value);
    }
    itemStart = itemEnd + 1;
  }
  return values ?? start;
}

function reject(error: MetricError, at: number): Rejection {
  return { kind: 'error', messageType: 'metric', error, at };
}
