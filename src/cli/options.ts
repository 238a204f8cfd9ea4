/** The flags that configure, as options of a command, and the checked configuration they lead to. */
import type { Command } from 'commander';
import type { LoadedConfig } from '../config/load.ts';
import { type ConfigOptions, flagsOf, HANDY_FLAGS } from '../config/sources/handy-flags.ts';

export type { ConfigOptions };

/** What `whippet run` is given. */
export interface RunOptions extends ConfigOptions {
  readonly watch?: boolean;
  /** False: the table instead of the live view. */
  readonly ui?: boolean;
}

/** Adds the flags that configure, apart from those the command uses for something else. */
export function addConfigOptions(
  command: Command,
  { except = [] }: { readonly except?: readonly string[] } = {},
): Command {
  command.option('-c, --config <file>', 'YAML file to read, in the form of a datadog.yaml');
  for (const { flag, argument, description } of HANDY_FLAGS) {
    if (except.includes(flag)) continue;
    command.option([flag, argument ?? ''].join(' ').trim(), description);
  }
  return command.option('--set <key=value...>', 'set any key of docs/configuration.md');
}

/** Loads the configuration a command was given and checks all of it. Throws ConfigError. */
export async function loadFromOptions(
  options: ConfigOptions,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<LoadedConfig> {
  const [{ loadConfig }, { checkConfig }] = await Promise.all([
    import('../config/load.ts'),
    import('../inspect/check-config.ts'),
  ]);
  const loaded = loadConfig({ file: options.config, env, flags: flagsOf(options) });
  const { warnings } = checkConfig(loaded);
  return { ...loaded, warnings: [...loaded.warnings, ...warnings] };
}
