/** What an import of another server's file comes to: loaded as a server would, and asked about names. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import yaml from 'js-yaml';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { compileMapper } from '../../src/enrich/mapper/mapper.ts';
import { compileMetricRules } from '../../src/enrich/rules/metric-rule.ts';
import { MetricRules } from '../../src/enrich/rules/metric-rules.ts';
import { checkConfig } from '../../src/inspect/check-config.ts';
import type { ImportResult } from '../../src/inspect/import/import-result.ts';
import type { ContextType } from '../../src/model/context.ts';

/** As a server would load what was written. */
export function loadImported({ config }: ImportResult): Config {
  const folder = mkdtempSync(join(tmpdir(), 'import-'));
  try {
    const file = join(folder, 'whippet.yaml');
    writeFileSync(file, yaml.dump(config, { noRefs: true }));
    const loaded = loadConfig({ file, env: {}, flags: [] });
    checkConfig(loaded);
    return loaded.config;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Name and tags that the mapper makes of a name. */
export function mappedName(config: Config, name: string): [name: string, tags: string] {
  const { mapper } = compileMapper(config.dogstatsd_mapper_profiles, 100);
  const mapping = mapper?.map(name);
  return [mapping?.name ?? name, [...(mapping?.tags ?? [])].sort().join()];
}

/** What the rules say of a final name. */
export function ruleFor(config: Config, name: string, type: ContextType = 'counter') {
  const rules = compileMetricRules(config.rules);
  if ('problems' in rules) throw new Error(rules.problems[0].message);
  return new MetricRules(rules).ruleOfLine(name, type);
}
