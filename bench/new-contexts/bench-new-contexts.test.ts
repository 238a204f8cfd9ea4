/** The benchmark of new contexts, on tiny input. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { PHASES } from './context-life.ts';

const BENCH = fileURLToPath(new URL('../../dist/bench/new-contexts/bench-new-contexts.js', import.meta.url));

it.runIf(existsSync(BENCH))('npm run bench:contexts says what each phase costs', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [BENCH, '--quick', '--json']);
  const { contexts, ...figures } = JSON.parse(stdout) as Record<string, { ns: number; bytes: number }>;
  expect(contexts).toBeGreaterThan(0);
  expect(Object.keys(figures)).toEqual([...PHASES, 'control thread']);
  expect(figures.listener?.ns).toBeGreaterThan(0);
  expect(figures['control thread']?.bytes).toBeGreaterThan(0);
});
