/**
 * The cold path's front door: one line to one message, or to the reason why not (docs/protocol.md#from-packet-to-line).
 *
 *   _e{5,4}:title|text   an event
 *   _sc|name|0           a service check; the three bytes _sc are enough
 *   anything else        a metric
 *
 * The first bytes decide alone: `_schema.size:1|c` is a bad service check, not a metric.
 *
 * Owner   whoever has a line: a listener thread's resolver, `explain`, tests. No state.
 * Never   throws, whatever the bytes. Runs in time linear in the line's length.
 * Keeps   the message's texts are slices of the line and may keep it in memory; copy what outlives it.
 */
import type { ParseResult } from '../model/message.ts';
import type { ByteString } from '../model/text.ts';
import { parseEvent } from './event.ts';
import { parseMetric } from './metric.ts';
import type { ParseOptions } from './options.ts';
import { parseServiceCheck } from './service-check.ts';

const UNDERSCORE = 0x5f;

export function parseMessage(line: ByteString, options: ParseOptions, rest?: ByteString): ParseResult {
  if (line.charCodeAt(0) === UNDERSCORE) {
    if (line.startsWith('_e{')) return parseEvent(line, options);
    if (line.startsWith('_sc')) return parseServiceCheck(line, options);
  }
  return parseMetric(line, options, rest);
}
