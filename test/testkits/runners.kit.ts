/**
 * The kit under the runners that people have: jest by require on Node 20, 22 and 24, vitest 2 to 4, each from a project of its
 * own with the package linked; behaviour, reports before the runner's limit, reporter and types.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const SEND = `
const send = (dsd, line) => {
  const socket = require('node:dgram').createSocket('udp4');
  socket.send(line, dsd.port, dsd.host, () => socket.close());
};`;
const BODY = `
let dsd;
beforeAll(async () => { dsd = await startTestServer(); });
afterEach(() => dsd.reset());
afterAll(() => dsd.close());
test('receives', async () => {
  send(dsd, 'paid:3|c|#env:test');
  await expect(dsd).toReceiveMetric('paid', { sum: expect.any(Number), tags: { env: /^t/ } });
  expect(dsd).toHaveReceivedOnly([/^paid$/]);
  expect(dsd).toMatchInlineSnapshot(\`
    metrics
      paid  count  env:test  sum 3
  \`);
});
test('slips', () => { expect(dsd).toHaveReceivedMetric('paid', { summ: 3 }); });
test('waits too long', async () => {
  send(dsd, 'piad:3|c');
  await dsd.waitFor({ name: 'paid' }, { timeoutMs: 60000 });
}, 1500);
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-runners-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function project(name: string, packages: readonly string[], files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, private: true }));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  run(path, 'npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', ...packages);
  if (!existsSync(join(path, 'node_modules/whippet'))) symlinkSync(ROOT, join(path, 'node_modules/whippet'));
  return path;
}

function run(cwd: string, command: string, ...words: string[]): { output: string; status: number | null } {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(VITEST|NODE_ENV|NODE_OPTIONS|TEST$|DEV$|PROD$|MODE$)/.test(name),
    ),
  );
  const { stdout, stderr, status } = spawnSync(command, words, {
    cwd,
    env: { ...env, NO_COLOR: '1', CI: '1' },
    encoding: 'utf8',
  });
  return { output: stdout + stderr, status };
}

/** What each runner has to show for BODY. */
function expectOutcome({ output, status }: { output: string; status: number | null }, path: string): void {
  expect(status, output).toBe(1);
  expect(output).toMatch(/2 failed/);
  expect(output).toMatch(/1 passed/);
  expect(output).toContain('did you mean "sum"?');
  expect(output).toMatch(/piad {2}count/);
  expect(output).toMatch(/because the test runner stops this test 1\.5 s after its start/);
  expect(output).toContain('metrics received in this run');
  const run = JSON.parse(readFileSync(join(path, 'metrics.json'), 'utf8')) as { metrics: { name: string }[] };
  expect(run.metrics.map(({ name }) => name)).toEqual(['paid', 'piad']);
}

/** A copy in place of the link: its types are to find the runner of the project, not ours. */
function copyPackage(path: string): void {
  const target = join(path, 'node_modules/whippet');
  rmSync(target, { force: true, recursive: true });
  cpSync(join(ROOT, 'dist'), join(target, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(target, 'package.json'));
}

function expectTypes(path: string, files: Readonly<Record<string, string>>, options: object): void {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: 'ES2022',
    lib: ['ES2023'],
    ...options,
  };
  writeFileSync(join(path, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
  const { output, status } = run(path, join(ROOT, 'node_modules/.bin/tsc'), '-p', '.');
  expect(status, output).toBe(0);
}

const TYPED = `
async function check(dsd: import('whippet/testing').TestServer) {
  expect(dsd).toHaveReceivedMetric('a', { sum: 1 });
  await expect(dsd).toReceiveMetric(/a/, { sum: expect.any(Number) }, { timeoutMs: 5 });
  expect(dsd).toHaveReceivedOnly(['a']);
  expect(dsd).not.toHaveReceivedNothing();
  // @ts-expect-error: there is no such key
  expect(dsd).toHaveReceivedMetric('a', { summ: 1 });
}
export { check };
`;

describe.each(['29', '30'])('jest %s', (version) => {
  const jest = (): string =>
    project(
      `jest${version}`,
      [
        `jest@${version}`,
        `@types/jest@${version}`,
        '@types/node@20',
        'node20@npm:node@20',
        'node22@npm:node@22',
        'node24@npm:node@24',
      ],
      {
        'jest.config.json': JSON.stringify({
          testMatch: ['**/kit.test.js'],
          setupFilesAfterEnv: ['whippet/testing/jest'],
          reporters: ['default', ['whippet/testing/reporter', { outputFile: 'metrics.json' }]],
        }),
        'kit.test.js': `const { startTestServer } = require('whippet/testing');${SEND}${BODY}`,
      },
    );

  it.each(['20', '22', '24'])('by require on Node %s', (node) => {
    const path = jest();
    expectOutcome(
      run(path, join(path, `node_modules/node${node}/bin/node`), 'node_modules/jest/bin/jest.js'),
      path,
    );
  });

  it('has types in CommonJS and ES modules', () => {
    const path = jest();
    const types = { types: ['jest', 'node'] };
    const required = `import kit = require('whippet/testing');\nimport 'whippet/testing/jest';\nconst server: Promise<kit.TestServer> = kit.startTestServer({ port: 0 });\nvoid server;\n${TYPED}`;
    expectTypes(path, { 'a.cts': required }, { module: 'node16', ...types });
    const imported = `import { startTestServer } from 'whippet/testing';\nimport 'whippet/testing/jest';\nvoid startTestServer;\n${TYPED}`;
    expectTypes(path, { 'b.mts': imported }, { module: 'nodenext', ...types });
  });
});

describe.each(['2', '3', '4'])('vitest %s', (version) => {
  const vitest = (): string =>
    project(`vitest${version}`, [`vitest@${version}`, '@types/node@20'], {
      'vitest.config.mjs': `export default { test: { globals: true, include: ['kit.test.mjs'], setupFiles: ['whippet/testing/vitest'], reporters: ['default', ['whippet/testing/reporter', { outputFile: 'metrics.json' }]] } };`,
      'kit.test.mjs': `import { createRequire } from 'node:module';\nimport { startTestServer } from 'whippet/testing';\nconst require = createRequire(import.meta.url);${SEND}${BODY}`,
    });

  it('runs', () => {
    const path = vitest();
    const outcome = run(path, process.execPath, 'node_modules/vitest/vitest.mjs', 'run');
    // vitest 2 does not tell the limit of a single test: an explicit timeout is kept, and the runner ends the test.
    if (version === '2') {
      expect(outcome.output).toContain('did you mean "sum"?');
      expect(outcome.output).toContain('metrics received in this run');
    } else expectOutcome(outcome, path);
  });

  it('has types', () => {
    const path = vitest();
    copyPackage(path);
    const text = `import { expect } from 'vitest';\nimport 'whippet/testing/vitest';\n${TYPED}`;
    expectTypes(path, { 'a.mts': text }, { module: 'nodenext' });
    expectTypes(path, { 'b.ts': text }, { module: 'esnext', moduleResolution: 'bundler' });
  });
});
