/**
 * One rule of the key `rules`, compiled (docs/rules.md).
 *
 *   - match: 'http.*.latency'        what names it is for, as in the mapper (name-pattern.ts)
 *     types: [histogram]             and what types; all when not given
 *     as: distribution               what it does
 *     drop_tags: [pod]
 *
 * A rule that is wrong refuses the whole list, and every wrong rule is named: a list that is half in force
 * would drop, rename and keep other metrics than the one that was written.
 */
import type { ContextType } from '../../model/context.ts';
import {
  type AggregationRule,
  contextTypeOf,
  type MetricRuleOptions,
  type RuleName,
} from '../../model/metric-rule.ts';
import type { TagChoice } from '../../model/tag-choice.ts';
import type { ByteString } from '../../model/text.ts';
import type { IndexedRule } from '../mapper/rule-index.ts';
import { compileNamePattern, type NamePattern, type PatternErrorCode } from '../names/name-pattern.ts';
import { compileWildcardTest } from '../names/wildcard.ts';
import { compileTagChoice, instructionWarnings } from '../tags/tag-choice.ts';

export interface MetricRule extends IndexedRule {
  readonly options: MetricRuleOptions;
  /** The types it is for; undefined for all. */
  readonly types: ReadonlySet<ContextType> | undefined;
  readonly drop: boolean;
  readonly tagChoice: TagChoice | undefined;
  /** What it makes of metrics other than sets. */
  readonly as: ContextType | undefined;
  /** What it says about aggregation, if anything. */
  readonly aggregation: AggregationRule | undefined;
  matches(name: ByteString): boolean;
}

export type RuleErrorCode =
  | PatternErrorCode
  | 'drop_alone'
  | 'tags_twice'
  | 'no_types'
  | 'set_as'
  | 'no_histogram'
  | 'no_buckets'
  | 'bad_unit'
  | 'not_global'
  | 'bucket_width';

export interface RuleProblem {
  readonly code: RuleErrorCode;
  /** A sentence that names the rule. */
  readonly message: string;
}

/** Returns the rules, or what is wrong with them: at least one problem. */
export function compileMetricRules(list: readonly MetricRuleOptions[]): MetricRule[] | RuleProblems {
  const rules: MetricRule[] = [];
  const problems: RuleProblem[] = [];
  for (const [index, options] of list.entries()) {
    const pattern = compileNamePattern(options);
    const found = 'code' in pattern ? pattern : findContradiction(options);
    if (found !== undefined) problems.push(problemOf(index, options, found));
    else rules.push(compileRule(index + 1, options, pattern as NamePattern));
  }
  const [first, ...others] = problems;
  return first === undefined ? rules : { problems: [first, ...others] };
}

export interface RuleProblems {
  readonly problems: readonly [RuleProblem, ...RuleProblem[]];
}

/** Sentences for the log about rules that hold something without effect. */
export function ruleWarnings(list: readonly MetricRuleOptions[]): string[] {
  return list.flatMap((options, index) =>
    instructionWarnings(options).map((what) => `rules: ${placeOf(index, options)} ${what}`),
  );
}

/** Which rule it is, for people. */
export function nameOf({ number, options }: MetricRule): RuleName {
  return { rule: number, match: options.match ?? '' };
}

function compileRule(
  number: number,
  options: MetricRuleOptions,
  { namedGroups: _, groupCount: __, pattern, ...shape }: NamePattern,
): MetricRule {
  const { types, drop = false, as } = options;
  return {
    ...shape,
    number,
    options,
    types: types && new Set(types.map(contextTypeOf)),
    drop,
    tagChoice: compileTagChoice(options),
    as: as && contextTypeOf(as),
    aggregation: aggregationOf(options),
    matches: shape.wildcard === undefined ? regexTest(shape, pattern) : compileWildcardTest(shape.wildcard),
  };
}

function aggregationOf(options: MetricRuleOptions): AggregationRule | undefined {
  const { aggregates, percentiles, bucket_seconds, expiry_seconds, gauge, scale, unit, buckets } = options;
  const exposure = {
    ...(scale !== undefined && { scale }),
    ...(unit !== undefined && { unit }),
    ...(buckets !== undefined && { buckets }),
  };
  const globalTags =
    options.global === true && options.keep_local === true ? compileTagChoice(options) : undefined;
  const rule: AggregationRule = {
    ...(aggregates !== undefined && { aggregates: aggregates === 'none' ? [] : aggregates }),
    ...(percentiles !== undefined && { percentiles: percentiles === 'none' ? [] : percentiles }),
    ...(bucket_seconds !== undefined && { bucketSeconds: bucket_seconds }),
    ...(expiry_seconds !== undefined && { expirySeconds: expiry_seconds }),
    ...(gauge !== undefined && { gauge }),
    ...(globalTags !== undefined && { globalTags }),
    ...(Object.keys(exposure).length > 0 && { exposure }),
  };
  return Object.keys(rule).length === 0 ? undefined : rule;
}

function regexTest(
  { literalPrefix, requiredTexts }: Omit<IndexedRule, 'number'>,
  pattern: NamePattern['pattern'],
): (name: ByteString) => boolean {
  // Names are matched as bytes, as the mapper does.
  return (name) =>
    name.startsWith(literalPrefix) &&
    requiredTexts.every((text) => name.includes(text)) &&
    pattern().matcher(Buffer.from(name, 'latin1')).find();
}

const UNIT = /^[a-z][a-z0-9_]*$/;

interface Found {
  readonly code: RuleErrorCode;
  readonly what: string;
}

/** Fields that do not go together. */
function findContradiction(options: MetricRuleOptions): Found | undefined {
  const { match: _, match_type: __, types, drop = false, ...actions } = options;
  const [action] = Object.keys(actions);
  if (drop && action !== undefined)
    return { code: 'drop_alone', what: `drops the metric, so ${action} has no effect; remove one of them` };
  if (options.keep_tags !== undefined && options.drop_tags !== undefined)
    return { code: 'tags_twice', what: 'has keep_tags and drop_tags; keep one of them' };
  if (types?.length === 0)
    return { code: 'no_types', what: 'has an empty list of types; leave types out for all of them' };
  if (options.as !== undefined && types?.every((type) => type === 'set'))
    return { code: 'set_as', what: 'is for sets, which cannot become anything else; remove as' };
  const globalField = options.gauge === undefined ? 'keep_local' : 'gauge';
  if (options.global !== true && options[globalField] !== undefined)
    return {
      code: 'not_global',
      what: `has ${globalField}, which is about global metrics; add global: true, or remove ${globalField}`,
    };
  if (options.unit !== undefined && !UNIT.test(options.unit))
    return {
      code: 'bad_unit',
      what: `has the unit ${JSON.stringify(options.unit)}; it ends names, so it consists of a-z, 0-9 and _, such as seconds`,
    };
  if (options.buckets?.length === 0)
    return {
      code: 'no_buckets',
      what: 'has an empty list of buckets; leave buckets out, or name upper bounds',
    };
  if (options.buckets !== undefined && !makesObservations(options))
    return {
      code: 'no_histogram',
      what: 'has buckets, and what it is for is neither histogram nor distribution; remove buckets, or change types or as',
    };
  const histogramField = options.aggregates === undefined ? 'percentiles' : 'aggregates';
  if (options[histogramField] !== undefined && !makesHistograms(options))
    return {
      code: 'no_histogram',
      what: `has ${histogramField}, and what it is for is no histogram; remove ${histogramField}, or change types or as`,
    };
  return undefined;
}

function makesHistograms({ types, as }: MetricRuleOptions): boolean {
  return as === undefined ? (types?.includes('histogram') ?? true) : as === 'histogram';
}

function makesObservations({ types, as }: MetricRuleOptions): boolean {
  if (as !== undefined) return as === 'histogram' || as === 'distribution';
  return types === undefined || types.includes('histogram') || types.includes('distribution');
}

function problemOf(index: number, options: MetricRuleOptions, { code, what }: Found): RuleProblem {
  return { code, message: `${placeOf(index, options)} ${what}` };
}

/** Which entry of the list it is, for messages about the configuration. */
export function placeOf(index: number, { match }: MetricRuleOptions): string {
  return `entry ${index + 1}${match ? ` ${JSON.stringify(match)}` : ''}`;
}
