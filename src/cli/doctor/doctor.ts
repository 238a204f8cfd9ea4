/** `whippet doctor`: its arguments and its help. The work is in doctor-command.ts, loaded when it runs. */
import type { Command } from 'commander';
import { addConfigOptions } from '../options.ts';
import type { DoctorCommandOptions } from './doctor-command.ts';

export function registerDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description("check an Agent's file key by key, and this machine")
    .argument('[file]', "the Agent's datadog.yaml");
  addConfigOptions(command)
    .option('--online', 'ask the intake whether it knows the key, and for the time')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (file: string | undefined, options: DoctorCommandOptions) => {
      const { doctorCommand } = await import('./doctor-command.ts');
      process.exitCode = await doctorCommand(file, options);
    });
}

const HELP = `
Examples:
  whippet doctor /etc/datadog-agent/datadog.yaml     what is the same, different or lost
  whippet doctor -c whippet.yaml --online            this machine, the key and the clock

Keys:    same, differs (in what), lost (what that means), other (another part of the Agent)
Machine: ok, warn (works, could be better), fail (does not work), skipped

Exit codes: 0 nothing lost and nothing fails; 1 something does; 2 wrong usage or configuration.`;
