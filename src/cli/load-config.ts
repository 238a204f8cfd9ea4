/**
 * Loads the configuration for a server that will run for long: on a thread that ends (load-config.worker.ts).
 */
import { Worker } from 'node:worker_threads';
import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { ConfigView } from '../config/views/config-view-merge.ts';
import type { ConfigOptions } from './options.ts';

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

/** Loads and checks the configuration. Rejects with ConfigError when something is wrong with it. */
export async function loadConfigApart(options: ConfigOptions): Promise<LoadedForServer> {
  const workerData: LoadOrder = { options, env: { ...process.env } };
  const worker = new Worker(new URL('./load-config.worker.js', import.meta.url), { workerData });
  const answer = await new Promise<LoadAnswer>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
  if ('loaded' in answer) return answer.loaded;
  const [first, ...others] = answer.problems;
  if (first === undefined) throw new Error('loading the configuration failed without a problem');
  throw new ConfigError([first, ...others]);
}
