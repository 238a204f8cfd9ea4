/** The flags that configure, as options of a command, and the configuration they lead to. */
import type { Command } from 'commander';
import { type ConfigOptions, flagsOf, HANDY_FLAGS } from '../config/handy-flags.ts';
import type { LoadedConfig } from '../config/load.ts';

export type { ConfigOptions };

export function addConfigOptions(command: Command): Command {
  command.option('-c, --config <file>', 'YAML file to read, in the form of a datadog.yaml');
  for (const { flag, argument, description } of HANDY_FLAGS) {
    command.option([flag, argument ?? ''].join(' ').trim(), description);
  }
  return command.option('--set <key=value...>', 'set any key of docs/configuration.md');
}

/** Loads the configuration a command was given. Throws ConfigError. */
export async function loadFromOptions(
  options: ConfigOptions,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<LoadedConfig> {
  const { loadConfig } = await import('../config/load.ts');
  return loadConfig({ file: options.config, env, flags: flagsOf(options) });
}
