/** `whippet capture`: its arguments and its help. The work is in capture-command.ts, loaded when it runs. */
import type { Command } from 'commander';
import { EXIT_CODES } from '../exit.ts';
import type { CaptureOptions } from './capture-command.ts';
import { collect, FILTER_HELP } from './replay.ts';

export function registerCapture(program: Command): void {
  const command = program
    .command('capture')
    .description('write the packets that a running server receives, or remembers, to a file')
    .option('--url <url>', 'address of its HTTP server (http://127.0.0.1:8127, or what the variables say)')
    .option('--token <token>', 'its http.token, where it has one (variable WHIPPET_HTTP_TOKEN)')
    .option('-c, --config <file>', 'YAML file the server was started with, for its http.host and http.port')
    .option('--duration <time>', 'how long: 30s, 500ms, 5m (60s)')
    .option('--last <time>', 'look back instead, as far as capture.ring_bytes reaches')
    .option('--out <path>', 'file to write, which must not exist (datadog-capture-<time>.dog)')
    .option('--filter <key=value>', FILTER_HELP, collect)
    .option('--compress', 'compress with Zstandard')
    .addHelpText('after', HELP)
    .action(async (options: CaptureOptions) => {
      const { captureCommand } = await import('./capture-command.ts');
      const { SendUsageError } = await import('../send/send-lines.ts');
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      const { stdout, stderr, env } = process;
      try {
        await captureCommand(options, { stdout, stderr, env, signal: stop.signal });
      } catch (error) {
        if (!(error instanceof SendUsageError)) throw error;
        command.error(`error: ${error.message}`, { exitCode: EXIT_CODES.usage });
      }
    });
}

const HELP = `
Examples:
  whippet capture --duration 30s --out day.dog        the next half minute; Ctrl-C ends it earlier
  whippet capture --last 30s --out before.dog         the last half minute (capture.ring_bytes)
  whippet capture --filter 'name=checkout.*' --compress

Files are in the format of the Datadog Agent and hold tags and texts of events; only their owner can read them.
"whippet analyze", "whippet replay" and "whippet simulate" read them. See docs/capture.md.`;
