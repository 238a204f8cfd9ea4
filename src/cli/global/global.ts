/** `whippet global`: what is about global aggregation beside the server. The work is in a file that is loaded when it runs. */
import type { Command } from 'commander';
import { EXIT_CODES } from '../exit.ts';
import type { GlobalSimulateOptions } from './simulate-fleet-command.ts';

export function registerGlobal(program: Command): void {
  const group = program.command('global').description('about global aggregation over Kafka (docs/global.md)');
  const command = group
    .command('simulate')
    .description('size a fleet: chunks, bytes, CPU and memory, by running the real code for generated edges')
    .option('--edges <n>', 'hosts; without it, a table for 100 to 100,000')
    .option('--contexts <n>', 'contexts of each edge (500)')
    .option(
      '--distinct <n>',
      'different contexts of the fleet (ten edges have as many as one, at least 5,000)',
    )
    .option('--partitions <n>', 'partitions of a topic (16 to 256, by the number of edges)')
    .option('--buckets <n>', 'buckets of ten seconds to run through (3)')
    .option('--seed <n>', 'another seed makes another fleet (1)')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (options: GlobalSimulateOptions) => {
      const { globalSimulateCommand, GlobalUsageError } = await import('./simulate-fleet-command.ts');
      try {
        globalSimulateCommand(options);
      } catch (error) {
        if (!(error instanceof GlobalUsageError)) throw error;
        command.error(`error: ${error.message}`, { exitCode: EXIT_CODES.usage });
      }
    });
}

const HELP = `
Examples:
  whippet global simulate                               a table for fleets of 100 to 100,000 hosts
  whippet global simulate --edges 2000 --contexts 800   a fleet like yours
  whippet global simulate --edges 2000 --json           with every figure

One partition of each level is run through with the code of edges and owners, and multiplied. CPU is measured on this machine. No
Kafka is needed. See docs/global.md.`;
