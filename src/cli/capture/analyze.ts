/** `whippet analyze`: its arguments and its help. The work is in analyze-command.ts, loaded when it runs. */
import type { Command } from 'commander';
import { EXIT_CODES } from '../exit.ts';
import { addConfigOptions } from '../options.ts';
import type { AnalyzeOptions } from './analyze-command.ts';
import { collect, FILTER_HELP } from './replay.ts';

export function registerAnalyze(program: Command): void {
  const command = program
    .command('analyze')
    .description('show what a capture or another recording contains, or how two of them differ')
    .argument('<file...>', 'one, or two to compare; - reads standard input');
  addConfigOptions(command, { except: ['--file'] })
    .option('--json', 'print JSON')
    .option('--html <path>', 'write a page with plots that needs no other file')
    .option('--filter <key=value>', FILTER_HELP, collect)
    .addHelpText('after', HELP)
    .action(async (files: string[], options: AnalyzeOptions) => {
      const { analyzeCommand } = await import('./analyze-command.ts');
      const { SendUsageError } = await import('../send/send-lines.ts');
      try {
        await analyzeCommand(files, options);
      } catch (error) {
        if (!(error instanceof SendUsageError)) throw error;
        command.error(`error: ${error.message}`, { exitCode: EXIT_CODES.usage });
      }
    });
}

const HELP = `
Examples:
  whippet analyze day.dog                          packets, metrics, tags, senders, what is wrong
  whippet analyze day.dog -c datadog.yaml          and what the rules and limits of this file would do to it
  whippet analyze day.dog --html day.html          with plots
  whippet analyze monday.dog tuesday.dog           in what they differ
  whippet analyze trace.pcap --port 9125 --json

Nothing is sent and no server is needed. See docs/capture.md.`;
