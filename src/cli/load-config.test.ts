import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isBrief } from './load-config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-brief-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (text: string): string => {
  const path = join(folder, 'whippet.yaml');
  writeFileSync(path, text);
  return path;
};

it('loading is brief without a file, and with a short one', () => {
  expect(isBrief({ options: {}, env: {} })).toBe(true);
  expect(isBrief({ options: { config: '' }, env: {} })).toBe(true);
  const config = file('outputs: { file: { path: /tmp/x } }\n');
  symlinkSync(config, join(folder, 'link'));
  for (const path of [config, join(folder, 'link'), join(folder, 'missing')]) {
    expect(isBrief({ options: { config: path }, env: {} })).toBe(true);
    expect(isBrief({ options: {}, env: { WHIPPET_CONFIG: path } })).toBe(true);
  }
});

it('loading a long file, or what is no file, may take long', () => {
  expect(isBrief({ options: { config: file('#'.repeat(65_536)) }, env: {} })).toBe(true);
  expect(isBrief({ options: { config: file('#'.repeat(65_537)) }, env: {} })).toBe(false);
  expect(isBrief({ options: { config: folder }, env: {} })).toBe(false);
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  expect(isBrief({ options: { config: pipe }, env: {} })).toBe(false);
});

it('whatever names a further file may take long: nobody knows what that is', () => {
  expect(isBrief({ options: { config: file('api_key_file: /run/key\n') }, env: {} })).toBe(false);
  expect(isBrief({ options: { set: ['workloads=w.yaml'] }, env: {} })).toBe(false);
  expect(isBrief({ options: {}, env: { DD_HOSTNAME_FILE: '/etc/hostname' } })).toBe(false);
  expect(isBrief({ options: {}, env: { WHIPPET_OUTPUTS_OTLP_RECEIVERS: '[{"ca_file":"/ca.pem"}]' } })).toBe(
    false,
  );
  expect(isBrief({ options: {}, env: { SOME_FILE: '/etc/hostname' } })).toBe(true);
});
