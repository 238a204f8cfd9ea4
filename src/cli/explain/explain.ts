/** `whippet explain`: its arguments and its help. The work is in explain-command.ts, loaded when it runs. */
import type { Command } from 'commander';
import { EXIT_CODES } from '../exit.ts';
import { addConfigOptions } from '../options.ts';
import type { ExplainCommandOptions } from './explain-command.ts';

export function registerExplain(program: Command): void {
  const command = program
    .command('explain')
    .description('show what becomes of lines: parsed, mapped, filtered, tagged, aggregated')
    .argument('[line...]', 'lines as on the wire; - reads them from standard input');
  // run has another --file: the output of that name. It is --set outputs.file.path here, and has no effect.
  addConfigOptions(command, { except: ['--file'] })
    .option('--file <path>', 'read lines, or a capture or another recording, from this file')
    .option('--json', 'print JSON, in the encoding of the conformance vectors')
    .option('--source <kind>', 'what the lines came through: udp, uds or named_pipe (udp)')
    .option('--origin <entity>', 'who the socket says sent them, such as container_id://3f2a (nobody)')
    .option('--pid <n>', 'process id of the sender (unknown)')
    .addHelpText('after', HELP)
    .action(async (lines: string[], options: ExplainCommandOptions) => {
      const { explainCommand, ExplainUsageError } = await import('./explain-command.ts');
      try {
        await explainCommand(lines, options);
      } catch (error) {
        if (!(error instanceof ExplainUsageError)) throw error;
        command.error(`error: ${error.message}`, { exitCode: EXIT_CODES.usage });
      }
    });
}

const HELP = `
Examples:
  whippet explain 'page.views:1|c|#env:dev'        what this line comes to
  whippet explain -c datadog.yaml 'a.b.c:1|ms'     with the mapper, filters and tags of this file
  whippet explain --json 'a:1|x'                   as JSON, also for lines that are rejected
  whippet explain --file day.dog                   every packet of a capture, with the tags of its sender
  tail -f lines.txt | whippet explain -            as they come

Nothing is sent and no server is needed. See docs/explain.md.`;
