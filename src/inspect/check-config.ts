/**
 * Checks what the schema of the configuration cannot know because it takes the parts that use the values:
 * whether mapper rules compile, and whether their examples hold.
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
  const problem = settings.mapperProblem;
  if (problem === undefined) return settings;
  const key = problem.code === 'cache_size' ? 'dogstatsd_mapper_cache_size' : 'dogstatsd_mapper_profiles';
  throw new ConfigError([
    {
      code: 'ERR_CONFIG_INVALID_VALUE',
      message: `${key} (${sourceOf(loaded, key)}): ${problem.message}`,
      reason: problem.code,
    },
  ]);
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
