/**
 * Keeps only known values of chosen tags: `metric_tag_value_allowlist` (docs/protocol.md#from-message-to-sample).
 *
 *   - metric_prefix: http.          names that begin with this text, after mapper and namespace
 *     tag_name: route               http.hits route:/users  stays, http.hits route:/x9  goes,
 *     values: [/, /users]           or becomes route:other
 *     on_miss: replace
 *     replacement: other
 *
 * It sees all tags of a context, those of the origin included, after metric_tag_filterlist. A tag without a value is left alone. For one
 * tag at most one entry is for a name, because entries that overlap are refused.
 */
import { type ByteString, toByteString } from '../../model/text.ts';
import { tagKey } from '../tags/tag-choice.ts';

export interface TagValueEntry {
  readonly metric_prefix?: string;
  readonly tag_name?: string;
  readonly values?: readonly string[];
  readonly on_miss?: 'remove' | 'replace';
  readonly replacement?: string;
}

interface ValueRule {
  readonly prefix: ByteString;
  readonly values: ReadonlySet<ByteString>;
  /** What another value becomes; undefined when the tag goes. */
  readonly instead: ByteString | undefined;
}

/** Rules by the name of their tag. */
export type TagValues = ReadonlyMap<ByteString, readonly ValueRule[]>;

/** Compiles the list, or says what is wrong with it. */
export function compileTagValues(
  entries: readonly TagValueEntry[],
): TagValues | { readonly problem: string } {
  const rules = new Map<ByteString, ValueRule[]>();
  for (const [index, entry] of entries.entries()) {
    const { metric_prefix = '', tag_name = '', values = [], on_miss = 'remove', replacement } = entry;
    const refuse = (why: string): { problem: string } => ({ problem: `entry ${index + 1} ${why}` });
    if (metric_prefix === '') return refuse('has no metric_prefix');
    if (tag_name === '') return refuse('has no tag_name');
    if (tag_name.includes(':')) return refuse(`has a colon in its tag_name "${tag_name}"`);
    if (on_miss === 'replace' && (replacement ?? '') === '')
      return refuse('replaces values and has no replacement');
    if (on_miss === 'remove' && replacement !== undefined)
      return refuse('has a replacement and removes; on_miss: replace uses it');
    const name = toByteString(tag_name);
    const prefix = toByteString(metric_prefix);
    const others = rules.get(name) ?? [];
    const other = others.find((rule) => rule.prefix.startsWith(prefix) || prefix.startsWith(rule.prefix));
    if (other !== undefined)
      return refuse(
        `is for names that another entry for ${tag_name} is for: one prefix begins with the other`,
      );
    const instead = on_miss === 'replace' ? `${name}:${toByteString(replacement as string)}` : undefined;
    rules.set(name, [...others, { prefix, values: new Set(values.map(toByteString)), instead }]);
  }
  return rules;
}

/** Returns the tags with their unknown values removed or replaced; the list itself when there are none. */
export function allowTagValues(
  rules: TagValues,
  name: ByteString,
  tags: readonly ByteString[],
): readonly ByteString[] {
  if (rules.size === 0) return tags;
  let isChanged = false;
  const allowed = tags.flatMap((tag) => {
    const key = tagKey(tag);
    const rule =
      key.length === tag.length ? undefined : rules.get(key)?.find(({ prefix }) => name.startsWith(prefix));
    if (rule === undefined || rule.values.has(tag.slice(key.length + 1)) || tag === rule.instead)
      return [tag];
    isChanged = true;
    return rule.instead === undefined ? [] : [rule.instead];
  });
  return isChanged ? allowed : tags;
}
