/**
 * The command line: which commands there are. Each command's work is loaded when it runs, so that
 * `whippet --help` loads commander and nothing else.
 *
 * A new command is one function `(program) => void` and one line in whippet.ts.
 */
import { Command } from 'commander';
import { findNearest } from '../lib/text/nearest.ts';
import { readVersion } from '../lib/version.ts';
import { describeUsage } from './exit.ts';
import { addConfigOptions, type ConfigOptions, type RunOptions } from './options.ts';

export type RegisterCommand = (program: Command) => void;
type StartServer = (options: RunOptions) => Promise<void>;

/** Builds the program. parseAsync() then rejects with CommanderError on wrong usage, which is printed already. */
export function buildProgram(commands: readonly RegisterCommand[]): Command {
  const program = new Command('whippet')
    .description('A DogStatsD server: receives, aggregates and delivers metrics.')
    .version(readVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(describeUsage(text)) })
    .addHelpText('after', PROGRAM_HELP);
  for (const register of commands) register(program);
  return program;
}

const PROGRAM_HELP = `
Without a command, whippet runs the server: "whippet --port 0" is "whippet run --port 0".

Examples:
  whippet                      receive on UDP port 8125, print a summary of every bucket
  whippet run --help           the server's flags
  whippet config               every key, its value and where it comes from
  whippet explain 'a:1|c'      what the server would make of this line
  whippet status               what a running server received, and what was lost
  whippet top                  watch a running server, in place
  whippet tail                 lines as they arrive, and what becomes of each

Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 (status) something was lost.`;

export function registerRun(program: Command, start: StartServer = startServer): void {
  const command = program
    .command('run', { isDefault: true })
    .description('run the server (the default command)')
    // A misspelt command arrives here as an argument, because run is the default.
    .allowExcessArguments();
  addConfigOptions(command)
    .option('--watch', 'load the configuration again whenever its file changes')
    .option('--no-ui', 'on a terminal: a table of every bucket instead of the live view (docs/top.md)')
    .addHelpText('after', RUN_HELP)
    .action(async (options: RunOptions) => {
      const [word] = command.args;
      if (word !== undefined) command.error(explainUnexpected(word, program));
      await start(options);
    });
}

async function startServer(options: RunOptions): Promise<void> {
  const { runCommand } = await import('./run.ts');
  await runCommand(options);
}

const RUN_HELP = `
Examples:
  whippet run                                  UDP port 8125 of this machine
  whippet run --port 0 --http-port 0           any free ports, shown in the log
  whippet run --socket /run/whippet/dsd.sock   a Unix socket as well
  whippet run -c datadog.yaml --echo           an Agent's file; print what arrives
  whippet run --set bucket_seconds=1 --set dogstatsd_tags="env:dev team:web"

Every key is described in docs/configuration.md.`;

export function registerConfig(program: Command): void {
  const command = program
    .command('config')
    .description('print the configuration and where each value comes from');
  addConfigOptions(command)
    .option('--json', 'print JSON')
    .option(
      '--check',
      'only validate, examples of mapper rules included: print ok, or the problems and exit with code 2',
    )
    .addHelpText('after', CONFIG_HELP)
    .action(async (options: ConfigOptions) => {
      const { configCommand } = await import('./config.ts');
      await configCommand(options);
    });
}

const CONFIG_HELP = `
Examples:
  whippet config                               what "whippet run" would use here
  whippet config -c datadog.yaml --check       is this file valid?
  DD_DOGSTATSD_PORT=9125 whippet config --json`;

function explainUnexpected(word: string, program: Command): string {
  const names = program.commands.map((command) => command.name());
  const nearest = findNearest(word, names);
  const start = `error: unknown command or argument '${word}'`;
  return nearest === undefined ? `${start}; see whippet --help` : `${start}; did you mean ${nearest}?`;
}
