/**
 * The metrics that send most, by whatever order: a page of rows out of the table of all.
 *
 * Search  every word must be in the name, in any case; `name:http.*` has to be all of it, `type:d` picks a type,
 *         `tag:env:prod` metrics that have a context with the tag.
 */

import { matchesGlob } from '../../lib/text/glob.ts';
import { compareNatural } from '../../lib/text/natural-order.ts';
import { CONTEXT_TYPES, type ContextType } from '../../model/context.ts';
import type { MetricTraffic, TopAnswer, TrafficSort } from '../../model/live/traffic-views.ts';
import { toText } from '../../model/text.ts';
import { hasType, type MetricEntry } from '../../statistics/metric-table.ts';
import { largestKey } from '../../statistics/tag-table.ts';
import type { LiveStatistics } from './live-statistics.ts';

export const ROWS_MAX = 1000;

export interface MetricQuery {
  readonly sort: TrafficSort;
  /** The other way round. */
  readonly reverse: boolean;
  readonly search: string;
  readonly type: ContextType | undefined;
  readonly offset: number;
  readonly limit: number;
  /** Seconds the order looks back, for `rate`. */
  readonly since: number;
}

/** What a search asks of a metric. */
export interface MetricSearch {
  readonly words: readonly string[];
  /** Patterns that a name has to be as a whole, `*` for any text; as they are written, case and all. */
  readonly names: readonly string[];
  readonly types: readonly ContextType[];
  readonly tags: readonly string[];
}

const TYPE_WORDS: Readonly<Record<string, ContextType>> = {
  ...{ c: 'counter', count: 'counter', g: 'gauge', s: 'set', d: 'distribution', h: 'histogram' },
  ...{ ms: 'histogram', timing: 'histogram' },
};

export function parseSearch(text: string): MetricSearch {
  const words: string[] = [];
  const names: string[] = [];
  const types: ContextType[] = [];
  const tags: string[] = [];
  for (const word of text.trim().split(/\s+/)) {
    if (word === '') continue;
    const [, key, value = ''] = /^(name|type|tag):(.*)$/i.exec(word) ?? [];
    const type = typeOfWord(value);
    if (key?.toLowerCase() === 'type' && type !== undefined) types.push(type);
    else if (key?.toLowerCase() === 'tag' && value !== '') tags.push(value);
    else if (key?.toLowerCase() === 'name' && value !== '') names.push(value);
    else words.push(word.toLowerCase());
  }
  return { words, names, types, tags };
}

/** Whether a name has every word in it and fits every pattern. */
export function fitsName(name: string, { words, names }: MetricSearch): boolean {
  if (!names.every((pattern) => matchesGlob(name, pattern))) return false;
  if (words.length === 0) return true;
  const lower = name.toLowerCase();
  return words.every((word) => lower.includes(word));
}

export function typeOfWord(word: string): ContextType | undefined {
  const lower = word.toLowerCase();
  return CONTEXT_TYPES.find((type) => type === lower) ?? TYPE_WORDS[lower];
}

/** The rows; `tagged` are the names of metrics with the tags of the search, when it has any. */
export function topMetrics(
  statistics: LiveStatistics,
  query: MetricQuery,
  tagged: ReadonlySet<string> | undefined,
): Omit<TopAnswer<MetricTraffic>, 'by' | 'at'> {
  const { metrics } = statistics;
  const search = parseSearch(query.search);
  const fitting: MetricEntry[] = [];
  for (const entry of metrics.values()) if (fits(entry, search, query.type, tagged)) fitting.push(entry);
  const ordered = order(fitting, query, metrics.covered, statistics.startedAt);
  const scale = statistics.bytesScale;
  const rows = ordered
    .slice(query.offset, query.offset + query.limit)
    .map((entry) => metrics.rowOf(entry, statistics.startedAt, scale));
  const others = isPlain(search, query) ? metrics.otherRows() : [];
  const beyond = others.slice(
    Math.max(0, query.offset - fitting.length),
    Math.max(0, query.offset + query.limit - fitting.length),
  );
  const { k, total, floor, size } = metrics.others;
  return {
    total: fitting.length + others.length,
    offset: query.offset,
    rows: [...rows, ...beyond],
    bounds: {
      askedSeconds: query.since,
      coveredSeconds: Math.min(query.since, Math.max(0, metrics.covered - statistics.startedAt)),
      ...{ exact: metrics.size, k, n: total, errorMax: floor, threads: statistics.threadCount },
      leftOut:
        size < k
          ? null
          : {
              count: 0,
              why: `${metrics.size} metrics are counted exactly; of those beyond, the ${k} largest are kept, each at most ${Math.round(floor)} samples too high.`,
              raise: '',
            },
    },
  };
}

function fits(
  entry: MetricEntry,
  search: MetricSearch,
  type: ContextType | undefined,
  tagged: ReadonlySet<string> | undefined,
): boolean {
  const { words, names, types: wanted, tags } = search;
  if (type !== undefined && !hasType(entry, type)) return false;
  if (wanted.length > 0 && !wanted.some((one) => hasType(entry, one))) return false;
  if (tags.length > 0 && tagged?.has(entry.name) !== true) return false;
  return words.length + names.length === 0 || fitsName(toText(entry.name), search);
}

function isPlain({ words, names, types, tags }: MetricSearch, { type, sort }: MetricQuery): boolean {
  const isOfSamples = sort === 'rate' || sort === 'samples';
  return isOfSamples && words.length + names.length + types.length + tags.length === 0 && type === undefined;
}

/** Largest first, equal ones by name; names from a to z. At least the first `offset + limit` are in order. */
function order(
  entries: MetricEntry[],
  query: MetricQuery,
  covered: number,
  startedAt: number,
): MetricEntry[] {
  const sign = query.reverse ? -1 : 1;
  if (query.sort === 'name') return entries.sort((a, b) => sign * compareNatural(a.name, b.name));
  const keyOf = keyFor(query, covered, startedAt);
  const keyed = entries.map((entry) => ({ entry, key: sign * keyOf(entry) }));
  const shown = firstRows(keyed, query.offset + query.limit);
  shown.sort((a, b) => b.key - a.key || compareNatural(a.entry.name, b.entry.name));
  return shown.map(({ entry }) => entry);
}

/** Those that can be among the first `count`: numbers alone are sorted in a tenth of the time that rows take. */
function firstRows<Row extends { readonly key: number }>(rows: Row[], count: number): Row[] {
  if (rows.length <= count) return rows;
  const keys = Float64Array.from(rows, ({ key }) => key).sort();
  const least = keys[keys.length - count] as number;
  return rows.filter(({ key }) => key >= least);
}

function keyFor(
  { sort, since }: MetricQuery,
  covered: number,
  startedAt: number,
): (entry: MetricEntry) => number {
  switch (sort) {
    case 'samples':
      return ({ samples }) => samples;
    case 'bytes':
      return ({ lineBytes, samples, cells }) =>
        samples === 0 ? 0 : cells.rate(covered, since, startedAt) * (lineBytes / samples);
    case 'contexts':
      return ({ contexts }) => contexts;
    case 'new':
      return ({ newCells }) => newCells.sum(covered - 60, covered);
    case 'tag-values':
      return ({ tagKeys }) => largestKey(tagKeys)?.distinct ?? 0;
    case 'errors':
      return ({ overLimit }) => overLimit;
    case 'last-seen':
      return ({ lastSeen }) => lastSeen;
    default:
      return ({ cells, firstSeen }) => cells.rate(covered, since, Math.max(startedAt, firstSeen - 10));
  }
}
