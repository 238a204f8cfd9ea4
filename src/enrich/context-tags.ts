/**
 * The tags something is finally known by: those of the line plus those of its origin.
 *
 *   context          line ∪ origin, filtered and by the metric's rule, each tag once, in the order first seen
 *   timestamped      line, then origin, filtered; order and duplicates stay (spec aggregation §7)
 *   event, check     line ∪ origin, each tag once, sorted
 *
 * `origin` is what `resolveOriginTags` returned; a histogram and its copy share it.
 */
import type { RuleName } from '../model/metric-rule.ts';
import type { LineRule } from '../model/sample.ts';
import type { ByteString } from '../model/text.ts';
import { chooseTags } from './tag-choice.ts';
import { filterTags, type TagFilter } from './tag-filter.ts';
import type { Trace } from './trace.ts';

type Tags = readonly ByteString[];

/** Returns the tags of the context called `name`. */
export function contextTags(
  name: ByteString,
  line: Tags,
  origin: Tags,
  filter: TagFilter,
  rule?: LineRule,
  trace?: Trace,
): ByteString[] {
  return [...new Set(timestampedTags(name, line, origin, filter, rule, trace))];
}

/** Returns the tags of a sample called `name` that has a timestamp of its own and is passed through. */
export function timestampedTags(
  name: ByteString,
  line: Tags,
  origin: Tags,
  filter: TagFilter,
  rule?: LineRule,
  trace?: Trace,
): Tags {
  const all = origin.length === 0 ? line : line.concat(origin);
  const filtered = filterTags(filter, name, all);
  if (filtered.length < all.length) trace?.({ kind: 'tags_removed', name, tags: without(all, filtered) });
  if (rule === undefined) return filtered;
  const kept = chooseTags(rule.tagChoice, filtered);
  if (kept.length < filtered.length) {
    const by: RuleName = { rule: rule.rule, match: rule.match };
    trace?.({ kind: 'tags_removed', name, tags: without(filtered, kept), by });
  }
  return kept;
}

function without(tags: Tags, kept: Tags): Tags {
  return tags.filter((tag) => !kept.includes(tag));
}

/** Returns the tags of an event or a service check. */
export function messageTags(line: Tags, origin: Tags): ByteString[] {
  return [...new Set(line.concat(origin))].sort();
}
