/** Which keys a running server takes new values for, and what a reload changes. */

import type { Config } from '../config/schema.ts';
import { describeDifference, differingKeys } from '../config/views/difference.ts';
import { bucketWidths } from '../enrich/rules/aggregation-rules.ts';
import { DEFAULT_ENRICH_OPTIONS } from '../enrich/settings.ts';
import type { Workloads } from '../enrich/tags/static-tagger.ts';

const RELOADABLE = new Set([...Object.keys(DEFAULT_ENRICH_OPTIONS), 'workloads']);

/**
 * Whether a running server can take the new value of a key. Rules it can take when their buckets end at its
 * `tickSeconds`: the threads seal then, from start to stop.
 */
function isTaken(key: string, after: Config, tickSeconds: number): boolean {
  if (key === 'rules' && bucketWidths(after.rules).some((width) => width % tickSeconds !== 0)) return false;
  return RELOADABLE.has(key);
}

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
  tickSeconds: number,
): ReloadReport & { readonly difference: readonly string[] } {
  const differing = differingKeys(before.config, after.config);
  if (JSON.stringify(after.workloads) !== JSON.stringify(before.workloads)) differing.add('workloads');
  const changed = [...differing].filter((key) => isTaken(key, after.config, tickSeconds));
  return {
    changed,
    needRestart: [...differing].filter((key) => !changed.includes(key)),
    difference: changed.map((key) => describeDifference(before.config, after.config, key)),
  };
}

/** The configuration `before` with the reloadable keys of `after`. */
export function withReloaded(before: Config, after: Config, tickSeconds: number): Config {
  const taken = Object.entries(after).filter(([key]) => isTaken(key, after, tickSeconds));
  return { ...before, ...Object.fromEntries(taken) };
}
