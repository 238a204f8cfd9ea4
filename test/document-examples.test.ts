/**
 * Examples of the documents, run as a reader would run them: what they print is what the document says.
 *
 *   a block that begins with "# rules.yaml"    is that file, until another block is
 *   "$ cat lines.txt" at the start of a line   is that file; its content follows
 *   "$ sed 's/a/b/' lines.txt > other.txt"     is another file
 *   "$ whippet …" at the start of a line       is a command in the folder of those files; what it prints follows
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runWhippet } from './support/processes/command.ts';

const DOCUMENTS = ['docs/rules.md', 'docs/explain.md', 'docs/simulate.md'];

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

  it('has examples', () => expect(examples.length).toBeGreaterThan(1));

  it.each(examples)('prints what it says: $command', async (example) => {
    const { command, files, want } = example;
    for (const [name, text] of files) {
      // A file that names another finds it, wherever the server runs.
      const others = [...files.keys()].filter((other) => other !== name);
      const found = others.reduce(
        (all, other) => all.replaceAll(`: ${other}\n`, `: ${join(folder, other)}\n`),
        text,
      );
      writeFileSync(join(folder, name), found);
    }
    // Files are those of the folder, and so is what a command writes.
    const args = wordsOf(command).map((word) =>
      /^[\w-]+\.(?:txt|json|yaml)$/.test(word) ? join(folder, word) : word,
    );
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
    for (const [, name = '', content = ''] of block.matchAll(/^\$ cat (\S+)\n((?:(?!\$ ).*\n)*)/gm))
      files.set(name, content);
    for (const [, before = '', after = '', from = '', to = ''] of block.matchAll(
      /^\$ sed 's\/(.*?)\/(.*?)\/' (\S+) > (\S+)$/gm,
    ))
      files.set(to, (files.get(from) ?? '').replace(before, after));
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
