/**
 * The tags something is finally known by: those of the line plus those of its origin.
 *
 *   context          line ∪ origin, filtered and by the metric's rule, each tag once, in the order first seen
 *   timestamped      line, then origin, filtered; order and duplicates stay (docs/behaviour/aggregation.md#timestamped-samples)
 *   event, check     line ∪ origin ∪ host tags, each tag once, sorted
 *
 * The host tags of contexts and timestamped samples are appended by the caller (host-tags.ts): no filter is for them.
 *
 * `origin` is what `resolveOriginTags` returned; a histogram and its copy share it.
 */
import type { RuleName } from '../../model/metric-rule.ts';
import type { LineRule } from '../../model/sample.ts';
import { Tags } from '../../model/tags.ts';
import type { ByteString } from '../../model/text.ts';
import { filterTags, type TagFilter } from '../names/tag-filter.ts';
import { allowTagValues, type TagValues } from '../names/tag-values.ts';
import type { Trace } from '../trace.ts';
import { chooseTags } from './tag-choice.ts';

type TagList = readonly ByteString[];

/** The two lists of the configuration that change tags. */
export interface TagLists {
  readonly tagFilter: TagFilter;
  readonly tagValues: TagValues;
}

/** Returns the tags of the context called `name`. */
export function contextTags(
  name: ByteString,
  line: Tags,
  origin: TagList,
  lists: TagLists,
  rule?: LineRule,
  trace?: Trace,
): Tags {
  return timestampedTags(name, line, origin, lists, rule, trace).distinct();
}

/** Returns the tags of a sample called `name` that has a timestamp of its own and is passed through. */
export function timestampedTags(
  name: ByteString,
  line: Tags,
  origin: TagList,
  { tagFilter, tagValues }: TagLists,
  rule?: LineRule,
  trace?: Trace,
): Tags {
  const tags = line.with(origin);
  // Nothing looks at them one by one.
  if (rule === undefined && tagValues.size === 0 && !tagFilter.has(name)) return tags;
  const all = tags.list;
  const left = filterTags(tagFilter, name, all);
  if (left.length < all.length) trace?.({ kind: 'tags_removed', name, tags: without(all, left) });
  const filtered = allowTagValues(tagValues, name, left);
  if (filtered !== left) {
    const [gone, replacements] = [without(left, filtered), without(filtered, left)];
    trace?.({ kind: 'tag_values', name, tags: gone, replacements: [...new Set(replacements)] });
  }
  if (rule === undefined) return Tags.of(filtered);
  const kept = chooseTags(rule.tagChoice, filtered);
  if (kept.length < filtered.length) {
    const by: RuleName = { rule: rule.rule, match: rule.match };
    trace?.({ kind: 'tags_removed', name, tags: without(filtered, kept), by });
  }
  return Tags.of(kept);
}

function without(tags: TagList, kept: TagList): TagList {
  return tags.filter((tag) => !kept.includes(tag));
}

/** Returns the tags of an event or a service check. */
export function messageTags(line: TagList, origin: TagList, host: TagList = []): ByteString[] {
  return [...new Set(line.concat(origin, host))].sort();
}
