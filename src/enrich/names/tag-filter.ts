/**
 * Removes tags of chosen metrics (docs/protocol.md#from-message-to-sample).
 *
 *   - metric_name: http.requests        a tag is compared by the text before its first colon:
 *     action: exclude                   user_id:17 goes, user_id_hash:ab stays
 *     tags: [user_id]
 *
 * `exclude` removes the listed tags, `include` removes all others. It works on the final name and on all
 * tags of a context, origin tags included.
 */
import { type ByteString, toByteString } from '../../model/text.ts';
import { tagKey } from '../tags/tag-choice.ts';

export interface TagFilterEntry {
  readonly metric_name?: string;
  readonly action?: string;
  readonly tags?: readonly string[];
}

export interface TagRule {
  readonly action: 'exclude' | 'include';
  readonly keys: ReadonlySet<ByteString>;
}

/** Rules by final metric name. */
export type TagFilter = ReadonlyMap<ByteString, TagRule>;

/** Compiles the list; an entry without a name is skipped and reported in `warnings`. */
export function compileTagFilter(entries: readonly TagFilterEntry[], warnings: string[]): TagFilter {
  const filter = new Map<ByteString, TagRule>();
  entries.forEach((entry, index) => {
    const name = toByteString(entry.metric_name ?? '');
    if (name === '') {
      warnings.push(`metric_tag_filterlist: entry ${index + 1} has no metric_name and is skipped`);
      return;
    }
    // Anything but include excludes: a misspelt action must not strip a metric of all its other tags.
    const { action = 'exclude' } = entry;
    if (action !== 'include' && action !== 'exclude')
      warnings.push(
        `metric_tag_filterlist: entry ${index + 1} "${entry.metric_name}" has the action "${action}"; exclude is used`,
      );
    const rule: TagRule = {
      action: action === 'include' ? 'include' : 'exclude',
      keys: new Set((entry.tags ?? []).map(toByteString)),
    };
    filter.set(name, combine(filter.get(name), rule));
  });
  return filter;
}

export function filterTags(
  filter: TagFilter,
  name: ByteString,
  tags: readonly ByteString[],
): readonly ByteString[] {
  const rule = filter.get(name);
  if (rule === undefined) return tags;
  const wanted = rule.action === 'include';
  return tags.filter((tag) => rule.keys.has(tagKey(tag)) === wanted);
}

/** Two entries for one metric: the same action merges, otherwise the one that excludes stays. */
function combine(earlier: TagRule | undefined, later: TagRule): TagRule {
  if (earlier === undefined) return later;
  if (earlier.action !== later.action) return earlier.action === 'exclude' ? earlier : later;
  return { action: later.action, keys: new Set([...earlier.keys, ...later.keys]) };
}
