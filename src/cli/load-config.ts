/**
 * Loads the configuration for a server that will run for long, and keeps nothing of what that takes.
 *
 *   start   ─▶ brief? ─yes─▶ load-order.cjs on this thread, forgotten afterwards
 *                  └───no──▶ load-config.worker.ts: a thread that ends
 *   reload  ────────────────▶ the same thread
 *
 * Why     A thread takes 60 to 90 ms of processor time more. At the start nothing else runs, so it is only worth that
 *         when loading may take long or block: a file that is long or no plain file, or one that names others.
 */
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ConfigError } from '../config/config-error.ts';
import type { LoadAnswer, LoadedForServer, LoadOrder } from './load-order.ts';
import type { ConfigOptions } from './options.ts';

/** The longest configuration file that is loaded on the control thread. */
const BRIEF_BYTES_MAX = 65_536;
/** Keys that name further files. */
const NAMES_A_FILE = /_file\b|workloads/i;
const OF_CONFIGURATION = /^(DD|WHIPPET)_/;
/** scripts/bundle.mjs makes it of load-order.ts. */
const BUNDLE = new URL('./load-order.cjs', import.meta.url);
/** What zod leaves in the global object; it makes them again where they are missing. */
const ZOD_GLOBALS = ['__zod_globalRegistry', '__zod_globalConfig'];

type Bundle = Pick<typeof import('./load-order.ts'), 'carryOut'>;

/** Loads and checks the configuration at the start of the process. Rejects with ConfigError when something is wrong with it. */
export async function loadConfigAtStart(options: ConfigOptions): Promise<LoadedForServer> {
  const order: LoadOrder = { options, env: { ...process.env } };
  return resultOf(await (isBrief(order) ? loadHere(order) : loadApart(order)));
}

/** The same beside a server that runs, which it does not hold up. */
export async function loadConfigApart(options: ConfigOptions): Promise<LoadedForServer> {
  return resultOf(await loadApart({ options, env: { ...process.env } }));
}

/** Whether loading is sure to be brief: at most one file is read, and it is a short one. Exported for tests. */
export function isBrief({ options, env }: LoadOrder): boolean {
  const variables = Object.entries(env).filter(([name]) => OF_CONFIGURATION.test(name));
  const settings = [...variables.map((variable) => variable.join('=')), ...(options.set ?? [])];
  if (settings.some((setting) => NAMES_A_FILE.test(setting))) return false;
  const path = options.config ?? env.WHIPPET_CONFIG ?? '';
  if (path === '') return true;
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= BRIEF_BYTES_MAX && !NAMES_A_FILE.test(readFileSync(path, 'latin1'));
  } catch {
    // Loading says what is wrong with it.
    return true;
  }
}

/** Nothing refers to the bundle afterwards, so the next garbage collection takes it. */
async function loadHere(order: LoadOrder): Promise<LoadAnswer> {
  const require = createRequire(import.meta.url);
  const path = fileURLToPath(BUNDLE);
  try {
    const { carryOut } = require(path) as Bundle;
    return structuredClone(await carryOut(order));
  } finally {
    Reflect.deleteProperty(require.cache, path);
    for (const name of ZOD_GLOBALS) Reflect.deleteProperty(globalThis, name);
  }
}

async function loadApart(workerData: LoadOrder): Promise<LoadAnswer> {
  const worker = new Worker(new URL('./load-config.worker.js', import.meta.url), { workerData });
  const answer = await new Promise<LoadAnswer>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
  return answer;
}

function resultOf(answer: LoadAnswer): LoadedForServer {
  if ('loaded' in answer) return answer.loaded;
  const [first, ...others] = answer.problems;
  if (first === undefined) throw new Error('loading the configuration failed without a problem');
  throw new ConfigError([first, ...others]);
}
