/**
 * A dry run: how many contexts a metric would have without a tag key.
 *
 * Counts the different texts that its contexts would have: exactly up to KEPT_MAX, beyond that a share of them that is
 * chosen by their hash, and says how far the estimate may be off.
 */
import type { Registry } from '../../aggregate/contexts/registry.ts';
import { TagGrowth } from '../../aggregate/contexts/tag-growth.ts';
import type { Steps } from '../../lib/time/steps.ts';
import type { WithoutAnswer } from '../../model/live/server-views.ts';
import { type ByteString, toByteString } from '../../model/text.ts';
import { hash53 } from '../../statistics/distinct-counter.ts';

const KEPT_MAX = 100_000;
const STEP_IDS = 500;
const TAG_KEYS_MAX = 32;
const SEED = [0x51ed270b, 0x2545f491] as const;

export function* withoutKey(
  registry: Registry,
  metric: string,
  key: string,
): Steps<WithoutAnswer | undefined> {
  const name = toByteString(metric);
  const growth = new TagGrowth();
  const kept = new DistinctSample();
  let before = 0;
  for (let id = 0; id < registry.idEnd; id++) {
    if (id % STEP_IDS === 0) yield;
    if (!registry.has(id) || registry.nameOf(id) !== name || registry.isOverflow(id)) continue;
    const { type, host, tags } = registry.context(id);
    before++;
    growth.add(tags);
    const rest = tags.filter((tag) => !hasKey(tag, toByteString(key))).sort();
    kept.add(`${type}\n${host}\n${rest.join('\n')}`);
  }
  if (before === 0) return undefined;
  const after = Math.min(before, kept.estimate);
  const all = registry.counts.total;
  return {
    ...{ metric, key, contexts: { before, after }, lookedAt: before, error: kept.error },
    all: { before: all, after: Math.max(0, all - before + after) },
    tagKeys: growth.report(TAG_KEYS_MAX),
    rule: ruleFor(metric, key),
  };
}

/** Distinct texts, exactly up to KEPT_MAX; beyond that those whose hash ends in so many zeros. */
class DistinctSample {
  private readonly hashes = new Set<number>();
  private level = 0;

  add(text: ByteString): void {
    const hash = hash53(text, SEED);
    if (hash % 2 ** this.level !== 0) return;
    this.hashes.add(hash);
    while (this.hashes.size > KEPT_MAX) {
      this.level++;
      for (const one of this.hashes) if (one % 2 ** this.level !== 0) this.hashes.delete(one);
    }
  }

  get estimate(): number {
    return this.hashes.size * 2 ** this.level;
  }

  /** Relative standard error. */
  get error(): number {
    return this.level === 0 ? 0 : 1 / Math.sqrt(Math.max(1, this.hashes.size));
  }
}

function hasKey(tag: ByteString, key: ByteString): boolean {
  return tag === key || tag.startsWith(`${key}:`);
}

/** The rule to paste (docs/rules.md). JSON strings are YAML strings, whatever is in them. */
function ruleFor(metric: string, key: string): string {
  return `rules:\n  - match: ${JSON.stringify(metric)}\n    drop_tags: [${JSON.stringify(key)}]\n`;
}
