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
import { checkDelivery, readKeyFile } from './checks/check-delivery.ts';
import { checkGlobal } from './checks/check-global.ts';
import { checkPlaces } from './checks/check-places.ts';
import { listWarnings } from './checks/list-warnings.ts';
import { percentileWarnings } from './checks/percentile-warnings.ts';
import { readHostnameFile, refuseHandles } from './checks/read-values.ts';
import { ConfigError } from './config-error.ts';
import { reasonOf } from './keys/plain-text.ts';
import { CONFIG_KEYS, type Config, type ConfigKey, configSchema } from './schema.ts';
import { describePlace } from './sources/entries.ts';
import { type Environment, FILE_VARIABLE, readEnvironment } from './sources/environment.ts';
import { readConfigFile, readValues } from './sources/file.ts';
import { type Flag, readFlags } from './sources/flags.ts';
import { readProxyEnvironment } from './sources/proxy-environment.ts';
import { describeSource, Findings, type Setting, type Source } from './sources/setting.ts';
import { readWorkloads, type Workloads } from './sources/workloads.ts';
import { showValue } from './views/show-value.ts';

export interface ConfigRequest {
  /** Path of the configuration file; the environment's WHIPPET_CONFIG when not given. */
  readonly file?: string | undefined;
  /** Keys and values in the shape of the file, from a program instead of one. */
  readonly values?: object;
  /** Whether `values` is written for whippet alone, so that a key that does not exist is an error whatever its name. */
  readonly valuesAreCode?: boolean;
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
  const { env = {}, flags = [], values = {}, valuesAreCode = false } = request;
  const findings = new Findings();
  const settings = new Map<string, Setting>();
  const file = request.file ?? env[FILE_VARIABLE] ?? '';
  const layers = [
    file === '' && request.file === undefined ? [] : readConfigFile(file, findings),
    readValues(values, findings, valuesAreCode),
    readProxyEnvironment(env),
    readEnvironment(env, findings),
    readFlags(flags, findings),
  ];
  for (const layer of layers) for (const setting of layer) settings.set(setting.key, setting);
  readKeyFile(settings, findings);
  readHostnameFile(settings, findings);
  refuseHandles(settings, findings);

  const config = validate(settings, findings);
  if (config !== undefined) {
    checkDelivery(config, findings);
    checkGlobal(config, findings);
    checkPlaces(config, findings);
  }
  for (const warning of percentileWarnings(config?.histogram_percentiles ?? [])) findings.warn(warning);
  if (config !== undefined) for (const warning of listWarnings(config, settings)) findings.warn(warning);
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
  // Once, so code made for it would cost more than it saves.
  const result = configSchema.safeParse(input, { jitless: true });
  if (result.success) return result.data;

  const issues = issuesByKey(result.error.issues);
  for (const key of CONFIG_KEYS) {
    const setting = settings.get(key.path);
    const about = issues.get(key.path);
    if (setting === undefined || about === undefined) continue;
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
  if (documentation.type === 'list of maps' && inside.length === issues.length) {
    return inside.map(
      (issue) => `${path} ${where}: ${describePlace(value, issue.path.slice(depth))}: ${issue.message}`,
    );
  }
  const shown = `${path} is ${showValue(conceal(value))} ${where}`;
  const reasons = new Set(issues.map(reasonOf).filter((reason) => reason !== undefined));
  if (reasons.size > 0) return [`${shown}: ${[...reasons].join('; ')}`];
  const commas = documentation.type === 'list' && typeof value === 'string' && /^[^[].*,/.test(value.trim());
  return [
    `${shown}; allowed: ${documentation.allowed}${commas ? '; entries are separated by spaces, not commas' : ''}`,
  ];
}

function place(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let map = root;
  for (const name of path.slice(0, -1)) {
    map[name] ??= {};
    map = map[name] as Record<string, unknown>;
  }
  map[path.at(-1) ?? ''] = value;
}

/** The issues of each key: an issue's path goes on inside the value, with the index in a list for example. */
function issuesByKey(issues: readonly $ZodIssue[]): Map<string, $ZodIssue[]> {
  const paths = new Set(CONFIG_KEYS.map(({ path }) => path));
  const byKey = new Map<string, $ZodIssue[]>();
  for (const issue of issues) {
    for (let end = issue.path.length; end > 0; end--) {
      const path = issue.path.slice(0, end).join('.');
      if (!paths.has(path)) continue;
      const about = byKey.get(path);
      if (about === undefined) byKey.set(path, [issue]);
      else about.push(issue);
      break;
    }
  }
  return byKey;
}

function listSources(settings: ReadonlyMap<string, Setting>): Map<string, Source> {
  return new Map(CONFIG_KEYS.map(({ path }) => [path, settings.get(path)?.source ?? { kind: 'default' }]));
}
