/** Runs `whippet test-server` until a signal. */
import { startFromOptions, type TestServerCommandOptions } from './test-server-options.ts';

/** Resolves after SIGINT or SIGTERM. Rejects when it cannot listen. */
export async function testServerCommand(
  options: TestServerCommandOptions,
  print: (text: string) => void = (text) => process.stdout.write(text),
): Promise<void> {
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const server = await startFromOptions(options);
  const rows = [
    ['udp', `${server.host}:${server.port}`],
    ['tcp', `${server.host}:${server.tcpPort}`],
    ...(server.socketPath === undefined ? [] : [['unixgram', server.socketPath]]),
    ['unix', server.streamSocketPath],
    ['http', `${server.url}/api/test`],
  ];
  const lines = rows.map(([kind = '', place = '']) => `  ${kind.padEnd(8)} ${place}`);
  print(`the test server is listening\n\n${lines.join('\n')}\n\n`);
  await asked;
  await server.close();
}
