/**
 * Checks what the schema of the configuration cannot know because it takes the parts that use the values:
 * whether mapper rules and metric rules compile, and whether examples of mapper rules hold.
 *
 * Runs at start, at reload and in `whippet config --check`, before anything is changed.
 */
import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import type { LoadedConfig } from '../config/load.ts';
import { describeSource } from '../config/setting.ts';
import { checkExamples } from '../enrich/mapper-examples.ts';
import { compileEnrichSettings, type EnrichSettings, enrichOptionsOf } from '../enrich/settings.ts';

/** Throws ConfigError when enrichment cannot work as configured; returns what it makes of the configuration. */
export function checkConfig(loaded: LoadedConfig): EnrichSettings {
  const settings = compileEnrichSettings(enrichOptionsOf(loaded.config));
  const { mapperProblem, ruleProblems } = settings;
  const problems: ConfigProblem[] = [];
  const report = (key: string, { code, message }: { code: string; message: string }): void => {
    problems.push({
      code: 'ERR_CONFIG_INVALID_VALUE',
      message: `${key} (${sourceOf(loaded, key)}): ${message}`,
      reason: code,
    });
  };
  if (mapperProblem?.code === 'cache_size') report('dogstatsd_mapper_cache_size', mapperProblem);
  else if (mapperProblem !== undefined) report('dogstatsd_mapper_profiles', mapperProblem);
  for (const problem of ruleProblems) report('rules', problem);
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

function sourceOf({ sources }: LoadedConfig, key: string): string {
  return describeSource(sources.get(key) ?? { kind: 'default' });
}
