/**
 * What a rejected line means in words, what to do about it at the sender, and where it is plain the line as it would be
 * accepted.
 */
import { describeRejection } from '../../inspect/explain/words.ts';
import type { Rejection } from '../../model/message.ts';
import { type ByteString, toText } from '../../model/text.ts';

const REMEDIES: Readonly<Record<string, string>> = {
  'metric:format': 'send name:value|type, one metric a line',
  'metric:name_value': 'put a name, a colon and a value before the first "|"',
  'metric:type': 'use c for a counter, g for a gauge, h, ms or d for values, s for a set',
  'metric:value': 'send a decimal number with a dot: 1.5, not 1,5; no unit, no spaces',
  'metric:sample_rate': 'write the rate as @0.5, a decimal number above 0 and up to 1',
  'metric:timestamp': 'write the timestamp as T and whole Unix seconds, or leave it out',
  'event:no_header': 'begin with _e{TITLE_BYTES,TEXT_BYTES}: and the title',
  'event:header': 'give both lengths in bytes, as whole numbers, in braces',
  'event:empty_title': 'give the event a title',
  'event:length': 'count the lengths in bytes of UTF-8, not in characters, and write line feeds as \\n',
  'service_check:format': 'send _sc|NAME|STATUS',
  'service_check:name': 'give the check a name',
  'service_check:status': 'use 0 (ok), 1 (warning), 2 (critical) or 3 (unknown)',
  'unknown:unterminated':
    'end every line with a line feed, or take the listener out of dogstatsd_eol_required',
};

/** Types that people write out. */
const TYPES: Readonly<Record<string, string>> = {
  ...{ count: 'c', counter: 'c', cnt: 'c', m: 'c', gauge: 'g', timer: 'ms', timing: 'ms', t: 'ms' },
  ...{ histogram: 'h', hist: 'h', distribution: 'd', dist: 'd', set: 's' },
};

/** `metric:value` in words. */
export function wordsOf(reason: string): string {
  if (reason === 'unknown:unterminated') return 'the last line has no line feed at its end';
  const [messageType, error] = reason.split(':');
  return describeRejection({ kind: 'error', messageType, error, at: 0 } as Rejection);
}

export function remedyOf(reason: string): string {
  return REMEDIES[reason] ?? 'see docs/errors.md';
}

/** A changed part of a line, by characters. */
export interface Correction {
  readonly line: string;
  readonly start: number;
  readonly end: number;
}

/** The line as it would be accepted, where only one thing can be meant. */
export function correct(line: ByteString, { messageType, error, at }: Rejection): Correction | null {
  if (messageType !== 'metric') return null;
  const head = toText(line.slice(0, at));
  const rest = toText(line.slice(at));
  const [, token = ''] = /^@?([^|]*)/.exec(rest) ?? [];
  const skipped = rest.startsWith('@') ? 1 : 0;
  const fixed = fixOf(error, token);
  if (fixed === undefined || fixed === token) return null;
  const start = head.length + skipped;
  return {
    line: head + rest.slice(0, skipped) + fixed + rest.slice(skipped + token.length),
    start,
    end: start + fixed.length,
  };
}

function fixOf(error: string, token: string): string | undefined {
  if (error === 'type') return TYPES[token.trim().toLowerCase()] ?? lettersOf(token);
  if (error !== 'value' && error !== 'sample_rate') return undefined;
  // 1,5   1 500   12ms   "3"
  const plain = token.replace(/^["'\s]+|["'\s]+$/g, '').replace(/^([+-]?\d+),(\d+)$/, '$1.$2');
  const number = plain.replace(/^([+-]?\d+(?:\.\d+)?)\s*(?:ms|s|%|b)$/i, '$1');
  return /^[+-]?\d+(?:\.\d+)?$/.test(number) ? number : undefined;
}

/** A type in capitals, or with spaces around it. */
function lettersOf(token: string): string | undefined {
  const plain = token.trim().toLowerCase();
  return ['c', 'g', 'h', 'ms', 'd', 's'].includes(plain) ? plain : undefined;
}
