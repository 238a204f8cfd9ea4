/** Which keys a running server takes new values for, and what a reload changes. */
import { describeDifference, differingKeys } from '../config/difference.ts';
import type { Config } from '../config/schema.ts';
import { DEFAULT_ENRICH_OPTIONS } from '../enrich/settings.ts';
import type { Workloads } from '../enrich/static-tagger.ts';

const RELOADABLE = new Set([...Object.keys(DEFAULT_ENRICH_OPTIONS), 'workloads']);

/** What a reload changed, as keys of the configuration. */
export interface ReloadReport {
  readonly changed: readonly string[];
  /** Keys that differ but are only read at start. */
  readonly needRestart: readonly string[];
}

interface Loaded {
  readonly config: Config;
  readonly workloads: Workloads;
}

/** What taking `after` for `before` changes, with a sentence for the log for each key that changes. */
export function compareLoaded(
  before: Loaded,
  after: Loaded,
): ReloadReport & { readonly difference: readonly string[] } {
  const differing = differingKeys(before.config, after.config);
  if (JSON.stringify(after.workloads) !== JSON.stringify(before.workloads)) differing.add('workloads');
  const changed = [...differing].filter((key) => RELOADABLE.has(key));
  return {
    changed,
    needRestart: [...differing].filter((key) => !RELOADABLE.has(key)),
    difference: changed.map((key) => describeDifference(before.config, after.config, key)),
  };
}

/** The configuration `before` with the reloadable keys of `after`. */
export function withReloaded(before: Config, after: Config): Config {
  const taken = Object.entries(after).filter(([key]) => RELOADABLE.has(key));
  return { ...before, ...Object.fromEntries(taken) };
}
