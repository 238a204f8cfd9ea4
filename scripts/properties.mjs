/**
 * Runs every test file that has properties, with new random cases each time: `npm run test:properties -- 5` five times.
 * A failure prints the seed; `FC_SEED=<seed> npx vitest run <file>` looks at the same cases again.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const rounds = Number(process.argv[2] ?? 1);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error('usage: npm run test:properties -- [rounds]');
  process.exit(2);
}

const files = ['src', 'ui', 'test', 'bench'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
    .map((name) => join(folder, name))
    .filter((file) => readFileSync(file, 'utf8').includes("from 'fast-check'")),
);

for (let round = 1; round <= rounds; round++) {
  console.log(`round ${round} of ${rounds}, ${files.length} files`);
  const { status } = spawnSync('npx', ['vitest', 'run', ...files], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, FC_SEED: process.env.FC_SEED ?? 'random' },
  });
  if (status !== 0) process.exit(1);
}
