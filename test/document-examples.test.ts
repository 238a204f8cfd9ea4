/**
 * Examples of the documents, run as a reader would run them: what they print is what the document says.
 *
 *   a block that begins with "# rules.yaml"    is that file, until another block is
 *   "$ whippet …" at the start of a line       is a command in the folder of those files; what it prints follows
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runWhippet } from './support/command.ts';

const DOCUMENTS = ['docs/rules.md'];
/** A command that takes longer than this has failed. */
const TIMEOUT_MS = 20_000;

interface Example {
  readonly command: string;
  readonly files: ReadonlyMap<string, string>;
  readonly want: string;
}

describe.each(DOCUMENTS)('%s', (document) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'whippet-document-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const examples = examplesOf(readFileSync(new URL(`../${document}`, import.meta.url), 'utf8'));

  it('has examples', () => expect(examples.length).toBeGreaterThan(3));

  it.each(examples)('prints what it says: $command', { timeout: TIMEOUT_MS }, async (example) => {
    const { command, files, want } = example;
    for (const [name, text] of files) writeFileSync(join(folder, name), text);
    const args = wordsOf(command).map((word) => (files.has(word) ? join(folder, word) : word));
    const { stdout, stderr } = await runWhippet(args, { env: { DD_HOSTNAME: 'web-1' } });
    expect(`${stderr}${stdout}`.replaceAll(`${folder}/`, '')).toBe(want);
  });
});

function examplesOf(text: string): Example[] {
  const files = new Map<string, string>();
  const examples: Example[] = [];
  for (const [, block = ''] of text.matchAll(/^```\w*\n(.*?)^```$/gms)) {
    const file = /^# (\S+\.\w+)\n/.exec(block);
    if (file !== null) files.set(file[1] as string, block.slice(file[0].length));
    for (const [, command = '', want = ''] of block.matchAll(/^\$ whippet (.*)\n((?:(?!\$ ).*\n)*)/gm))
      examples.push({ command, files: new Map(files), want });
  }
  return examples;
}

/** Words as a shell makes them of plain words and words with quoted parts. */
function wordsOf(command: string): string[] {
  const words = command.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
}
