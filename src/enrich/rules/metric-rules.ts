/**
 * The rules of the key `rules`, looked up by name and type (docs/rules.md).
 *
 *   http.web.latency, histogram ──▶ the first rule that matches the name and is for the type
 *
 * Two questions. A line asks with the type it was sent as: that rule drops it, picks its tags and says what
 * type it becomes. A context asks with the type it is aggregated as; a rule is for the types it lists and for
 * the one it makes, so both find the same rule unless two types are made one.
 *
 * Memory  an LRU cache of 1000 names, per thread; a name has a list of the few rules that match it.
 * Speed   candidates come from the mapper's index (rule-index.ts), so 10,000 rules cost a new name
 *         microseconds. Known lines do not come here.
 */
import type { ContextType } from '../../model/context.ts';
import type { ByteString } from '../../model/text.ts';
import { LruCache } from '../lru-cache.ts';
import { RuleIndex } from '../mapper/rule-index.ts';
import type { MetricRule } from './metric-rule.ts';

const CACHED_NAMES = 1000;
/** Types a sample with a timestamp of its own can have. */
const PASSED_THROUGH: readonly ContextType[] = ['counter', 'gauge'];

export class MetricRules {
  private readonly index: RuleIndex<MetricRule>;
  private readonly cache = new LruCache<ByteString, readonly MetricRule[]>(CACHED_NAMES);

  constructor(rules: readonly MetricRule[]) {
    this.index = new RuleIndex(rules);
  }

  /** The rule for lines of this name that were sent as this type. */
  ruleOfLine(name: ByteString, type: ContextType): MetricRule | undefined {
    return this.matching(name).find(({ types }) => types === undefined || types.has(type));
  }

  /** The rule for a context of this name that is aggregated as this type. */
  ruleOfContext(name: ByteString, type: ContextType): MetricRule | undefined {
    return this.matching(name).find(({ types, as }) => types === undefined || types.has(type) || as === type);
  }

  /** The rules whose `match` fits, up to the first that is for all types. */
  private matching(name: ByteString): readonly MetricRule[] {
    const known = this.cache.get(name);
    if (known !== undefined) return known;
    const matching: MetricRule[] = [];
    for (const rule of this.index.candidates(name)) {
      if (!rule.matches(name)) continue;
      matching.push(rule);
      if (rule.types === undefined) break;
    }
    // A name cut from a line keeps the whole line in memory; the cache keeps a copy of its own instead.
    this.cache.set(Buffer.from(name, 'latin1').toString('latin1'), matching);
    return matching;
  }
}

/**
 * What a metric sent as `type` becomes. A set stays one, and a sample with a timestamp of its own becomes
 * only what can be passed through.
 */
export function typeUnder(
  rule: MetricRule | undefined,
  type: ContextType,
  timestamped: boolean,
): ContextType {
  const as = rule?.as;
  if (as === undefined || type === 'set') return type;
  return timestamped && !PASSED_THROUGH.includes(as) ? type : as;
}
