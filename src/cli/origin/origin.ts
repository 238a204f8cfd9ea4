/** `whippet origin`: its arguments and its help. The work is in origin-command.ts, loaded when it runs. */
import type { Command } from 'commander';
import type { OriginOptions } from './origin-command.ts';

export function registerOrigin(program: Command): void {
  program
    .command('origin')
    .argument('[what]', 'a process id, a container, a pod, or a part of its id or of a tag')
    .description('show what a running server knows of containers and pods, and who told it')
    .option('--url <url>', 'address of its HTTP server (http://127.0.0.1:8127, or what the variables say)')
    .option('--token <token>', 'its http.token, where it has one (variable WHIPPET_HTTP_TOKEN)')
    .option('-c, --config <file>', 'YAML file the server was started with, for its http.host and http.port')
    .option('--json', 'print JSON: the answer of GET /api/origins')
    .addHelpText('after', HELP)
    .action(async (what: string | undefined, options: OriginOptions) => {
      const { originCommand } = await import('./origin-command.ts');
      await originCommand(what ?? '', options);
    });
}

const HELP = `
Examples:
  whippet origin                  collectors, senders, problems, and the newest containers
  whippet origin 4711             the container of a process, and its tags by level
  whippet origin 3f2a9c           the container or pod whose id has this in it
  whippet origin service:web      those with this tag

Exit codes: 0 something was found or nothing was looked for, 1 no server answers or nothing fits, 2 wrong usage.
Where tags come from is in docs/origin.md.`;
