/**
 * An order to load the configuration, and what comes of it, as plain data that can go from one thread to another.
 *
 *   load-config.ts ──order──▶ carryOut() ──answer──▶ load-config.ts
 *
 * It runs on a thread of its own (load-config.worker.ts), or on the control thread from a bundle that is forgotten
 * afterwards. Either way a running server keeps nothing of the libraries that validate (zod, js-yaml).
 */
import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import type { LoadedConfig } from '../config/load.ts';
import { viewConfig } from '../config/views/config-view.ts';
import type { ConfigView } from '../config/views/config-view-merge.ts';
import { type ConfigOptions, loadFromOptions } from './options.ts';

export interface LoadOrder {
  readonly options: ConfigOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a server is given: the configuration, and how people see it, so that it need not know the schema. */
export interface LoadedForServer extends LoadedConfig {
  readonly view: ConfigView;
}

export type LoadAnswer =
  | { readonly loaded: LoadedForServer }
  | { readonly problems: readonly ConfigProblem[] };

/** Loads and checks the configuration. Rejects when that fails in another way than by a ConfigError. */
export async function carryOut({ options, env }: LoadOrder): Promise<LoadAnswer> {
  try {
    const loaded = await loadFromOptions(options, env);
    return { loaded: { ...loaded, view: viewConfig(loaded) } };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // Causes may hold anything; what people read is in the messages.
    return { problems: error.problems.map(({ cause: _, ...problem }) => problem) };
  }
}
