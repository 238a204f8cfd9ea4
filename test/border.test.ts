/** What AssemblyScript and TypeScript must agree on stands in model/core-border.ts, and nowhere else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const BORDER = join('model', 'core-border.ts');
/** AssemblyScript gives these a type of their own, from the value of the border. */
const TYPED = /^export const (LF: u8 = <u8>LINE_FEED|NO_SLOT: u32 = <u32>border\.NO_SLOT);$/;

const constants = [
  ...readFileSync(join(SRC, BORDER), 'utf8').matchAll(/^export const ([A-Z][A-Z0-9_]*) = (\S+);$/gm),
].map(([, name = '', value = '']) => ({ name, value: Number(value) }));

it('the border declares constants', () => {
  expect(constants.length).toBeGreaterThan(50);
});

it('no other file declares a constant of the border again', () => {
  const names = new Set(constants.map(({ name }) => name));
  const again: string[] = [];
  for (const file of readdirSync(SRC, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file === BORDER || file.endsWith('.test.ts')) continue;
    for (const line of readFileSync(join(SRC, file), 'utf8').split('\n')) {
      const name = /^(?:export )?const ([A-Z][A-Z0-9_]*)\b[^=]*= [-\w<>.]+;$/.exec(line)?.[1];
      if (name !== undefined && names.has(name) && !TYPED.test(line)) again.push(`${file}: ${line}`);
    }
  }
  expect(again).toEqual([]);
});
