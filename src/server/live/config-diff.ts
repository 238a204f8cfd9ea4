/** What a reload of the configuration would change, without changing anything. */
import { ConfigError } from '../../config/config-error.ts';
import type { ConfigChange, ConfigDiff } from '../../model/live/server-views.ts';
import type { LoadedConfig } from '../current-config.ts';
import { compareLoaded } from '../reloadable.ts';

/** Loads the configuration as at start. Rejects with ConfigError when something is wrong with it. */
export type LoadAgain = () => Promise<LoadedConfig & { readonly warnings: readonly string[] }>;

export async function diffConfig(
  before: LoadedConfig,
  loadAgain: LoadAgain | undefined,
  tickSeconds: number,
): Promise<ConfigDiff> {
  if (loadAgain === undefined)
    return {
      valid: false,
      problems: ['this server was started without a configuration to load again'],
      warnings: [],
      changes: [],
    };
  try {
    const after = await loadAgain();
    const { changed, needRestart } = compareLoaded(before, after, tickSeconds);
    const changeOf = (key: string, needsRestart: boolean): ConfigChange => ({
      ...{ key, needsRestart },
      ...{ before: before.view[key]?.value ?? null, after: after.view[key]?.value ?? null },
      ...{ beforeSource: before.view[key]?.source ?? '', afterSource: after.view[key]?.source ?? '' },
    });
    const changes = [
      ...changed.map((key) => changeOf(key, false)),
      ...needRestart.map((key) => changeOf(key, true)),
    ];
    changes.sort((a, b) => (a.key < b.key ? -1 : 1));
    return { valid: true, problems: [], warnings: after.warnings, changes };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {
      valid: false,
      problems: error.problems.map(({ message }) => message),
      warnings: [],
      changes: [],
    };
  }
}
