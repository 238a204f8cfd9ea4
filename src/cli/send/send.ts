/**
 * `whippet send`: its arguments and its help. The work is in send-lines.ts (arguments to lines) and
 * send-command.ts (lines to datagrams), loaded when the command runs.
 */
import type { Command } from 'commander';
import { EXIT_CODES } from '../exit.ts';
import type { SendOptions } from './send-command.ts';
import type { CheckOptions, EventOptions, MetricOptions } from './send-lines.ts';

export function registerSend(program: Command): void {
  const send = program
    .command('send')
    .description('send a metric, an event, a service check, or lines from standard input')
    .argument('[line...]', 'lines as on the wire; - reads them from standard input')
    .option('--count <name value...>', 'add to a counter')
    .option('--gauge <name value...>', 'set a gauge')
    .option('--histogram <name value...>', 'add values to a histogram')
    .option('--timing <name value...>', 'add milliseconds to a histogram')
    .option('--distribution <name value...>', 'add values to a distribution')
    .option('--set <name value...>', 'add an element to a set')
    .option('--sample-rate <n>', 'share of the samples this one stands for, such as 0.1')
    .option('--timestamp <seconds>', 'when it happened, Unix time; the metric is passed through as it is')
    .option('--file <path>', 'send the lines of this file, or those of a capture or another recording')
    .option('--port <n>', 'with a network recording: datagrams to this port (8125)')
    .addHelpText('after', HELP)
    .action((words: string[], options: MetricOptions & SendOptions) =>
      runSend(send, options, async ({ metricLines, SendUsageError }) => {
        if (options.file === undefined) return metricLines(words, options);
        if (words.length > 0) throw new SendUsageError('--file and lines exclude each other');
        return [];
      }),
    );
  addSendOptions(send);

  const event = send
    .command('event')
    .description('send an event')
    .argument('<title>')
    .argument('[text]', 'what happened', '')
    .option('--alert-type <type>', 'error, warning, info or success')
    .option('--priority <priority>', 'normal or low')
    .option('--aggregation-key <key>', 'groups events')
    .option('--source-type <name>', 'what kind of thing sends it')
    .option('--hostname <name>', 'host the event is about')
    .option('--timestamp <seconds>', 'when it happened, Unix time')
    .action((title: string, text: string) => {
      const options = event.optsWithGlobals<EventOptions & SendOptions>();
      return runSend(event, options, async ({ eventLine }) => [eventLine(title, text, options)]);
    });
  addSendOptions(event);

  const check = send
    .command('check')
    .description('send a service check')
    .argument('<name>')
    .argument('<status>', '0 to 3, or ok, warning, critical, unknown')
    .option('--message <text>', 'what the check saw')
    .option('--hostname <name>', 'host the check is about')
    .option('--timestamp <seconds>', 'when it was checked, Unix time')
    .action((name: string, status: string) => {
      const options = check.optsWithGlobals<CheckOptions & SendOptions>();
      return runSend(check, options, async ({ checkLine }) => [checkLine(name, status, options)]);
    });
  addSendOptions(check);
}

const HELP = `
Examples:
  whippet send 'page.views:1|c|#env:dev'             a line as it is
  whippet send --count page.views 1 --tag env:dev    the same
  whippet send --timing http.request 12.5 13 14      several values in one line
  whippet send event "Deployed" "v42 is out" --alert-type success
  whippet send check db.up 0 --message "all good"
  cat lines | whippet send - --rate 1000             a line each, 1,000 a second
  whippet send --file day.dog                        the lines of a capture; "whippet replay" keeps their times
  whippet send 'a:1|c' --repeat 100000 --to unix:///run/whippet/dsd.sock
  whippet send 'a:1|c' --to unixstream:///run/whippet/dsd.stream

Without --to: DD_DOGSTATSD_URL, or DD_AGENT_HOST and DD_DOGSTATSD_PORT, or udp://127.0.0.1:8125.
UDP does not confirm: what is sent may still be lost. Unix sockets and TCP wait for the receiver.`;

/** The options that say how to send; the same for metrics, events and checks. */
function addSendOptions(command: Command): void {
  command
    .option('--tag <tag>', 'a tag, or several with commas between them; repeatable', collect)
    .option('--to <address>', 'udp://host:port, unix:///path, unixstream:///path or tcp://host:port')
    .option('--max-packet <bytes>', 'largest packet (1432 for UDP, else 8192)')
    .option('--rate <lines>', 'lines a second, at most')
    .option('--repeat <n>', 'send everything n times');
}

type SendLines = typeof import('./send-lines.ts');

/** Makes the lines and sends them; wrong usage ends with commander's own kind of error. */
async function runSend(
  command: Command,
  options: SendOptions,
  makeLines: (module: SendLines) => Promise<readonly string[]>,
): Promise<void> {
  const [lines, { sendCommand }] = await Promise.all([
    import('./send-lines.ts'),
    import('./send-command.ts'),
  ]);
  try {
    await sendCommand(await makeLines(lines), options);
  } catch (error) {
    if (!(error instanceof lines.SendUsageError)) throw error;
    command.error(`error: ${error.message}`, { exitCode: EXIT_CODES.usage });
  }
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
