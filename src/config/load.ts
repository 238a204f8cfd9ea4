/**
 * Loads the configuration: reads every source, lets later ones win, validates the result once.
 *
 *   defaults ◀─ file ◀─ values ◀─ HTTP_PROXY, … ◀─ environment ◀─ flags        the rightmost that sets a key wins
 *       └─────────┴────────┴────────────┴──────────────┴───────────┴─▶ configSchema ─▶ Config, frozen
 *
 * Runs on the control thread, before anything else starts. Reads no clock.
 */
import { hostname } from 'node:os';
import type { $ZodIssue } from 'zod/v4/core';
import { checkDelivery, readKeyFile } from './check-delivery.ts';
import { ConfigError } from './config-error.ts';
import { describePlace } from './entries.ts';
import { type Environment, FILE_VARIABLE, readEnvironment } from './environment.ts';
import { readConfigFile, readValues } from './file.ts';
import { type Flag, readFlags } from './flags.ts';
import { percentileWarnings } from './percentile-warnings.ts';
import { readProxyEnvironment } from './proxy-environment.ts';
import { CONFIG_KEYS, type Config, type ConfigKey, configSchema } from './schema.ts';
import { describeSource, Findings, type Setting, type Source } from './setting.ts';
import { showValue } from './show-value.ts';
import { readWorkloads, type Workloads } from './workloads.ts';

export interface ConfigRequest {
  /** Path of the configuration file; the environment's WHIPPET_CONFIG when not given. */
  readonly file?: string | undefined;
  /** Keys and values in the shape of the file, from a program instead of one. */
  readonly values?: object;
  readonly env?: Environment;
  readonly flags?: readonly Flag[];
}

export interface LoadedConfig {
  readonly config: Config;
  /** What the file of the key `workloads` lists. */
  readonly workloads: Workloads;
  /** Where each key's value comes from, in the order of CONFIG_KEYS. */
  readonly sources: ReadonlyMap<string, Source>;
  /** Sentences for the log. */
  readonly warnings: readonly string[];
}

/** Throws ConfigError, and nothing else, when something is wrong; it then lists everything that is. */
export function loadConfig(request: ConfigRequest): LoadedConfig {
  const { env = {}, flags = [], values = {} } = request;
  const findings = new Findings();
  const settings = new Map<string, Setting>();
  const file = request.file ?? env[FILE_VARIABLE] ?? '';
  const layers = [
    file === '' && request.file === undefined ? [] : readConfigFile(file, findings),
    readValues(values, findings),
    readProxyEnvironment(env),
    readEnvironment(env, findings),
    readFlags(flags, findings),
  ];
  for (const layer of layers) for (const setting of layer) settings.set(setting.key, setting);
  readKeyFile(settings, findings);

  const config = validate(settings, findings);
  if (config !== undefined) checkDelivery(config, findings);
  for (const warning of percentileWarnings(config?.histogram_percentiles ?? [])) findings.warn(warning);
  const workloads = config === undefined ? {} : readWorkloads(config.workloads, findings);
  const [first, ...others] = findings.problems;
  if (first !== undefined) throw new ConfigError([first, ...others]);
  if (config === undefined) throw new Error('validation failed without a problem');
  return { config, workloads, sources: listSources(settings), warnings: findings.warnings };
}

function validate(settings: Map<string, Setting>, findings: Findings): Config | undefined {
  const input = {};
  for (const { key, value } of settings.values()) place(input, key.split('.'), value);
  const named = settings.get('hostname')?.value;
  if (named === undefined || named === '') {
    settings.delete('hostname');
    place(input, ['hostname'], hostname());
  }
  const result = configSchema.safeParse(input);
  if (result.success) return result.data;

  const { issues } = result.error;
  for (const key of CONFIG_KEYS) {
    const setting = settings.get(key.path);
    const about = issues.filter((issue) => keyOfIssue(issue.path) === key.path);
    if (setting === undefined || about.length === 0) continue;
    for (const message of explainIssues(key, setting, about))
      findings.report('ERR_CONFIG_INVALID_VALUE', message);
  }
  return undefined;
}

/** One sentence about a value as a whole, or one for each mistake inside it. */
function explainIssues(
  { path, documentation }: ConfigKey,
  { value, source }: Setting,
  issues: readonly $ZodIssue[],
): string[] {
  const where = `(${describeSource(source)})`;
  const { conceal = (secret) => secret } = documentation;
  const depth = path.split('.').length;
  const inside = issues.filter((issue) => issue.path.length > depth);
  if (documentation.type !== 'list of maps' || inside.length < issues.length)
    return [`${path} is ${showValue(conceal(value))} ${where}; allowed: ${documentation.allowed}`];
  return inside.map(
    (issue) => `${path} ${where}: ${describePlace(value, issue.path.slice(depth))}: ${issue.message}`,
  );
}

function place(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let map = root;
  for (const name of path.slice(0, -1)) {
    map[name] ??= {};
    map = map[name] as Record<string, unknown>;
  }
  map[path.at(-1) ?? ''] = value;
}

/** The key an issue is about: its path without what is inside the value, such as the index in a list. */
function keyOfIssue(path: readonly PropertyKey[]): string {
  for (let end = path.length; end > 0; end--) {
    const candidate = path.slice(0, end).join('.');
    if (CONFIG_KEYS.some((key) => key.path === candidate)) return candidate;
  }
  return '';
}

function listSources(settings: ReadonlyMap<string, Setting>): Map<string, Source> {
  return new Map(CONFIG_KEYS.map(({ path }) => [path, settings.get(path)?.source ?? { kind: 'default' }]));
}
