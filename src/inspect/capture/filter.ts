/**
 * Picks part of recorded traffic: `--filter name=web.*`, `--filter pid=77`, `--filter after=10s`.
 *
 *   name, tag     lines that match; a packet keeps those, and goes when none is left. `*` stands for any text
 *   pid, listener, peer     packets of this sender or transport
 *   after, before           packets from, or up to, so long after the first one
 *
 * Filters of different keys must all match, of several of one key one is enough. `!=` is the opposite: none may match.
 */
import { LF } from '../../model/core-border.ts';
import type { CaptureRecord } from './record.ts';

const LINE_KEYS = ['name', 'tag'] as const;
const PACKET_KEYS = ['pid', 'listener', 'peer'] as const;
const TIME_KEYS = ['after', 'before'] as const;
const KEYS = [...LINE_KEYS, ...PACKET_KEYS, ...TIME_KEYS];
type Key = (typeof KEYS)[number];
const UNIT_NS = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 } as const;

/** A filter makes no sense; the message says which. */
export class FilterError extends TypeError {}

interface Condition {
  readonly key: Key;
  readonly isExcluded: boolean;
  readonly pattern: RegExp;
  readonly pid: number;
  /** Of a time, nanoseconds after the first record. */
  readonly ns: bigint;
}

export class TrafficFilter {
  /** Whether everything passes. */
  readonly isEmpty: boolean;
  private readonly byKey: readonly (readonly [Key, boolean, readonly Condition[]])[];
  private readonly looksAtLines: boolean;
  private first: bigint | undefined;

  /** Throws FilterError. */
  constructor(texts: readonly string[]) {
    const conditions = texts.map(parseCondition);
    this.isEmpty = conditions.length === 0;
    this.looksAtLines = conditions.some(({ key }) => (LINE_KEYS as readonly string[]).includes(key));
    this.byKey = KEYS.flatMap((key) =>
      [false, true].map((isExcluded) => {
        const of = conditions.filter((one) => one.key === key && one.isExcluded === isExcluded);
        return [key, isExcluded, of] as const;
      }),
    ).filter(([, , of]) => of.length > 0);
  }

  /** Returns the record, or what is left of it; undefined when nothing is. */
  apply<T extends CaptureRecord>(record: T): T | undefined {
    if (this.isEmpty) return record;
    if (record.timestamp !== 0n) this.first ??= record.timestamp;
    const passes = this.byKey.every(([key, isExcluded, conditions]) => {
      if ((LINE_KEYS as readonly string[]).includes(key)) return true;
      return conditions.some((one) => this.matchesPacket(one, record)) !== isExcluded;
    });
    if (!passes) return undefined;
    return this.looksAtLines ? this.keepLines(record) : record;
  }

  private matchesPacket({ key, pid, ns, pattern }: Condition, record: CaptureRecord): boolean {
    const since = record.timestamp - (this.first ?? record.timestamp);
    switch (key) {
      case 'pid':
        return record.pid === pid;
      case 'listener':
        return pattern.test(record.listener);
      case 'peer':
        return pattern.test(record.peer);
      case 'after':
        return since >= ns;
      default:
        return since < ns;
    }
  }

  private keepLines<T extends CaptureRecord>(record: T): T | undefined {
    const { payload } = record;
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    const kept: Buffer[] = [];
    for (let start = 0; start < bytes.length; ) {
      const feed = bytes.indexOf(LF, start);
      const end = feed < 0 ? bytes.length : feed + 1;
      if (this.keepsLine(bytes.toString('latin1', start, feed < 0 ? end : feed)))
        kept.push(bytes.subarray(start, end));
      start = end;
    }
    return kept.length === 0 ? undefined : { ...record, payload: Buffer.concat(kept) };
  }

  private keepsLine(line: string): boolean {
    return this.byKey.every(([key, isExcluded, conditions]) => {
      if (key === 'name') return conditions.some(({ pattern }) => pattern.test(nameOf(line))) !== isExcluded;
      if (key !== 'tag') return true;
      const tags = tagsOf(line);
      return conditions.some(({ pattern }) => tags.some((tag) => pattern.test(tag))) !== isExcluded;
    });
  }
}

/** The name of a metric or a check, the title of an event; for lines that mean nothing, what is before the colon. */
export function nameOf(line: string): string {
  if (line.startsWith('_sc|')) return line.split('|', 2)[1] as string;
  if (line.startsWith('_e{')) return line.slice(line.indexOf(':') + 1).split('|', 1)[0] as string;
  const colon = line.indexOf(':');
  return colon < 0 ? line : line.slice(0, colon);
}

export function tagsOf(line: string): readonly string[] {
  const at = line.indexOf('|#');
  return at < 0 ? [] : (line.slice(at + 2).split('|', 1)[0] as string).split(',');
}

function parseCondition(text: string): Condition {
  const [, key = '', operator, value = ''] = /^(\w+)(!?=)(.*)$/s.exec(text) ?? [];
  if (!(KEYS as readonly string[]).includes(key) || value === '')
    throw new FilterError(
      `"${text}" is no filter; write one of ${KEYS.join(', ')}, then = or !=, then a value`,
    );
  const pattern = new RegExp(`^${value.split('*').map(escapeRegExp).join('.*')}$`, 's');
  let pid = 0;
  let ns = 0n;
  if (key === 'pid') {
    if (!/^-?\d{1,10}$/.test(value)) throw new FilterError(`pid is a process id; it is "${value}"`);
    pid = Number(value);
  }
  if ((TIME_KEYS as readonly string[]).includes(key)) ns = BigInt(Math.round(durationNs(value, key)));
  return { key: key as Key, isExcluded: operator === '!=', pattern, pid, ns };
}

function durationNs(text: string, key: string): number {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (amount === undefined)
    throw new FilterError(`${key} is a time such as 10s, 500ms or 2m; it is "${text}"`);
  return Number(amount) * UNIT_NS[unit as keyof typeof UNIT_NS];
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
