/**
 * An event line to an event message (docs/protocol.md#events).
 *
 *   _e{5,4}:title|text|d:1656581400|p:low
 *      ^ ^  ^^^^^ ^^^^ ^^^^^^^^^^^^^^^^^^
 *      │ │  │     │    └ fields, in any order
 *      │ │  │     └ text: so many bytes, one byte after the title
 *      │ │  └ title: so many bytes, whatever they are
 *      └─┴ lengths in bytes
 *
 * The lengths decide, not the punctuation: title and text may hold pipes and colons, and the byte that
 * closes the braces and the one between title and text are never looked at,
 * but for telling that a length is most likely wrong (suspicion.ts). A bad field is counted in
 * `warnings` and leaves the event as it was.
 */
import type { EventAlertType, EventError, EventMessage, Rejection } from '../model/message.ts';
import type { ByteString } from '../model/text.ts';
import { fieldEnd, readSharedField } from './fields.ts';
import { parseInt64 } from './number.ts';
import type { ParseOptions } from './options.ts';
import { NO_EXTERNAL_DATA, NO_LOCAL_DATA } from './origin-fields.ts';
import { isOddLength } from './suspicion.ts';

const HEADER_START = '_e{'.length;
/** The shortest header with content: `_e{1,1}`. */
const HEADER_BYTES_MIN = 7;

const ALERT_TYPES: readonly ByteString[] = ['error', 'warning', 'info', 'success'];

export function parseEvent(line: ByteString, options: ParseOptions): EventMessage | Rejection {
  const colon = line.indexOf(':');
  if (colon < 0) return reject('no_header', line.length);
  if (colon < HEADER_BYTES_MIN) return reject('header', colon);
  const comma = line.indexOf(',');
  if (comma < 0 || comma >= colon - 1) return reject('header', HEADER_START);

  const titleBytes = parseInt64(line.slice(HEADER_START, comma));
  if (titleBytes === undefined || titleBytes < 0) return reject('header', HEADER_START);
  if (titleBytes === 0) return reject('empty_title', HEADER_START);
  const textBytes = parseInt64(line.slice(comma + 1, colon - 1));
  if (textBytes === undefined || textBytes < 0) return reject('header', comma + 1);

  const titleStart = colon + 1;
  const textStart = titleStart + titleBytes + 1;
  const textEnd = textStart + textBytes;
  if (textEnd > line.length) return reject('length', line.length);
  if (isOddLength(line, textStart - 1, textEnd)) options.observer?.suspicion?.('event_length');

  const event: EventMessage = {
    kind: 'event',
    title: unescapeNewlines(line.slice(titleStart, textStart - 1)),
    text: unescapeNewlines(line.slice(textStart, textEnd)),
    timestamp: 0,
    hostname: '',
    aggregationKey: '',
    priority: 'normal',
    sourceType: '',
    alertType: 'info',
    tags: [],
    localData: NO_LOCAL_DATA,
    externalData: NO_EXTERNAL_DATA,
    cardinality: '',
    warnings: 0,
  };
  // Usually the text is followed by a pipe, which makes the first field an empty one. Bytes between the
  // text and that pipe are a field like any other.
  for (let start = textEnd; start < line.length; ) {
    const end = fieldEnd(line, start);
    readField(event, line, start, end, options);
    start = end + 1;
  }
  return event;
}

function readField(
  event: EventMessage,
  line: ByteString,
  start: number,
  end: number,
  options: ParseOptions,
): void {
  const value = line.slice(start + 2, end);
  switch (line.slice(start, Math.min(start + 2, end))) {
    case 'd:': {
      const timestamp = parseInt64(value);
      if (timestamp === undefined) event.warnings++;
      else event.timestamp = timestamp;
      return;
    }
    case 'h:':
      event.hostname = value;
      return;
    case 'k:':
      event.aggregationKey = value;
      return;
    case 'p:':
      if (value === 'normal' || value === 'low') event.priority = value;
      else event.warnings++;
      return;
    case 's:':
      event.sourceType = value;
      return;
    case 't:':
      if (isAlertType(value)) event.alertType = value;
      else event.warnings++;
      return;
    default:
      readSharedField(event, line, start, end, options);
  }
}

/** Replaces backslash and n by LF. There is no other escape, so a backslash cannot be escaped. */
function unescapeNewlines(text: ByteString): ByteString {
  return text.replaceAll('\\n', '\n');
}

function isAlertType(text: ByteString): text is EventAlertType {
  return ALERT_TYPES.includes(text);
}

function reject(error: EventError, at: number): Rejection {
  return { kind: 'error', messageType: 'event', error, at };
}
