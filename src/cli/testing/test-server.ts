/** `whippet test-server`: its arguments and its help. The work is in test-server-command.ts, loaded when it runs. */
import { type Command, InvalidArgumentError } from 'commander';
import type { TestServerOutputOptions } from './test-server-command.ts';

const PORT_MAX = 65_535;

export function registerTestServer(program: Command): void {
  const command = program
    .command('test-server')
    .description('receive metrics and answer questions about them over HTTP, for tests in any language');
  addTestServerOptions(command, { port: 8125, httpPort: 8127 })
    .option('--json', 'print where it listens as one line of JSON')
    .option('--until-stdin-ends', 'end when standard input does, with whoever started it')
    .addHelpText('after', HELP)
    .action(async (options: TestServerOutputOptions) => {
      const { testServerCommand } = await import('./test-server-command.ts');
      await testServerCommand(options);
    });
}

/** The options that say where a test server listens and with which configuration. */
export function addTestServerOptions(
  command: Command,
  defaults: { readonly port: number; readonly httpPort: number } = { port: 0, httpPort: 0 },
): Command {
  return command
    .option('-c, --config <file>', 'YAML file with mapper, namespace, tags and filters')
    .option('--host <address>', 'address to receive on', '127.0.0.1')
    .option('--port <n>', 'UDP port; 0 takes any free port', parsePort, defaults.port)
    .option('--http-port <n>', 'port of the HTTP API; 0 takes any free port', parsePort, defaults.httpPort);
}

/** For options of commander. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (text.trim() === '' || !Number.isInteger(port) || port < 0 || port > PORT_MAX) {
    throw new InvalidArgumentError(`A port is a whole number from 0 to ${PORT_MAX}.`);
  }
  return port;
}

const HELP = `
Examples:
  whippet test-server                                                    UDP port 8125, HTTP port 8127
  curl -f 'http://127.0.0.1:8127/api/test/wait?name=a&sum=3&timeout=10s' 200 when it has arrived, else 408 and a report
  curl 'http://127.0.0.1:8127/api/test/metrics'                          everything received
  curl -X POST http://127.0.0.1:8127/api/test/reset                      forget it

See docs/testing.md.`;
