/** The units of deploy/systemd: what systemd itself says of them. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from './project.ts';

const EXPOSURE_MAX = 3;
const UNITS = ['whippet.service', 'whippet.socket'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-units-'));
  for (const unit of UNITS) cpSync(join(ROOT, 'deploy/systemd', unit), join(folder, unit));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function analyze(...words: string[]): string {
  const { stdout, stderr, error } = spawnSync('systemd-analyze', words, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (error !== undefined)
    throw new Error('this test needs systemd-analyze, of the package systemd', { cause: error });
  return stdout + stderr;
}

it('the service is exposed less than 3.0 of 10', () => {
  const report = analyze('security', '--offline=true', '--no-pager', './whippet.service');
  const exposure = Number(/Overall exposure level for whippet\.service: ([\d.]+)/.exec(report)?.[1]);
  expect(exposure, report).toBeLessThan(EXPOSURE_MAX);
});

it('systemd knows every setting of the units', () => {
  // The command is not installed here; everything else is as it is on a machine.
  const path = join(folder, 'whippet.service');
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('/usr/bin/whippet', process.execPath));
  const complaints = analyze('verify', ...UNITS.map((unit) => `./${unit}`)).split('\n');
  expect(complaints.filter((line) => line.includes('whippet.'))).toEqual([]);
});
