import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../config/config-error.ts';
import { loadConfig } from '../config/load.ts';
import { checkConfig } from './check-config.ts';

function problemsOf(values: object): readonly { readonly reason?: string; readonly message: string }[] {
  try {
    checkConfig(loadConfig({ values }));
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

const rule = (bucket_seconds: number) => ({ match: 'a', bucket_seconds });

describe('checkConfig', () => {
  it.each([
    [10, [60, 5, 10, 1]],
    [60, [10, 15, 3600]],
  ])('allows with bucket_seconds %i the widths %j', (bucket_seconds, widths) => {
    expect(problemsOf({ bucket_seconds, rules: widths.map(rule) })).toEqual([]);
  });

  it('refuses widths that do not fit, each by its place', () => {
    expect(problemsOf({ rules: [rule(15), rule(20), rule(3)] })).toEqual([
      expect.objectContaining({
        reason: 'bucket_width',
        message:
          'rules (given values): entry 1 "a" has bucket_seconds 15; it must be a multiple of bucket_seconds (10) or a divisor of it',
      }),
      expect.objectContaining({ reason: 'bucket_width', message: expect.stringContaining('entry 3 "a"') }),
    ]);
  });

  it('tells of mapper and rules together', () => {
    const mappings = [{ match: '**', name: 'x' }];
    const dogstatsd_mapper_profiles = [{ name: 'p', prefix: '*', mappings }];
    const reasons = problemsOf({ dogstatsd_mapper_profiles, rules: [{}] }).map(({ reason }) => reason);
    expect(reasons).toEqual(['consecutive_wildcards', 'match_required']);
  });
});
