/** `whippet intake`: its arguments and its help. The work is in intake-command.ts, loaded when it runs. */
import { type Command, InvalidArgumentError } from 'commander';
import type { IntakeCommandOptions } from './intake-command.ts';
import { parsePort } from './test-server.ts';

export function registerIntake(program: Command): void {
  program
    .command('intake')
    .description('run a stand-in for the Datadog backend that shows what it is sent')
    .option('--port <n>', 'TCP port; 0 takes any free port', parsePort, 8126)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--retention <seconds>', 'how long payloads are kept', parseAmount, 900)
    .option('--max-mib <n>', 'memory for payloads, MiB; the oldest go first', parseAmount, 256)
    .option('--api-key <key...>', 'the keys that are valid (any key is)')
    .option('--no-limits', "take payloads larger than the real intake's limits")
    .option('--show', 'print everything that payloads hold, one JSON object a line')
    .addHelpText('after', HELP)
    .action(async (options: IntakeCommandOptions) => {
      const { intakeCommand } = await import('./intake-command.ts');
      await intakeCommand(options);
    });
}

function parseAmount(text: string): number {
  const amount = Number(text);
  if (!(amount > 0 && Number.isFinite(amount)))
    throw new InvalidArgumentError('It must be a number above 0.');
  return amount;
}

const HELP = `
Examples:
  whippet intake                       on port 8126; prints a line for each payload
  whippet intake --port 0 --show       any free port; prints every series, sketch, check and event
  DD_API_KEY=x DD_DD_URL=http://127.0.0.1:8126 whippet       a whippet that delivers to it

Any Datadog agent delivers to it with dd_url: http://127.0.0.1:8126.
The routes to ask it, and to have it fail on purpose, are in docs/fake-intake.md.`;
