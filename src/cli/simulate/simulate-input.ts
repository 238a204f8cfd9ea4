/**
 * What `whippet simulate` reads: JSON in the shape of the aggregation vectors, or lines with times.
 *
 *   { "samples": [{ "line", "at", "recv"? }], "flush_at"?, "stop_at"?, "config"? }      one case
 *   { "defaults"?, "cases": [{ "id", … }, …] }                                          several
 *
 *   @1005 page.views:1|c       a time in seconds, a space, a line
 *   page.views:2|c             without a time: the time of the line before, 0 for the first
 *   @1003 page.views:3|c       lines arrive in the order of the file; here the clock has gone back
 *
 * A file that begins with `{` is JSON; no line that means anything does.
 */
import {
  checkTimeline,
  SimulateInputError,
  type TimedLine,
  type Timeline,
} from '../../inspect/simulate/simulate-timeline.ts';
import type { ByteString } from '../../model/text.ts';

export interface SimulateCase {
  /** Undefined for a case on its own. */
  readonly id: string | undefined;
  readonly config: object;
  readonly samples: readonly TimedLine[];
  /** Undefined when the file does not say. */
  readonly flush_at: readonly number[] | undefined;
  readonly stop_at: number | undefined;
}

/** More than these are a mistake, such as a first line without a time before lines with today's. */
const FLUSHES_MAX = 100_000;
/** What some editors put before the first line: U+FEFF. */
const BYTE_ORDER_MARK = '\xef\xbb\xbf';
const TIMED_LINE = /^@(\d+(?:\.\d+)?) /;

/** Throws SimulateInputError. `bytes` are those of the file. */
export function readCases(bytes: ByteString): readonly SimulateCase[] {
  const text = bytes.startsWith(BYTE_ORDER_MARK) ? bytes.slice(BYTE_ORDER_MARK.length) : bytes;
  if (/^\s*\[\s*\{/.test(text)) throw new SimulateInputError('a list is no case; write { "samples": [ … ] }');
  if (!text.trimStart().startsWith('{'))
    return [{ id: undefined, config: {}, samples: readLines(text), flush_at: undefined, stop_at: undefined }];
  const root = parseJson(Buffer.from(text, 'latin1').toString('utf8'));
  if (root.cases === undefined) return [readCase(undefined, root, {})];
  if (!Array.isArray(root.cases)) throw new SimulateInputError('cases is a list');
  return root.cases.map((one: unknown, i) => {
    const fields = mapOf(one, `cases[${i}]`);
    if (typeof fields.id !== 'string') throw new SimulateInputError(`cases[${i}].id is text`);
    try {
      return readCase(fields.id, fields, mapOf(root.defaults ?? {}, 'defaults'));
    } catch (error) {
      if (!(error instanceof SimulateInputError)) throw error;
      throw new SimulateInputError(`case ${fields.id}: ${error.message}`, { cause: error });
    }
  });
}

/**
 * When a bucket of one of the widths has closed, from the first sample until every bucket with the last one has: as
 * the server does.
 */
export function flushTimes(samples: readonly TimedLine[], widths: readonly number[]): number[] {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const { at, recv = at } of samples) {
    first = Math.min(first, at, recv);
    last = Math.max(last, at, recv);
  }
  if (samples.length === 0) return [];
  const endOf = (time: number, width: number): number => (Math.floor(time / width) + 1) * width;
  const end = Math.max(...widths.map((width) => endOf(last, width)));
  const count = widths.reduce((sum, width) => sum + Math.floor((end - endOf(first, width)) / width) + 1, 0);
  if (count > FLUSHES_MAX)
    throw new SimulateInputError(
      `from ${first} to ${last} there are ${count} flushes; give all lines times (@${last} …) or say when to flush`,
    );
  const times = widths.flatMap((width) => {
    const start = endOf(first, width);
    return Array.from({ length: Math.floor((end - start) / width) + 1 }, (_, i) => start + i * width);
  });
  return [...new Set(times)].sort((a, b) => a - b);
}

function readCase(
  id: string | undefined,
  fields: Readonly<Record<string, unknown>>,
  defaults: object,
): SimulateCase {
  const { samples, flush_at, stop_at, config = {} } = fields;
  checkTimeline({ samples, flush_at: flush_at ?? [], ...(stop_at !== undefined && { stop_at }) } as Timeline);
  return {
    id,
    config: { ...defaults, ...mapOf(config, 'config') },
    samples: samples as TimedLine[],
    flush_at: flush_at as number[] | undefined,
    stop_at: stop_at as number | undefined,
  };
}

function readLines(bytes: ByteString): TimedLine[] {
  const samples: TimedLine[] = [];
  let at = 0;
  let recv = 0;
  for (const text of bytes.split(/\r?\n/)) {
    const time = TIMED_LINE.exec(text);
    if (time !== null) at = Number(time[1]);
    recv = Math.max(recv, at);
    const line = text.slice(time?.[0].length ?? 0);
    if (line !== '') samples.push({ line: Buffer.from(line, 'latin1'), at, recv });
  }
  return samples;
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    return mapOf(JSON.parse(text), 'the file');
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new SimulateInputError(`this is no JSON: ${cause.message}`, { cause });
  }
}

function mapOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new SimulateInputError(`${where} is an object`);
}
