/**
 * The bytes of a retry file: transactions that wait on disk. Pure: bytes in, bytes out.
 *
 *   head     │ "WHPQ" │ version 1 │ 0 0 0 │ summary length u32 │ crc32 of the summary u32 │ summary, JSON │
 *   record   │ done u8 │ 0 0 0 │ about length u32 │ body length u32 │ crc32 of about + body u32 │ about, JSON │ body │
 *   record … until the end                                                    (numbers are little-endian)
 *
 * `done` is 0 until the transaction is settled and 1 after: the one byte that changes in place, and the only
 * one without a checksum. A file that was read half and not sent whole tells by it what is left.
 *
 * The summary says what the file holds without reading it all. `about` is the transaction without its
 * bytes; keys are never in it, the destination stands for them.
 *
 * Trust  none: the folder may hold anything. A summary or an `about` that is no JSON, or JSON of another shape, is
 *        damage like a wrong checksum. Decoding never throws.
 */
import { crc32 } from 'node:zlib';
import { type Amount, amountOf, NOTHING, sumOf } from './loss-counts.ts';
import type { Priority, Transaction } from './transaction.ts';

export const RETRY_FILE_SUFFIX = '.retry';
const MAGIC = 'WHPQ';
const VERSION = 1;
export const HEAD_BYTES = 16;
const RECORD_BYTES = 16;
/** A summary is a few hundred bytes; more is damage. */
const SUMMARY_BYTES_MAX = 64 * 1024;

export interface RetryFileSummary {
  /** When the newest transaction in it was made; milliseconds since 1970. */
  readonly newest: number;
  readonly oldest: number;
  readonly kinds: Readonly<Record<string, Amount>>;
}

/** Everything of a transaction but its bytes, with short names: a file may hold thousands. */
interface About {
  readonly k: string;
  readonly r: string;
  readonly d: string;
  readonly p: Priority;
  readonly t: number;
  readonly h: Readonly<Record<string, string>>;
  readonly i: number;
  readonly n: number;
  readonly e: number;
}

export interface DecodedRecord {
  readonly transaction: Transaction;
  /** Position of its `done` byte. */
  readonly doneAt: number;
}

export interface DoneRecord {
  readonly kind: string;
  readonly amount: Amount;
  /** Position of its `done` byte. */
  readonly doneAt: number;
}

export interface DecodedFile {
  /** What was not settled, in the order of the file. Bodies are views of the bytes given. */
  readonly records: readonly DecodedRecord[];
  /** What was settled before. */
  readonly done: readonly DoneRecord[];
  /** True when some of it is not as it was written. */
  readonly damaged: boolean;
}

export function summarize(transactions: readonly Transaction[]): RetryFileSummary {
  const kinds: Record<string, Amount> = {};
  let [newest, oldest] = [0, Infinity];
  for (const transaction of transactions) {
    const { kind, createdAt } = transaction;
    kinds[kind] = sumOf(kinds[kind] ?? NOTHING, amountOf(transaction));
    newest = Math.max(newest, createdAt);
    oldest = Math.min(oldest, createdAt);
  }
  return { newest, oldest, kinds };
}

/** The file as pieces to write one after the other; bodies are not copied. */
export function encodeRetryFile(
  transactions: readonly Transaction[],
  summary: RetryFileSummary,
): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(summary));
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, 'latin1');
  head[4] = VERSION;
  head.writeUInt32LE(text.length, 8);
  head.writeUInt32LE(crc32(text), 12);
  return [head, text, ...transactions.flatMap(encodeRecord)];
}

// 2026_01_02__03_04_05_a1b2c3d4.retry        UTC, as the Agent names them
export function nameFile(now: number, random: number): string {
  const time = new Date(now).toISOString().slice(0, 19).replace('T', '__').replaceAll(/[-:]/g, '_');
  const unique = Math.floor(random * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
  return `${time}_${unique}${RETRY_FILE_SUFFIX}`;
}

/** The summary at the start of a file, and where records begin; undefined when it is damaged. */
export function decodeHead(bytes: Buffer): { summary: RetryFileSummary; end: number } | undefined {
  const length = summaryLength(bytes);
  if (length === undefined || bytes.length < HEAD_BYTES + length) return undefined;
  const text = bytes.subarray(HEAD_BYTES, HEAD_BYTES + length);
  if (crc32(text) !== bytes.readUInt32LE(12)) return undefined;
  const summary = asSummary(parseJson(text));
  return summary && { summary, end: HEAD_BYTES + length };
}

/** How long the summary is, from the head alone; undefined when this is no head. */
export function summaryLength(head: Buffer): number | undefined {
  if (head.length < HEAD_BYTES || head.toString('latin1', 0, 4) !== MAGIC || head[4] !== VERSION)
    return undefined;
  const length = head.readUInt32LE(8);
  return length <= SUMMARY_BYTES_MAX ? length : undefined;
}

/** Reads what can be read: every whole record before the first one that is not, and those after it that are. */
export function decodeRetryFile(bytes: Buffer): DecodedFile {
  const records: DecodedRecord[] = [];
  const done: DoneRecord[] = [];
  let damaged = false;
  const head = decodeHead(bytes);
  if (head === undefined) return { records, done, damaged: true };
  for (let at = head.end; at < bytes.length; ) {
    if (bytes.length - at < RECORD_BYTES) return { records, done, damaged: true };
    const aboutEnd = at + RECORD_BYTES + bytes.readUInt32LE(at + 4);
    const end = aboutEnd + bytes.readUInt32LE(at + 8);
    // Lengths that lead past the end: what follows cannot be found any more.
    if (end > bytes.length) return { records, done, damaged: true };
    const isWhole = crc32(bytes.subarray(at + RECORD_BYTES, end)) === bytes.readUInt32LE(at + 12);
    const transaction = isWhole ? decodeRecord(bytes, at + RECORD_BYTES, aboutEnd, end) : undefined;
    if (transaction === undefined) damaged = true;
    else if (bytes[at] === 0) records.push({ transaction, doneAt: at });
    else done.push({ kind: transaction.kind, amount: amountOf(transaction), doneAt: at });
    at = end;
  }
  return { records, done, damaged };
}

function encodeRecord(transaction: Transaction): Uint8Array[] {
  const { kind, route, destination, priority, createdAt, headers, body, itemCount, pointCount, errors } =
    transaction;
  const about: About = {
    k: kind,
    r: route,
    d: destination,
    p: priority,
    t: createdAt,
    h: headers,
    i: itemCount,
    n: pointCount,
    e: errors,
  };
  const text = Buffer.from(JSON.stringify(about));
  const record = Buffer.alloc(RECORD_BYTES);
  record.writeUInt32LE(text.length, 4);
  record.writeUInt32LE(body.byteLength, 8);
  record.writeUInt32LE(crc32(body, crc32(text)), 12);
  return [record, text, body];
}

function decodeRecord(bytes: Buffer, start: number, aboutEnd: number, end: number): Transaction | undefined {
  const about = asAbout(parseJson(bytes.subarray(start, aboutEnd)));
  return (
    about && {
      kind: about.k,
      route: about.r,
      destination: about.d,
      priority: about.p,
      createdAt: about.t,
      headers: about.h,
      body: bytes.subarray(aboutEnd, end),
      itemCount: about.i,
      pointCount: about.n,
      errors: about.e,
    }
  );
}

function parseJson(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}

function asSummary(value: unknown): RetryFileSummary | undefined {
  if (!isRecord(value) || !isCount(value.newest) || !isRecord(value.kinds)) return undefined;
  // A file without transactions has no oldest one, which JSON writes as null.
  const oldest = value.oldest === null ? value.newest : value.oldest;
  if (!isCount(oldest)) return undefined;
  const kinds: Record<string, Amount> = {};
  for (const [kind, amount] of Object.entries(value.kinds)) {
    if (!isRecord(amount)) return undefined;
    const { payloads, items, points, bytes } = amount;
    if (!isCount(payloads) || !isCount(items) || !isCount(points) || !isCount(bytes)) return undefined;
    kinds[kind] = { payloads, items, points, bytes };
  }
  return { newest: value.newest, oldest, kinds };
}

function asAbout(value: unknown): About | undefined {
  if (!isRecord(value)) return undefined;
  const { k, r, d, p, t, h, i, n, e } = value;
  const isText = typeof k === 'string' && typeof d === 'string' && isRoute(r) && isHeaders(h);
  const isNumbers = isCount(t) && isCount(i) && isCount(n) && isCount(e);
  if (!isText || !isNumbers || (p !== 'normal' && p !== 'high')) return undefined;
  return { k, r, d, p, t, h, i, n, e };
}

/** A path, and nothing that would end the line of the request it stands in. */
function isRoute(value: unknown): value is string {
  return typeof value === 'string' && /^\/[\x21-\x7e]*$/.test(value);
}

function isHeaders(value: unknown): value is Record<string, string> {
  if (!isRecord(value)) return false;
  return Object.entries(value).every(
    ([name, text]) => /^[a-z0-9-]+$/i.test(name) && typeof text === 'string' && /^[\x20-\x7e]*$/.test(text),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sums of counts stay numbers: no NaN, no text that `+` would join. */
function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
