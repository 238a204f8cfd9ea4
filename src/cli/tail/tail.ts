/** `whippet tail`: its arguments and its help. The work is in tail-command.ts, loaded when it runs. */
import type { Command } from 'commander';
import type { TailOptions } from './tail-command.ts';

export function registerTail(program: Command): void {
  const command = program.command('tail');
  command
    .argument('[filter]', 'only lines that hold this text')
    .description('watch lines arrive at a running server, with what becomes of each')
    .option('--url <url>', 'address of its HTTP server (http://127.0.0.1:8127, or what the variables say)')
    .option('--token <token>', 'its http.token, where it has one (variable WHIPPET_HTTP_TOKEN)')
    .option('-c, --config <file>', 'YAML file the server was started with, for its http.host and http.port')
    .option('--outcome <outcomes>', 'accepted, rejected, filtered, event, service_check; several with commas')
    .option('--type <types>', 'c, g, h, ms, d, s, event, check; several with commas')
    .option('--name <name>', 'metric, event title or check as delivered; * is any text')
    .option('--tag <tags>', 'env:prod, or a key; several with commas')
    .option('--origin <origin>', 'who sent it; * is any text')
    .option('-n, --count <lines>', 'end after so many lines')
    .option('--json', 'print one JSON object a line')
    .option('--ascii', 'no characters beyond ASCII for signs')
    .addHelpText('after', HELP)
    .action(async (filter: string | undefined, options: TailOptions) => {
      const { tailCommand, TailUsageError } = await import('./tail-command.ts');
      try {
        await tailCommand(filter, options);
      } catch (error) {
        if (error instanceof TailUsageError) command.error(`error: ${error.message}`);
        throw error;
      }
    });
}

const HELP = `
Each listener thread shows at most 500 lines a second; what is left out is counted and told.

Examples:
  whippet tail                                     everything
  whippet tail checkout --type d                   distributions whose line holds "checkout"
  whippet tail --outcome rejected                  what cannot be understood, and what to do about it
  whippet tail --name 'shop.*' --tag env:prod --json | jq -r .line`;
