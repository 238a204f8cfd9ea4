/** A loaded configuration as people may see it: every key, its value and where it comes from. Secrets are hidden. */

import { workerCountsOf } from '../checks/worker-counts.ts';
import type { LoadedConfig } from '../load.ts';
import { CONFIG_KEYS, type Config, shownAt } from '../schema.ts';
import { describeSource } from '../sources/setting.ts';
import type { ConfigView } from './config-view-merge.ts';

export function viewConfig({ config, sources }: Pick<LoadedConfig, 'config' | 'sources'>): ConfigView {
  return Object.fromEntries(
    CONFIG_KEYS.map((key) => {
      const source = describeSource(sources.get(key.path) ?? { kind: 'default' });
      const chosen = CHOSEN[key.path]?.(config);
      return [key.path, { value: shownAt(config, key), source, ...(chosen !== undefined && { chosen }) }];
    }),
  );
}

/** Keys that may leave the choice to the machine, and what it comes to; undefined where the value says it all. */
const CHOSEN: Readonly<Record<string, (config: Config) => string | undefined>> = {
  dogstatsd_workers_count: (config) => {
    if (config.dogstatsd_workers_count > 0) return undefined;
    const { udp, unixgram } = workerCountsOf(config);
    return `${udp} for UDP, ${unixgram} for Unix datagrams`;
  },
};
