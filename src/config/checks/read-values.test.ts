/** Values that stand elsewhere: the file of the host name, handles of secrets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../load.ts';
import { describeSource } from '../sources/setting.ts';

const folder = mkdtempSync(join(tmpdir(), 'whippet-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, 'name');
  writeFileSync(path, content);
  return path;
}

describe('hostname_file', () => {
  test('names the host', () => {
    const path = file(' web-1\n');
    const { config, sources } = loadConfig({ env: { DD_HOSTNAME_FILE: path } });
    expect(config.hostname).toBe('web-1');
    expect(describeSource(sources.get('hostname') ?? { kind: 'default' })).toBe(`file ${path}`);
  });
  test('gives way to hostname', () => {
    const env = { DD_HOSTNAME_FILE: file('web-1'), DD_HOSTNAME: 'web-2' };
    expect(loadConfig({ env }).config.hostname).toBe('web-2');
  });
  test.each(['', 'two names', 'x'.repeat(256)])('with "%s" is refused', (content) => {
    expect(() => loadConfig({ env: { DD_HOSTNAME_FILE: file(content) } })).toThrow(
      'does not hold one host name',
    );
  });
  test('that is missing is refused', () => {
    expect(() => loadConfig({ env: { DD_HOSTNAME_FILE: '/nonexistent' } })).toThrow('cannot be read: ENOENT');
  });
});

describe('the handle of a secret', () => {
  test.each([
    'hostname',
    'tags',
    'env',
    'dogstatsd_tags',
    'dd_url',
    'proxy.https',
  ])('is refused as %s', (key) => {
    const flags = [{ flag: '--set', value: `${key}=ENC[name]` }];
    expect(() => loadConfig({ flags })).toThrow(
      `${key} (flag --set) is a handle, ENC[...]: secret backends are not supported`,
    );
  });
  test('is refused as an entry of a list', () => {
    expect(() => loadConfig({ values: { tags: ['a', 'ENC[x]'] } })).toThrow(
      'tags (given values) is a handle',
    );
  });
});
