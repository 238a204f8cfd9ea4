/** What `explain` says in words: why a line is rejected, and what was odd about one that is not. */

import { escapeControls } from '../../lib/text/terminal-text.ts';
import type { Rejection } from '../../model/message.ts';
import { type ByteString, toText } from '../../model/text.ts';
import type { ParseNote } from './walk.ts';

/** Each rejection by message type and code. */
const REJECTIONS = {
  metric: {
    format: 'there is no "|"; a metric is name:value|type',
    name_value: 'a metric begins with a name, ":" and a value, all before the first "|"',
    type: 'the type is one of c, g, h, ms, d, s',
    value: 'this is not a number',
    sample_rate: 'the sample rate after "@" is not a number',
    timestamp: 'the timestamp after "T" is a whole number of seconds, at least 1',
  },
  event: {
    no_header: 'there is no ":"; an event is _e{TITLE_BYTES,TEXT_BYTES}:TITLE|TEXT',
    header: 'the header is _e{TITLE_BYTES,TEXT_BYTES}: with the lengths in bytes',
    empty_title: 'the title has 0 bytes; an event needs one',
    length: 'the line ends before the bytes that its header announces; lengths count bytes of UTF-8',
  },
  service_check: {
    format: 'a "|" is missing; a service check is _sc|NAME|STATUS',
    name: 'the name is empty',
    status: 'the status is 0 (ok), 1 (warning), 2 (critical) or 3 (unknown)',
  },
} as const;

export function describeRejection({ messageType, error }: Rejection): string {
  const texts: Readonly<Record<string, string>> = REJECTIONS[messageType];
  return texts[error] ?? error;
}

export function describeNote({ kind, text }: ParseNote): string {
  switch (kind) {
    case 'unknown_field':
      return `a field that begins with "${show(text)}" is unknown and ignored`;
    case 'suspicion':
    case 'dialect':
      return text;
    case 'bad_origin_field':
      return `"${show(text)}" cannot be read and is left out`;
    case 'disabled_field': {
      const key = text === 'T' ? 'dogstatsd_no_aggregation_pipeline' : 'dogstatsd_origin_detection_client';
      return `the field ${text} is ignored, because ${key} is off`;
    }
  }
}

/** Text of a message for a terminal: decoded, and unable to drive it. */
export function show(bytes: ByteString): string {
  return escapeControls(toText(bytes));
}
