/**
 * Checks and compiles mapper profiles from the configuration (docs/mapper.md#when-a-rule-is-wrong).
 *
 *   - name: airflow                      a profile: names starting with the prefix are its business
 *     prefix: 'airflow.'
 *     mappings:
 *       - match: 'airflow.job.*.*'       a rule: . is literal, * any run without a dot
 *         name: 'airflow.job'
 *         tags: { job: '$1' }
 *       - match: 'airflow\.pool\.(\w+)'  or RE2 syntax, put between ^ and $ as text
 *         match_type: regex
 *         name: 'airflow.pool'
 *
 * The first problem ends the check and refuses all profiles: half a mapping would spread metrics over two
 * sets of names.
 */
import type { RE2JS } from 're2js';
import { type ByteString, toByteString } from '../../model/text.ts';
import { compileNamePattern, matchTypeProblem, type PatternErrorCode } from '../names/name-pattern.ts';
import { compileTemplate, type Template } from './group-references.ts';
import { type IndexedRule, RuleIndex } from './rule-index.ts';

export interface MapperRuleOptions {
  readonly match?: string;
  readonly match_type?: string;
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** What the rule is expected to do; looked at by `checkExamples` only. */
  readonly tests?: readonly MapperExample[];
}

export interface MapperExample {
  /** A metric name as a client sends it. */
  readonly match: string;
  /** False when the rule must not match this name; true when left out. */
  readonly mapped?: boolean;
  /** The name it must become, and exactly these tags. */
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface MapperProfileOptions {
  readonly name?: string;
  readonly prefix?: string;
  readonly mappings?: readonly MapperRuleOptions[];
}

export type MapperErrorCode =
  | 'profile_name_required'
  | 'profile_prefix_required'
  | 'name_required'
  | PatternErrorCode;

export interface MapperProblem {
  readonly code: MapperErrorCode;
  /** A sentence that names the profile and the rule. */
  readonly message: string;
}

export interface CompiledProfile {
  readonly name: string;
  /** Empty when the profile takes every name. */
  readonly prefix: ByteString;
  readonly rules: RuleIndex<CompiledRule>;
}

export interface CompiledRule extends IndexedRule {
  /** The rule as written, for people and for `checkExamples`. */
  readonly options: MapperRuleOptions;
  readonly profileName: string;
  readonly groupCount: number;
  /** Compiled when it is first needed: of many wildcards most are not needed soon, and each takes about 10 KB. */
  pattern(): RE2JS;
  readonly name: Template;
  readonly tags: readonly { readonly key: ByteString; readonly value: Template }[];
}

export function compileProfiles(
  profiles: readonly MapperProfileOptions[],
): CompiledProfile[] | MapperProblem {
  const compiled: CompiledProfile[] = [];
  for (const [index, profile] of profiles.entries()) {
    const where = `mapper profile ${index + 1}${profile.name ? ` "${profile.name}"` : ''}`;
    if (!profile.name) return problem('profile_name_required', where, 'needs a name');
    if (!profile.prefix)
      return problem('profile_prefix_required', where, 'needs a prefix; use * for all names');
    const rules: CompiledRule[] = [];
    for (const [ruleIndex, options] of (profile.mappings ?? []).entries()) {
      const ruleWhere = `${where}, rule ${ruleIndex + 1}${options.match ? ` "${options.match}"` : ''}`;
      const rule = compileRule(options, profile.name, ruleIndex + 1, ruleWhere);
      if ('code' in rule) return rule;
      rules.push(rule);
    }
    const prefix = profile.prefix === '*' ? '' : toByteString(profile.prefix);
    compiled.push({ name: profile.name, prefix, rules: new RuleIndex(rules) });
  }
  return compiled;
}

function compileRule(
  options: MapperRuleOptions,
  profileName: string,
  number: number,
  where: string,
): CompiledRule | MapperProblem {
  const badType = matchTypeProblem(options.match_type);
  if (badType !== undefined) return problem(badType.code, where, badType.what);
  if (!options.name) return problem('name_required', where, 'needs a name');
  const pattern = compileNamePattern(options);
  if ('code' in pattern) return problem(pattern.code, where, pattern.what);
  const { namedGroups, ...shape } = pattern;

  const template = (text: string) => compileTemplate(text, shape.groupCount, namedGroups);
  return {
    options,
    profileName,
    number,
    ...shape,
    name: template(options.name),
    tags: Object.entries(options.tags ?? {}).map(([key, value]) => ({
      key: toByteString(key),
      value: template(value),
    })),
  };
}

function problem(code: MapperErrorCode, where: string, what: string): MapperProblem {
  return { code, message: `${where} ${what}` };
}
