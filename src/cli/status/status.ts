/** `whippet status`: its arguments and its help. The work is in status-command.ts, loaded when it runs. */
import type { Command } from 'commander';
import type { StatusOptions } from './status-command.ts';

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('show what a running server received, and what was lost')
    .option('--url <url>', 'address of its HTTP server (http://127.0.0.1:8127, or what the variables say)')
    .option('--token <token>', 'its http.token, where it has one (variable WHIPPET_HTTP_TOKEN)')
    .option('-c, --config <file>', 'YAML file the server was started with, for its http.host and http.port')
    .option('--watch', 'show it again every two seconds')
    .option('--json', 'print JSON: what each view of the server answers, by name')
    .addHelpText('after', HELP)
    .action(async (options: StatusOptions) => {
      const { statusCommand } = await import('./status-command.ts');
      await statusCommand(options);
    });
}

const HELP = `
Examples:
  whippet status                                   the server of this machine
  whippet status --watch                           again and again, with rates
  whippet status --url http://10.0.0.7:8127        another one
  whippet status --json | jq .ledger.losses        for programs

Exit codes: 0 nothing was lost, 1 no server answers, 2 wrong usage, 3 something was lost since its start.
What the words mean is in docs/ledger.md.`;
