/**
 * Drops metrics by name (spec protocol §9).
 *
 *   metric_filterlist: [debug.cache, debug.pool]     exact names, or text prefixes with
 *   metric_filterlist_match_prefix: false            the flag
 *
 * Two filters come of one list. The ingest filter sees the final name of each line, after mapper and
 * namespace. A histogram `latency` however becomes `latency.max` and `latency.95percentile` only at flush,
 * so entries that end like this are tested there once more.
 *
 * Limits  the list may hold many thousand entries: an exact test is one hash lookup, a prefix test one per
 *         distinct entry length.
 */
import { type ByteString, toByteString } from '../model/text.ts';

export interface NameFilter {
  readonly names: ReadonlySet<ByteString>;
  /** Distinct lengths of the entries for prefix matching; undefined for exact matching. */
  readonly prefixLengths: readonly number[] | undefined;
}

export interface NameFilterOptions {
  readonly metric_filterlist: readonly string[];
  readonly metric_filterlist_match_prefix: boolean;
  readonly statsd_metric_blocklist: readonly string[];
  readonly statsd_metric_blocklist_match_prefix: boolean;
}

export function compileNameFilter(entries: readonly string[], matchPrefix: boolean): NameFilter {
  const names = new Set(entries.map(toByteString));
  if (!matchPrefix) return { names, prefixLengths: undefined };
  const lengths = new Set(Array.from(names, (name) => name.length));
  return { names, prefixLengths: [...lengths].sort((a, b) => a - b) };
}

export function matchesName(filter: NameFilter, name: ByteString): boolean {
  return matchingEntry(filter, name) !== undefined;
}

/** Returns the entry that filters `name`, the shortest one of several; undefined when there is none. */
export function matchingEntry(filter: NameFilter, name: ByteString): ByteString | undefined {
  if (filter.names.size === 0) return undefined;
  if (filter.prefixLengths === undefined) return filter.names.has(name) ? name : undefined;
  const length = filter.prefixLengths.find(
    (length) => length <= name.length && filter.names.has(name.slice(0, length)),
  );
  return length === undefined ? undefined : name.slice(0, length);
}

/** Which of the two lists counts: the older one only while the newer one is empty. */
export function nameFilterKey(options: NameFilterOptions): 'metric_filterlist' | 'statsd_metric_blocklist' {
  return options.metric_filterlist.length > 0 ? 'metric_filterlist' : 'statsd_metric_blocklist';
}

/** The filter for names as they arrive. */
export function ingestNameFilter(options: NameFilterOptions): NameFilter {
  return nameFilterKey(options) === 'metric_filterlist'
    ? compileNameFilter(options.metric_filterlist, options.metric_filterlist_match_prefix)
    : compileNameFilter(options.statsd_metric_blocklist, options.statsd_metric_blocklist_match_prefix);
}

/**
 * The filter for names a histogram produces at flush. `suffixes` are those it can produce, `.max` or
 * `.95percentile`; only entries ending in one of them are in this filter.
 */
export function histogramNameFilter(options: NameFilterOptions, suffixes: readonly string[]): NameFilter {
  const ingest = ingestNameFilter(options);
  const derived = [...ingest.names].filter((name) => suffixes.some((suffix) => name.endsWith(suffix)));
  const names = new Set(derived);
  if (ingest.prefixLengths === undefined) return { names, prefixLengths: undefined };
  return { names, prefixLengths: [...new Set(derived.map((name) => name.length))].sort((a, b) => a - b) };
}
