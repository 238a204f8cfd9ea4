/** `whippet import`: reads the file of another server, writes our configuration, and names what could not be carried over. */
import { readFileSync, writeFileSync } from 'node:fs';
import yaml from 'js-yaml';
import { importGostatsd } from '../../inspect/import/gostatsd.ts';
import type { ImportResult } from '../../inspect/import/import-result.ts';
import { importStatsdExporter } from '../../inspect/import/statsd-exporter.ts';
import { importTelegraf } from '../../inspect/import/telegraf.ts';
import { describeCause } from '../../lib/text/describe-cause.ts';
import { escapeControls } from '../../lib/text/terminal-text.ts';

const IMPORTERS: Readonly<Record<string, (text: string, flags: readonly string[]) => ImportResult>> = {
  statsd_exporter: importStatsdExporter,
  gostatsd: importGostatsd,
  telegraf: (text, flags) => {
    if (flags.length > 0) throw new Error('the flags of telegraf say nothing of its inputs');
    return importTelegraf(text);
  },
};

interface Streams {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
}

/** Its exit code. */
export async function importCommand(
  kind: string,
  path: string,
  { output, flags = [] }: { readonly output?: string; readonly flags?: readonly string[] },
  { out, err }: Streams = { out: process.stdout, err: process.stderr },
): Promise<number> {
  const importer = Object.hasOwn(IMPORTERS, kind) ? IMPORTERS[kind] : undefined;
  if (importer === undefined) {
    err.write(`whippet: import knows ${Object.keys(IMPORTERS).join(', ')}, not ${escapeControls(kind)}\n`);
    return 2;
  }
  let result: ImportResult;
  let written: string;
  try {
    result = importer(readFileSync(path, 'utf8'), flags);
    written = `# Made by whippet import ${kind}.\n${yaml.dump(result.config, { lineWidth: -1, noRefs: true })}`;
    if (output !== undefined) writeFileSync(output, written, { flag: 'wx' });
  } catch (error) {
    const why =
      error instanceof Error && 'code' in error ? describeCause(error) : String((error as Error).message);
    err.write(`whippet: cannot import ${escapeControls(path)}: ${escapeControls(why)}\n`);
    return 2;
  }
  if (output === undefined) out.write(written);
  for (const { place, text } of result.notes)
    err.write(`${escapeControls(place)}: ${escapeControls(text)}\n`);
  return result.notes.length === 0 ? 0 : 1;
}
