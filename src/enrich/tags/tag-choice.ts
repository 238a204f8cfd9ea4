/**
 * Which tags a metric rule leaves.
 *
 *   drop_tags: [user, 'env:dev']     user, user:17 and env:dev go; env:prod stays
 *   keep_tags: [env]                 env and env:prod stay, all others go
 *   keep_tags: []                    all go
 *
 * An entry without a colon is a key: the text of a tag before its first colon. One with a colon is a whole
 * tag. It works on all tags of a context: those of the line, the mapper, `dogstatsd_tags` and the origin. A
 * client's `host:` tag and `dd.internal.*` tags are instructions, which are carried out and gone by then
 * (special-tags.ts); no rule keeps or drops them.
 */
import type { MetricRuleOptions } from '../../model/metric-rule.ts';
import type { TagChoice } from '../../model/tag-choice.ts';
import { type ByteString, toByteString } from '../../model/text.ts';
import { isSpecialTag } from './special-tags.ts';

export function compileTagChoice({ keep_tags, drop_tags }: MetricRuleOptions): TagChoice | undefined {
  const list = keep_tags ?? drop_tags;
  if (list === undefined) return undefined;
  const entries = list.map(toByteString);
  return {
    keeps: keep_tags !== undefined,
    keys: new Set(entries.filter((entry) => !entry.includes(':'))),
    tags: new Set(entries.filter((entry) => entry.includes(':'))),
  };
}

/** A sentence for each entry that is about instructions, completing one that begins with the rule. */
export function instructionWarnings({ keep_tags = [], drop_tags = [] }: MetricRuleOptions): string[] {
  return [...keep_tags, ...drop_tags]
    .filter((entry) => isSpecialTag(entry.includes(':') ? entry : `${entry}:`))
    .map(
      (entry) => `lists ${entry}: what a client sends under it is an instruction and no tag of the metric`,
    );
}

/** Returns the tags that stay; all of them without a choice. */
export function chooseTags(
  choice: TagChoice | undefined,
  tags: readonly ByteString[],
): readonly ByteString[] {
  if (choice === undefined) return tags;
  const { keeps, keys, tags: whole } = choice;
  return tags.filter((tag) => (keys.has(tagKey(tag)) || whole.has(tag)) === keeps);
}

/** The text before the first colon. */
export function tagKey(tag: ByteString): ByteString {
  const colon = tag.indexOf(':');
  return colon < 0 ? tag : tag.slice(0, colon);
}
