/**
 * Optional fields that metrics, events and service checks share (docs/protocol.md#metrics).
 *
 *   page.views:1|c|@0.5|#env:prod,az:b|c:ci-abc|e:cn-web|card:low
 *                       ^^^^^^^^^^^^^^ ^^^^^^^^ ^^^^^^^^ ^^^^^^^^
 *
 * A field is known by its first bytes, comes in any order, and replaces an earlier one of its kind.
 */
import type { OriginFields } from '../model/message.ts';
import { Tags } from '../model/tags.ts';
import type { ByteString } from '../model/text.ts';
import type { ParseOptions } from './options.ts';
import { parseExternalData, parseLocalData } from './origin-fields.ts';

/** What the fields of an event or a check are read into. */
export interface SharedFields extends OriginFields {
  tags: ByteString[];
}

const HASH = 0x23;
const LOWER_C = 0x63;
const LOWER_E = 0x65;

/** Returns where the field starting at `start` ends: at the next pipe, or at the end of the line. */
export function fieldEnd(line: ByteString, start: number): number {
  const pipe = line.indexOf('|', start);
  return pipe < 0 ? line.length : pipe;
}

/**
 * Reads the field at [start, end) into `message` if it is one that every kind of message has. Any other
 * field is unknown by then, so call this after looking for the fields of the kind at hand.
 */
export function readSharedField(
  message: SharedFields,
  line: ByteString,
  start: number,
  end: number,
  options: ParseOptions,
): void {
  const tags = readTagsOrOrigin(message, line, start, end, options);
  if (tags !== undefined) message.tags = [...tags.list];
}

/** The same for a message that keeps its tags as they are written: the tags, when the field has them. */
export function readTagsOrOrigin(
  message: OriginFields,
  line: ByteString,
  start: number,
  end: number,
  options: ParseOptions,
): Tags | undefined {
  switch (line.charCodeAt(start)) {
    case HASH:
      return Tags.ofField(line.slice(start + 1, end));
    case LOWER_C:
      if (line.startsWith('c:', start)) {
        if (options.originDetectionClient)
          message.localData = parseLocalData(line.slice(start + 2, end), options.observer);
        else options.observer?.disabledField?.('c:');
        return undefined;
      }
      if (line.startsWith('card:', start)) {
        if (options.originDetectionClient) message.cardinality = line.slice(start + 5, end);
        else options.observer?.disabledField?.('card:');
        return undefined;
      }
      break;
    case LOWER_E:
      if (line.startsWith('e:', start)) {
        if (options.originDetectionClient)
          message.externalData = parseExternalData(line.slice(start + 2, end), options.observer);
        else options.observer?.disabledField?.('e:');
        return undefined;
      }
      break;
  }
  // Two pipes in a row enclose nothing, which is no field.
  if (start < end) options.observer?.unknownField?.(line.charAt(start));
  return undefined;
}
