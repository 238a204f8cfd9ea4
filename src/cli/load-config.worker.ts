/**
 * Loads and checks the configuration on a thread of its own, which then ends.
 *
 * The libraries that validate it (zod, yaml) take 10 MB that a running server has no use for; a thread gives
 * its memory back when it ends.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { ConfigError } from '../config/config-error.ts';
import { viewConfig } from '../config/views/config-view.ts';
import type { LoadAnswer, LoadOrder } from './load-config.ts';
import { loadFromOptions } from './options.ts';

const { options, env } = workerData as LoadOrder;

async function load(): Promise<LoadAnswer> {
  try {
    const loaded = await loadFromOptions(options, env);
    return { loaded: { ...loaded, view: viewConfig(loaded) } };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // Causes may hold anything; what people read is in the messages.
    return { problems: error.problems.map(({ cause: _, ...problem }) => problem) };
  }
}

parentPort?.postMessage(await load());
