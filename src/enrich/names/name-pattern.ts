/**
 * What metric names a rule is for, as mapper rules and metric rules write it.
 *
 *   match: 'airflow.job.*.*'         . is literal, * any run without a dot; each star is a group
 *   match: 'airflow\.pool\.(\w+)'    match_type: regex: RE2 syntax, put between ^ and $ as text
 *
 * RE2JS and not RegExp, because the names are input: RE2 takes time linear in the name.
 */
import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import { toByteString } from '../../model/text.ts';
import { literalPrefix } from '../mapper/literal-prefix.ts';
import { requiredTexts } from '../mapper/required-text.ts';
import type { IndexedRule } from '../mapper/rule-index.ts';
import { wildcardProblem } from './wildcard.ts';

export interface NamePattern extends Omit<IndexedRule, 'number'> {
  readonly groupCount: number;
  readonly namedGroups: Readonly<Record<string, number>>;
  /** Compiled when it is first needed: of many wildcards most are not needed soon, and each takes about 10 KB. */
  pattern(): RE2JS;
}

export type PatternErrorCode =
  | 'invalid_match_type'
  | 'match_required'
  | 'invalid_wildcard'
  | 'consecutive_wildcards'
  | 'invalid_regex';

export interface PatternProblem {
  readonly code: PatternErrorCode;
  /** Completes a sentence that begins with the rule. */
  readonly what: string;
}

const WILDCARD_PROBLEMS = {
  invalid_wildcard: 'may hold only ASCII letters, digits, - _ * and .',
  consecutive_wildcards: 'must not hold two * in a row',
} as const;

export function compileNamePattern(options: {
  readonly match?: string;
  readonly match_type?: string;
}): NamePattern | PatternProblem {
  const { match, match_type } = options;
  const badType = matchTypeProblem(match_type);
  if (badType !== undefined) return badType;
  if (!match) return { code: 'match_required', what: 'needs a match' };
  return match_type === 'regex' ? compileRegex(match) : compileWildcard(match);
}

export function matchTypeProblem(type: string | undefined): PatternProblem | undefined {
  if (!type || type === 'wildcard' || type === 'regex') return undefined;
  return { code: 'invalid_match_type', what: `has match_type "${type}"; it must be wildcard or regex` };
}

function compileWildcard(match: string): NamePattern | PatternProblem {
  const problem = wildcardProblem(match);
  if (problem !== undefined) return { code: problem, what: WILDCARD_PROBLEMS[problem] };
  const source = match.replaceAll('.', '\\.').replaceAll('*', '([^.]*)');
  const pieces = match.split('*');
  let pattern: RE2JS | undefined;
  return {
    wildcard: match,
    literalPrefix: pieces[0] ?? '',
    requiredTexts: pieces.filter((piece) => piece !== ''),
    groupCount: pieces.length - 1,
    namedGroups: {},
    pattern: () => {
      pattern ??= loadRe2().compile(`^${source}$`);
      return pattern;
    },
  };
}

function compileRegex(match: string): NamePattern | PatternProblem {
  const pattern = compilePattern(`^${match}$`);
  if (typeof pattern === 'string') return { code: 'invalid_regex', what: `does not compile: ${pattern}` };
  return {
    wildcard: undefined,
    literalPrefix: toByteString(literalPrefix(match)),
    requiredTexts: requiredTexts(match),
    groupCount: pattern.groupCount(),
    namedGroups: pattern.namedGroups(),
    pattern: () => pattern,
  };
}

/** Returns the pattern, or what is wrong with it. */
function compilePattern(source: string): RE2JS | string {
  try {
    return loadRe2().compile(source);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** RE2JS takes 4 MB of a thread, so it is loaded by the first rule that needs it. */
function loadRe2(): typeof RE2JS {
  return (createRequire(import.meta.url)('re2js') as typeof import('re2js')).RE2JS;
}
