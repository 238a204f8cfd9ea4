/** `whippet top`: its arguments and its help. The work is in top-command.ts, loaded when it runs. */
import type { Command } from 'commander';
import type { TopOptions } from './top-command.ts';

export function registerTop(program: Command): void {
  const command = program.command('top');
  command
    .description('watch who sends what to a running server')
    .option('--url <url>', 'address of its HTTP server (http://127.0.0.1:8127, or what the variables say)')
    .option('--token <token>', 'its http.token, where it has one (variable WHIPPET_HTTP_TOKEN)')
    .option('-c, --config <file>', 'YAML file the server was started with, for its http.host and http.port')
    .option(
      '--by <what>',
      'print once who sends most instead: samples, bytes, contexts, tag-values, context, origin, client, listener, errors',
    )
    .option('--since <seconds>', 'with --by: seconds over which rates are averaged, up to 600 (10)')
    .option('-n, --limit <rows>', 'with --by: rows (10)')
    .option('--json', 'with --by: print JSON')
    .option('--watch', 'with --by: print it again every two seconds')
    .option('--dump <file>', "write all contexts in the format of the Datadog Agent's dump")
    .option(
      '--path <file>',
      'count the contexts of a dump, as the dogstatsd top of the Agent does; asks no server',
    )
    .option('-m, --num-metrics <count>', 'with --path: metrics shown (10)')
    .option('-t, --num-tags <count>', 'with --path: tag keys shown of each (5)')
    .option('--ascii', 'no characters beyond ASCII in plots and signs')
    .addHelpText('after', HELP)
    .action(async (options: TopOptions) => {
      const [{ topCommand }, { TopUsageError }] = await Promise.all([
        import('./top-command.ts'),
        import('./top-usage-error.ts'),
      ]);
      try {
        await topCommand(options);
      } catch (error) {
        if (error instanceof TopUsageError) command.error(`error: ${error.message}`);
        throw error;
      }
    });
}

const HELP = `
Keys: / filter, s sort, enter open, t tail, l losses, k contexts, p pause, ? all keys, q quit.

Examples:
  whippet top                                   the server of this machine
  whippet top --by tag-values -n 5              which tag keys explode, once, as a table
  whippet top --by errors --json                what is rejected, for programs
  whippet top --dump contexts.json              to count elsewhere with whippet top --path`;
