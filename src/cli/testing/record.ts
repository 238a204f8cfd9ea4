/** `whippet record`: its arguments and its help. The work is in record-command.ts, loaded when it runs. */
import type { Command } from 'commander';
import { collect, FILTER_HELP } from '../capture/replay.ts';
import { EXIT_CODES } from '../exit.ts';
import type { RecordCommandOptions } from './record-command.ts';
import { addTestServerOptions } from './test-server.ts';

export function registerRecord(program: Command): void {
  const command = program
    .command('record')
    .description(
      'store which metrics a command sends, or a capture holds, or compare them with what is stored',
    )
    .usage('[options] [-- <command>...]')
    .argument('[command...]', 'the command, after --');
  addTestServerOptions(command)
    .option(
      '--from <file>',
      'take the packets of this capture, or of another recording, instead of a command',
    )
    .option('--filter <key=value>', FILTER_HELP, collect)
    .option('--golden <file>', 'compare with this contract; exit with 1 when it is broken')
    .option('--update', 'write the contract to the --golden file instead')
    .option('--bounds', 'with the smallest and largest value of each metric')
    .option('--allow-new', 'metrics the contract does not know are fine')
    .option('--settle <time>', 'how long to wait for late metrics after the command has ended', '500ms')
    .option('--junit <file>', 'write the result as JUnit XML')
    .addHelpText('after', HELP)
    .action(async (words: string[], options: RecordCommandOptions) => {
      const { recordCommand } = await import('./record-command.ts');
      const { ExpectationTextError } = await import('../../testing/expectations/expectation-text.ts');
      try {
        process.exitCode = await recordCommand(words, options);
      } catch (error) {
        const { FilterError } = await import('../../inspect/capture/filter.ts');
        if (!(error instanceof ExpectationTextError || error instanceof FilterError)) throw error;
        command.error(`error: ${error.message}`, { exitCode: EXIT_CODES.usage });
      }
    });
}

const HELP = `
Examples:
  whippet record -- npm run e2e                                    print the contract
  whippet record --golden metrics.json --update -- npm run e2e     store it
  whippet record --golden metrics.json -- npm run e2e              is it still kept?
  whippet record --from day.dog --golden metrics.json --update     the metrics of a capture

A contract has names, types, tag keys and, where given, bounds of values. See docs/testing.md.
Exit codes: 0 kept; 1 broken, or the command failed; 2 wrong usage.`;
