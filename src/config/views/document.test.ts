import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { UNUSED_AGENT_KEYS } from '../keys/unused-agent-keys.ts';
import { CONFIG_KEYS } from '../schema.ts';
import { HANDY_FLAGS } from '../sources/handy-flags.ts';
import { documentConfiguration } from './document.ts';

describe('docs/configuration.md', () => {
  test('is what the schema says; run `npm run docs` when this fails', () => {
    const committed = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    expect(committed).toBe(documentConfiguration());
  });
  test('has a section for every key', () => {
    const page = documentConfiguration();
    for (const key of CONFIG_KEYS) expect(page).toContain(`### \`${key.path}\`\n`);
  });
});

describe('the schema', () => {
  test('documents every key in whole sentences', () => {
    for (const { path, documentation } of CONFIG_KEYS) {
      const { what, trade, when } = documentation;
      for (const text of [what, trade]) expect(text, path).toMatch(/^[A-Z`].*\.$/);
      if (when !== undefined) expect(when, path).toMatch(/^[a-z`].*\.$/);
    }
  });
  test('uses no key that is listed as not used', () => {
    const paths = new Set(CONFIG_KEYS.map((key) => key.path));
    expect(UNUSED_AGENT_KEYS.filter(({ name }) => paths.has(name))).toEqual([]);
  });
  test('has the key of every handy flag', () => {
    const paths = CONFIG_KEYS.map((key) => key.path);
    for (const flag of HANDY_FLAGS) expect(paths).toContain(flag.key);
  });
});
