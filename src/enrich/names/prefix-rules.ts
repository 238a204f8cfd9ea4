/**
 * Drops metrics whose name begins with a text, with exceptions: `metric_filterlist_prefix`.
 *
 *   - prefix: sys                  text and not a part of a name: system.cpu begins with sys; empty is every name
 *     except_prefix: [sys.cpu]     an exception of any rule saves a name from all of them,
 *     except_exact: [sys.load]     but not from metric_filterlist
 *
 * A rule whose prefix is covered by an entry of metric_filterlist with metric_filterlist_match_prefix counts for nothing, its exceptions
 * included. Names and texts are compared in their normal form (normal-name.ts).
 */
import { type ByteString, toByteString } from '../../model/text.ts';
import { normalName, normalPrefix } from './normal-name.ts';
import { PrefixSet } from './prefix-set.ts';

export interface PrefixRuleEntry {
  readonly prefix?: string;
  readonly except_prefix?: readonly string[];
  readonly except_exact?: readonly string[];
}

export interface PrefixRules {
  /** As they are compared, with what was written. */
  readonly prefixes: PrefixSet;
  readonly exceptPrefixes: PrefixSet;
  readonly exceptExact: ReadonlySet<ByteString>;
  /** What may follow the name that an exception is for: what a histogram adds to its name. */
  readonly suffixes?: readonly string[];
}

/** Undefined when no rule can be used; one that cannot, or an exception, is said in `warnings`. */
export function compilePrefixRules(
  entries: readonly PrefixRuleEntry[],
  isCovered: (prefix: ByteString) => boolean,
  warnings: string[],
): PrefixRules | undefined {
  const prefixes = new Map<ByteString, ByteString>();
  const exceptPrefixes = new Map<ByteString, ByteString>();
  const exceptExact = new Map<ByteString, ByteString>();
  entries.forEach(({ prefix: text, except_prefix = [], except_exact = [] }, index) => {
    const warn = (why: string): void =>
      void warnings.push(`metric_filterlist_prefix: entry ${index + 1} ${why}`);
    const prefix = text === undefined ? undefined : normalPrefix(toByteString(text));
    if (prefix === undefined) {
      warn(
        text === undefined
          ? 'has no prefix and is skipped'
          : `has the prefix "${text}" without a letter and is skipped`,
      );
      return;
    }
    if (isCovered(prefix)) return;
    if (!prefixes.has(prefix)) prefixes.set(prefix, toByteString(text as string));
    const add = (
      texts: readonly string[],
      set: Map<ByteString, ByteString>,
      normal: typeof normalName,
    ): void => {
      for (const exception of texts) {
        const name = exception === '' ? undefined : normal(toByteString(exception));
        if (name === undefined) warn(`has the exception "${exception}" without a letter, which is skipped`);
        else set.set(name, name);
      }
    };
    add(except_prefix, exceptPrefixes, normalPrefix);
    add(except_exact, exceptExact, normalName);
  });
  if (prefixes.size === 0) return undefined;
  return {
    prefixes: new PrefixSet(prefixes),
    exceptPrefixes: new PrefixSet(exceptPrefixes),
    exceptExact: new Set(exceptExact.keys()),
  };
}

/** The prefix, as it was written, that drops a name in its normal form; undefined when none does. */
export function matchingRule(rules: PrefixRules, name: ByteString): ByteString | undefined {
  const text = rules.prefixes.find(name);
  return text === undefined || isExcepted(rules, name) ? undefined : text;
}

function isExcepted({ exceptPrefixes, exceptExact, suffixes = [] }: PrefixRules, name: ByteString): boolean {
  if (exceptExact.has(name) || exceptPrefixes.find(name) !== undefined) return true;
  return suffixes.some((suffix) => name.endsWith(suffix) && exceptExact.has(name.slice(0, -suffix.length)));
}
