/**
 * What the rules of the key `rules` say about aggregation, as the control thread asks: by the name and the type
 * of a context. There is nothing to ask when no rule says anything.
 */
import type { ContextType } from '../../model/context.ts';
import type { AggregationRule, MetricRuleOptions } from '../../model/metric-rule.ts';
import type { ByteString } from '../../model/text.ts';
import { compileMetricRules } from './metric-rule.ts';
import { MetricRules } from './metric-rules.ts';

export interface AggregationRules {
  /** Every rule that says something. */
  readonly list: readonly AggregationRule[];
  readonly ruleOf: ((name: ByteString, type: ContextType) => AggregationRule | undefined) | undefined;
}

/** `options` are checked already; rules with a problem would be none. */
export function compileAggregationRules(options: readonly MetricRuleOptions[]): AggregationRules {
  const compiled = compileMetricRules(options);
  if ('problems' in compiled) return { list: [], ruleOf: undefined };
  const list = compiled.flatMap(({ aggregation }) => aggregation ?? []);
  if (list.length === 0) return { list, ruleOf: undefined };
  const rules = new MetricRules(compiled);
  return { list, ruleOf: (name, type) => rules.ruleOfContext(name, type)?.aggregation };
}

/** The widths of buckets that rules ask for. */
export function bucketWidths(rules: readonly Pick<MetricRuleOptions, 'bucket_seconds'>[]): number[] {
  return [...new Set(rules.flatMap(({ bucket_seconds }) => bucket_seconds ?? []))];
}
