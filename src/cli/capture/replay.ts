/** `whippet replay`: its arguments and its help. The work is in replay-command.ts, loaded when it runs. */
import type { Command } from 'commander';
import { EXIT_CODES } from '../exit.ts';
import type { ReplayOptions } from './replay-command.ts';

export function registerReplay(program: Command): void {
  const command = program
    .command('replay')
    .description('send the packets of a capture, or of another recording, again')
    .argument('<file>', 'a capture, a pcap or strace recording, or lines; - reads standard input')
    .option('--to <address>', 'udp://host:port, unix:///path, unixstream:///path or tcp://host:port')
    .option('--speed <factor>', 'how much faster than it was recorded: 10x, 0.5x, or max', '1x')
    .option('--loop <n>', 'how many times; 0 for ever', '1')
    .option('--filter <key=value>', FILTER_HELP, collect)
    .option('--port <n>', 'with a network recording: datagrams to this port (8125)')
    .option('--credentials', 'tell a Unix socket who sent each packet, as the Agent does; needs root')
    .option(
      '--url <url>',
      'with --credentials: HTTP address of the whippet server that takes them for the captured senders',
    )
    .option('--token <token>', 'its http.token, where it has one (variable WHIPPET_HTTP_TOKEN)')
    .addHelpText('after', HELP)
    .action(async (file: string, options: ReplayOptions) => {
      const { replayCommand } = await import('./replay-command.ts');
      const { SendUsageError } = await import('../send/send-lines.ts');
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      const { stdin, stdout, stderr, env } = process;
      try {
        await replayCommand(file, options, { stdin, stdout, stderr, env, signal: stop.signal });
      } catch (error) {
        if (!(error instanceof SendUsageError)) throw error;
        command.error(`error: ${error.message}`, { exitCode: EXIT_CODES.usage });
      }
    });
}

export const FILTER_HELP =
  'only what matches: name, tag, pid, listener or peer, after or before a time; repeatable (name=web.*)';

export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

const HELP = `
Examples:
  whippet replay day.dog --to unix:///run/whippet/dsd.sock        at the times it was recorded
  whippet replay day.dog --to udp://127.0.0.1:8125 --speed 60x    an hour in a minute
  whippet replay day.dog --speed max --filter 'name=checkout.*'   one service, as fast as it goes
  whippet replay day.dog --filter after=10m --filter before=20m   ten minutes of it
  whippet replay trace.pcap --port 9125 --to tcp://127.0.0.1:8126

Without --to: DD_DOGSTATSD_URL, or DD_AGENT_HOST and DD_DOGSTATSD_PORT, or udp://127.0.0.1:8125.
"whippet simulate day.dog" does the same without a server. See docs/capture.md.`;
