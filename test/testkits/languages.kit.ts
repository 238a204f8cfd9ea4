/**
 * The helpers for other languages, each run by its own runner with its real client. What a runner needs is installed by the
 * usual tools of its language; a language that is not there fails, because a helper that was not run was not tested.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const KITS = fileURLToPath(new URL('../../testkits', import.meta.url));
const WHIPPET = fileURLToPath(new URL('../../dist/cli/whippet.js', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-testkits-'));
  cpSync(KITS, folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(kit: string, command: string, ...words: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    cwd: join(folder, kit),
    encoding: 'utf8',
    env: { ...process.env, WHIPPET_TEST_COMMAND: `${process.execPath} ${WHIPPET}`, WHIPPET_TEST_URL: '' },
  });
  expect(error, `${command} is needed for this test`).toBeUndefined();
  expect(status, `${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

it('pytest, with the official client', () => {
  run('pytest', 'python3', '-m', 'venv', 'venv');
  run('pytest', 'venv/bin/pip', 'install', '--quiet', 'pytest', 'datadog');
  expect(run('pytest', 'venv/bin/python', '-m', 'pytest', '-q')).toContain('4 passed');
});

it('Go, with the official client', () => {
  run('go', 'go', 'mod', 'tidy');
  expect(run('go', 'go', 'test', '-v', './...')).toMatch(/^PASS$/m);
});

it('JUnit 5, with the official client', () => {
  expect(run('junit5', 'mvn', '-q', '-B', 'test', '-Dsurefire.printSummary=true')).not.toContain('FAIL');
  expect(run('junit5', 'sh', '-c', 'cat target/surefire-reports/*.txt')).toContain(
    'Tests run: 4, Failures: 0',
  );
});

it('RSpec', () => {
  expect(run('rspec', 'rspec')).toContain('4 examples, 0 failures');
});
