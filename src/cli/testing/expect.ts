/** `whippet expect`: its arguments and its help. The work is in expect-command.ts, loaded when it runs. */
import { type Command, Option } from 'commander';
import { EXIT_CODES } from '../exit.ts';
import type { ExpectCommandOptions } from './expect-command.ts';
import { addTestServerOptions } from './test-server.ts';

export function registerExpect(program: Command): void {
  const command = program
    .command('expect')
    .description('run a command and check the metrics it sends')
    .usage('[options] [name] -- <command>...')
    .argument('[name]', 'name of the metric, or /a regular expression/')
    .argument('[command...]', 'the command, after --');
  addTestServerOptions(command)
    .option('--type <type>', 'count, gauge, histogram, timing, distribution or set')
    .option('--tag <tag...>', 'tags it must have, among others')
    .option('--exact-tags', 'and no others')
    .addOption(new Option('--value <n>', 'sum of a count, last of a gauge, a value of the others'))
    .option('--sum <n>', 'sum of its values')
    .option('--last <n>', 'the value that came last')
    .option('--min <n>', 'its smallest value')
    .option('--max <n>', 'its largest value')
    .option('--count <n>', 'how many values, by sample rate')
    .option('--samples <n>', 'how many values arrived')
    .option('--messages <n>', 'how many lines arrived')
    .option('--event <title>', 'an event with this title')
    .option('--check <name>', 'a service check of this name')
    .option('--status <status>', 'ok, warning, critical or unknown')
    .option('--and <expectation...>', 'more expectations, as name=a tag=b:c sum=3')
    .option('--no-rejected', 'fail when a line is rejected')
    .option('--timeout <time>', 'how long to wait after the command has ended', '10s')
    .option('--junit <file>', 'write the results as JUnit XML')
    .option('--verbose', 'show what was received, also when all is well')
    .addHelpText('after', HELP)
    .action(async (first: string | undefined, others: string[], options: ExpectCommandOptions) => {
      const { expectCommand } = await import('./expect-command.ts');
      const { ExpectationTextError } = await import('../../testing/expectations/expectation-text.ts');
      const words = first === undefined ? [] : [first, ...others];
      const separator = process.argv.indexOf('--');
      const childWords = separator < 0 ? 0 : process.argv.length - separator - 1;
      const [name, ...extra] = words.slice(0, words.length - childWords);
      const child = words.slice(words.length - childWords);
      if (extra.length > 0)
        command.error(`error: write -- before the command: -- ${extra.join(' ')}`, {
          exitCode: EXIT_CODES.usage,
        });
      try {
        process.exitCode = await expectCommand(name, child, options);
      } catch (error) {
        if (!(error instanceof ExpectationTextError)) throw error;
        command.error(`error: ${error.message}`, { exitCode: EXIT_CODES.usage });
      }
    });
}

const HELP = `
The command runs with DD_AGENT_HOST, DD_DOGSTATSD_PORT, DD_DOGSTATSD_URL, STATSD_ADDR, STATSD_HOST, STATSD_PORT, WHIPPET_TEST_URL and
what else clients read (docs/testing.md) set, and without variables that would send elsewhere, such as DD_DOGSTATSD_SOCKET.

Examples:
  whippet expect checkout.paid --type count --tag env:test --sum 3 -- npm run e2e
  whippet expect '/^http\\./' --no-rejected --junit metrics.xml -- pytest
  whippet expect --event Deployed -- ./deploy.sh
  whippet expect a --and 'name=b sum=3' 'check=db.up status=ok' -- ./run.sh
  whippet expect page.views --port 8125 --timeout 1m     wait for someone else to send it

Exit codes: 0 everything arrived; 1 something did not, or the command failed; 2 wrong usage.`;
