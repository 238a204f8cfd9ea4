/**
 * Drops metrics by name (docs/protocol.md#from-message-to-sample).
 *
 *   metric_filterlist: [debug.cache, debug.pool]     exact names, or text prefixes with
 *   metric_filterlist_match_prefix: false            the flag
 *   metric_filterlist_prefix: [{prefix: sys, except_prefix: [sys.cpu]}]     prefixes with exceptions (prefix-rules.ts)
 *
 * Entries and names are brought into the same form before they are compared (normal-name.ts).
 *
 * Two filters come of one list. The ingest filter sees the final name of each line, after mapper and
 * namespace. A histogram `latency` however becomes `latency.max` and `latency.95percentile` only at flush,
 * so entries that end like this are tested there once more, and prefixes with exceptions too.
 *
 * Limits  the list may hold many thousand entries: an exact test is one hash lookup, a prefix test one per
 *         distinct entry length.
 */
import { type ByteString, toByteString } from '../../model/text.ts';
import { normalName, normalPrefix } from './normal-name.ts';
import { compilePrefixRules, matchingRule, type PrefixRuleEntry, type PrefixRules } from './prefix-rules.ts';
import { PrefixSet } from './prefix-set.ts';

export interface NameFilter {
  /** Entries as they are compared, with the first text that was written for each; by beginning or as a whole. */
  readonly names: PrefixSet | ReadonlyMap<ByteString, ByteString>;
  /** Undefined when there are none. */
  readonly rules?: PrefixRules | undefined;
}

/** The keys that drop metrics by name. */
export type NameFilterKey = 'metric_filterlist' | 'statsd_metric_blocklist' | 'metric_filterlist_prefix';

/** What filters a name. */
export interface FilterHit {
  readonly entry: ByteString;
  readonly isRule: boolean;
}

export interface NameFilterOptions {
  readonly metric_filterlist: readonly string[];
  readonly metric_filterlist_match_prefix: boolean;
  readonly metric_filterlist_prefix: readonly PrefixRuleEntry[];
  readonly statsd_metric_blocklist: readonly string[];
  readonly statsd_metric_blocklist_match_prefix: boolean;
}

export function compileNameFilter(entries: readonly string[], matchPrefix: boolean): NameFilter {
  const names = new Map<ByteString, ByteString>();
  for (const entry of entries.map(toByteString)) {
    const name = matchPrefix ? normalPrefix(entry) : normalName(entry);
    if (name !== undefined && !names.has(name)) names.set(name, entry);
  }
  return { names: matchPrefix ? new PrefixSet(names) : names };
}

export function matchesName(filter: NameFilter, name: ByteString): boolean {
  return matchingEntry(filter, name) !== undefined;
}

/** Returns the entry that filters `name`, the shortest one of several; undefined when there is none. */
export function matchingEntry(filter: NameFilter, name: ByteString): FilterHit | undefined {
  const { names, rules } = filter;
  if (names.size === 0 && rules === undefined) return undefined;
  const normal = normalName(name);
  if (normal === undefined) return undefined;
  const entry = names instanceof PrefixSet ? names.find(normal) : names.get(normal);
  if (entry !== undefined) return { entry, isRule: false };
  const rule = rules === undefined ? undefined : matchingRule(rules, normal);
  return rule === undefined ? undefined : { entry: rule, isRule: true };
}

/** Which of the two lists counts: the older one only while the newer one is empty. */
export function nameFilterKey(options: NameFilterOptions): 'metric_filterlist' | 'statsd_metric_blocklist' {
  return options.metric_filterlist.length > 0 ? 'metric_filterlist' : 'statsd_metric_blocklist';
}

/** The filter for names as they arrive; what cannot be used as it is written is said in `warnings`. */
export function ingestNameFilter(options: NameFilterOptions, warnings: string[] = []): NameFilter {
  const key = nameFilterKey(options);
  const entries = options[key];
  const matchPrefix = options[`${key}_match_prefix`];
  for (const entry of entries) {
    if (!matchPrefix && entry.endsWith('*'))
      warnings.push(
        `${key}: "${entry}" is the name without the star, not a pattern; ${key}_match_prefix is for beginnings`,
      );
  }
  const { names } = compileNameFilter(entries, matchPrefix);
  const isCovered = (prefix: ByteString): boolean =>
    names instanceof PrefixSet && names.find(prefix) !== undefined;
  const rules = compilePrefixRules(options.metric_filterlist_prefix, isCovered, warnings);
  return { names, rules };
}

/**
 * The filter for names a histogram produces at flush. `suffixes` are those it can produce, `.max` or
 * `.95percentile`; only entries ending in one of them are in this filter, and an exception that fits the histogram fits what
 * it produces.
 */
export function histogramNameFilter(options: NameFilterOptions, suffixes: readonly string[]): NameFilter {
  const { names, rules } = ingestNameFilter(options);
  const isDerived = (name: ByteString): boolean => suffixes.some((suffix) => name.endsWith(suffix));
  const derived =
    names instanceof PrefixSet
      ? names.filter(isDerived)
      : new Map([...names].filter(([name]) => isDerived(name)));
  return { names: derived, rules: rules && { ...rules, suffixes } };
}
