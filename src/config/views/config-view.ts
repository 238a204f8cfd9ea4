/** A loaded configuration as people may see it: every key, its value and where it comes from. Secrets are hidden. */

import type { LoadedConfig } from '../load.ts';
import { CONFIG_KEYS, shownAt } from '../schema.ts';
import { describeSource } from '../sources/setting.ts';
import type { ConfigView } from './config-view-merge.ts';

export function viewConfig({ config, sources }: Pick<LoadedConfig, 'config' | 'sources'>): ConfigView {
  return Object.fromEntries(
    CONFIG_KEYS.map((key) => {
      const source = describeSource(sources.get(key.path) ?? { kind: 'default' });
      return [key.path, { value: shownAt(config, key), source }];
    }),
  );
}
