/**
 * Merges what several sources say of one entity (docs/origin.md#several-sources).
 *
 *   container   low env:dev, image_name:web     ┐
 *                                               ├─▶ low env:prod, image_name:web
 *   pod         low env:prod                    ┘      env is the pod's alone: its rank is higher
 */
import { NO_SOURCE_TAGS, SOURCE_RANK, type SourceTags, type TagSource } from './entity.ts';

const LEVELS = ['low', 'orchestrator', 'high'] as const;

export interface TagsOfSource {
  readonly source: TagSource;
  readonly tags: SourceTags;
}

/** Returns each tag once a level, sorted, so that equal tags are equal lists. */
export function mergeTags(sources: readonly TagsOfSource[]): SourceTags {
  if (sources.length === 0) return NO_SOURCE_TAGS;
  const rankOf = new Map<string, number>();
  for (const { source, tags } of sources)
    for (const level of LEVELS)
      for (const tag of tags[level]) {
        const name = tagName(tag);
        rankOf.set(name, Math.max(rankOf.get(name) ?? 0, SOURCE_RANK[source]));
      }
  const pick = (level: keyof SourceTags): string[] => {
    const picked = sources.flatMap(({ source, tags }) =>
      tags[level].filter((tag) => rankOf.get(tagName(tag)) === SOURCE_RANK[source]),
    );
    return [...new Set(picked)].sort();
  };
  return {
    low: pick('low'),
    orchestrator: pick('orchestrator'),
    high: pick('high'),
    standard: pick('standard'),
  };
}

function tagName(tag: string): string {
  const colon = tag.indexOf(':');
  return colon < 0 ? tag : tag.slice(0, colon);
}
