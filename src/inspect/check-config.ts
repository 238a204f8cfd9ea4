/**
 * Checks what the schema of the configuration cannot know because it takes the parts that use the values:
 * whether mapper rules and metric rules compile, and whether examples of mapper rules hold.
 *
 * Runs at start, at reload and in `whippet config --check`, before anything is changed.
 */

import { isWidth } from '../aggregate/widths.ts';
import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { describeSource } from '../config/sources/setting.ts';
import { checkExamples } from '../enrich/mapper/mapper-examples.ts';
import { placeOf, type RuleProblem } from '../enrich/rules/metric-rule.ts';
import { compileEnrichSettings, type EnrichSettings, enrichOptionsOf } from '../enrich/settings.ts';

/** Throws ConfigError when enrichment cannot work as configured; returns what it makes of the configuration. */
export function checkConfig(loaded: LoadedConfig): EnrichSettings {
  const settings = compileEnrichSettings(enrichOptionsOf(loaded.config));
  const { mapperProblem, ruleProblems, tagValuesProblem } = settings;
  const problems: ConfigProblem[] = [];
  const report = (key: string, { code, message }: { code: string; message: string }): void => {
    problems.push({
      code: 'ERR_CONFIG_INVALID_VALUE',
      message: `${key} (${sourceOf(loaded, key)}): ${message}`,
      reason: code,
    });
  };
  if (mapperProblem !== undefined) report('dogstatsd_mapper_profiles', mapperProblem);
  if (tagValuesProblem !== undefined)
    report('metric_tag_value_allowlist', { code: 'tag_values', message: tagValuesProblem });
  for (const problem of ruleProblems) report('rules', problem);
  for (const problem of widthProblems(loaded.config)) report('rules', problem);
  const [first, ...others] = problems;
  if (first !== undefined) throw new ConfigError([first, ...others]);
  return settings;
}

/** Throws ConfigError when examples of mapper rules do not hold; it names each. */
export function checkMapperExamples(loaded: LoadedConfig): void {
  const key = 'dogstatsd_mapper_profiles';
  const where = `${key} (${sourceOf(loaded, key)})`;
  const [first, ...others] = checkExamples(loaded.config.dogstatsd_mapper_profiles).map(
    (failure): ConfigProblem => ({
      code: 'ERR_CONFIG_EXAMPLE_FAILED',
      message: `${where}: ${failure}`,
    }),
  );
  if (first !== undefined) throw new ConfigError([first, ...others]);
}

/** Rules whose buckets fit into no other, and no other into them. */
function widthProblems({ rules, bucket_seconds: bucketSeconds }: Config): RuleProblem[] {
  return rules.flatMap((options, index) => {
    const { bucket_seconds: width } = options;
    if (width === undefined || isWidth(width, bucketSeconds)) return [];
    const allowed = `a multiple of bucket_seconds (${bucketSeconds}) or a divisor of it`;
    const message = `${placeOf(index, options)} has bucket_seconds ${width}; it must be ${allowed}`;
    return { code: 'bucket_width', message };
  });
}

function sourceOf({ sources }: LoadedConfig, key: string): string {
  return describeSource(sources.get(key) ?? { kind: 'default' });
}
