/** `whippet simulate`: its arguments and its help. The work is in simulate-command.ts, loaded when it runs. */
import type { Command } from 'commander';
import { EXIT_CODES } from '../exit.ts';
import { addConfigOptions } from '../options.ts';
import type { SimulateCommandOptions } from './simulate-command.ts';

export function registerSimulate(program: Command): void {
  const command = program
    .command('simulate')
    .description('feed lines with times to a virtual server and show what every flush emits')
    .argument(
      '<file>',
      'a capture or another recording; lines, each after @<seconds> and a space or at the time of the one before; or JSON. - reads standard input',
    );
  // run has another --file: the output of that name, which a simulation does not have.
  addConfigOptions(command, { except: ['--file'] })
    .option('--flush-at <seconds>', 'when to flush, separated by commas (whenever a bucket closes)')
    .option('--stop-at <seconds>', 'when to stop, with a last flush (never)')
    .option('--cold', 'turn the caches off; the result is the same')
    .option('--json', 'print JSON, in the form of the aggregation vectors')
    .option('--golden <file>', 'compare with this stored result; exit with 1 when it differs')
    .option('--update', 'write the result to the --golden file instead')
    .addHelpText('after', HELP)
    .action(async (file: string, options: SimulateCommandOptions) => {
      const { simulateCommand } = await import('./simulate-command.ts');
      const { SimulateInputError } = await import('../../inspect/simulate/simulate-timeline.ts');
      try {
        process.exitCode = await simulateCommand(file, options);
      } catch (error) {
        if (!(error instanceof SimulateInputError)) throw error;
        command.error(`error: ${error.message}`, { exitCode: EXIT_CODES.usage });
      }
    });
}

const HELP = `
Examples:
  whippet simulate lines.txt                         what each bucket comes to
  echo '@1005 hits:1|c' | whippet simulate -         one line, received at second 1005
  whippet simulate lines.txt --stop-at 1060          zeros of idle counters too, and what a stop emits
  whippet simulate -c datadog.yaml lines.txt         with the histogram settings, filters and tags of this file
  whippet simulate day.dog                           a capture, by its own clock, with the tags of its senders
  whippet simulate case.json --golden want.json --update     keep the result, and later:
  whippet simulate case.json --golden want.json      is it still the same?

Nothing is sent, no server is needed and the environment is not read. See docs/simulate.md.`;
