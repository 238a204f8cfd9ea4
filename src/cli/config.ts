/**
 * `whippet config`: prints each key, its value and where the value comes from.
 *
 *   dogstatsd_port  9125   env DD_DOGSTATSD_PORT
 *   http.port       8127   default
 *   dogstatsd_workers_count  0  default; here 1 for UDP, 1 for Unix datagrams
 */

import type { LoadedConfig } from '../config/load.ts';
import { viewConfig } from '../config/views/config-view.ts';
import { showSetting } from '../config/views/show-value.ts';
import { elide } from '../lib/text/terminal-text.ts';
import { type ConfigOptions, loadFromOptions } from './options.ts';

export interface ConfigCommandOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly check?: boolean;
}

/** Where a command writes; `process` in the program, memory in tests. */
export interface CommandStreams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** A long value pushes its own source aside, not that of every key; --json prints very long ones whole. */
const VALUE_WIDTH_MAX = 32;
const VALUE_WIDTH_CUT = 100;

export async function configCommand(
  options: ConfigCommandOptions,
  { stdout, stderr }: CommandStreams = process,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<void> {
  const loaded = await loadFromOptions(options, env);
  for (const warning of loaded.warnings) stderr.write(`whippet: warning: ${warning}\n`);
  if (options.check) {
    const { checkMapperExamples } = await import('../inspect/check-config.ts');
    checkMapperExamples(loaded);
    stdout.write('ok\n');
  } else stdout.write(options.json ? formatJson(loaded) : formatTable(loaded));
}

export function formatTable(loaded: LoadedConfig): string {
  const rows = Object.entries(viewConfig(loaded)).map(
    ([path, { value, source, chosen }]) =>
      [
        path,
        elide(showSetting(value), VALUE_WIDTH_CUT),
        chosen === undefined ? source : `${source}; here ${chosen}`,
      ] as const,
  );
  const pathWidth = Math.max(...rows.map(([path]) => path.length));
  const valueWidth = Math.min(VALUE_WIDTH_MAX, Math.max(...rows.map(([, value]) => value.length)));
  const lines = rows.map(
    ([path, value, source]) => `${path.padEnd(pathWidth)}  ${value.padEnd(valueWidth)}  ${source}\n`,
  );
  return lines.join('');
}

export function formatJson(loaded: LoadedConfig): string {
  return `${JSON.stringify(viewConfig(loaded), null, 2)}\n`;
}
