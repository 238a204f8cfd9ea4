/**
 * Code blocks of the documents: each configuration is one that a server takes, each JSON can be read, and each command names commands and
 * flags that exist. What commands print is in document-examples.test.ts.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../src/cli/program.ts';
import { loadConfig } from '../src/config/load.ts';
import { checkConfig } from '../src/inspect/check-config.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
type Register = Parameters<typeof buildProgram>[0][number];

/** Blocks that are a part of a file, or a file of another program, by their first line. */
const NOT_CONFIGURATION = [
  '- match:',
  'mappings:',
  'entities:',
  '# workloads.yaml',
  'jobs:',
  'name:',
  'on:',
  'include:',
  'services:',
  '- uses:',
];

interface Block {
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

const documents = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
];
const blocks = documents.flatMap((path): Block[] => {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(({ 1: language = '', 2: block = '', index }) => ({
    place: `${path}:${text.slice(0, index).split('\n').length}`,
    language,
    text: block,
  }));
});
const of = (language: string): Block[] => blocks.filter((block) => block.language === language);

describe('configurations', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'whippet-blocks-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const configurations = of('yaml')
    // Those of these pages are run, some of them to see what is wrong with them, or name a file of the reader.
    .filter(({ place }) => !/^docs\/(rules|explain|plugin)\.md/.test(place))
    .filter(({ text }) => !NOT_CONFIGURATION.some((start) => text.startsWith(start)));

  it('are many', () => expect(configurations.length).toBeGreaterThan(8));

  it.each(configurations)('$place is one that a server takes', ({ text }) => {
    const file = join(folder, 'whippet.yaml');
    writeFileSync(file, text);
    const loaded = loadConfig({ file, env: {} });
    expect(loaded.warnings).toEqual([]);
    expect(() => checkConfig(loaded)).not.toThrow();
  });
});

it.each(of('yaml'))('$place is YAML', ({ text }) => {
  expect(load(text)).toBeTypeOf('object');
});

it.each(of('json'))('$place is JSON', ({ text }) => {
  const read = (): unknown[] =>
    (text.startsWith('{\n') || text.startsWith('[') ? [text] : text.trim().split('\n')).map((one) =>
      JSON.parse(one),
    );
  expect(read).not.toThrow();
});

/** The program with the commands that src/cli/commands.ts imports. */
const imports = readFileSync(join(ROOT, 'src/cli/commands.ts'), 'utf8').matchAll(
  /^import \{ (.*) \} from '(.*)';$/gm,
);
const modules = await Promise.all(
  [...imports]
    .filter(([, names = '']) => names.includes('register'))
    .map(
      ([, , path = '']) =>
        import(/* @vite-ignore */ join(ROOT, 'src/cli', path)) as Promise<Record<string, unknown>>,
    ),
);
const program = buildProgram(
  modules.flatMap((module) =>
    Object.entries(module).flatMap(([name, value]) =>
      name.startsWith('register') ? [value as Register] : [],
    ),
  ),
);

describe('commands', () => {
  const commands = new Map(program.commands.map((command) => [command.name(), command]));
  const lines = [...of('sh'), ...of('bash'), ...of('').filter(({ text }) => /^\$ /m.test(text))].flatMap(
    ({ place, text }) =>
      text
        .replace(/\\\n\s*/g, '')
        .split('\n')
        .flatMap((line) => /^(?:\$ )?(?:\w+=\S* )*(?:npx )?whippet ([a-z].*)$/.exec(line)?.[1] ?? [])
        .map((line) => ({ place, line: line.replace(/\s+#\s.*$/, '') })),
  );

  it('are many', () => expect(lines.length).toBeGreaterThan(50));

  it.each(lines)('$place: whippet $line', ({ line }) => {
    const words = (line.split(/ -- | \| | > /)[0] as string).match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
    let command = commands.get(words[0] as string);
    expect(command, `the command ${words[0]}`).toBeDefined();
    const inner = command?.commands.find((one) => one.name() === words[1]);
    command = inner ?? command;
    const flags = words.filter((word) => /^--?[a-z]/i.test(word)).map((word) => word.replace(/=.*$/s, ''));
    const known = (command as Command).options.flatMap(({ short, long }) => [short, long]);
    expect(
      flags.filter((flag) => !known.includes(flag) && !['--help', '-h', '--version'].includes(flag)),
    ).toEqual([]);
  });
});
