/** Runs `whippet test-server` until a signal. */
import { startFromOptions, type TestServerCommandOptions } from './test-server-options.ts';

export interface TestServerOutputOptions extends TestServerCommandOptions {
  /** One line of JSON instead of a table, for helpers in other languages. */
  readonly json?: boolean;
  /** Ends when standard input does: with the process that started it, however that ends. */
  readonly untilStdinEnds?: boolean;
}

/** Resolves after SIGINT or SIGTERM, or the end of standard input. Rejects when it cannot listen. */
export async function testServerCommand(
  options: TestServerOutputOptions,
  print: (text: string) => void = (text) => process.stdout.write(text),
): Promise<void> {
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    if (options.untilStdinEnds === true) process.stdin.resume().once('close', () => resolve());
  });
  const server = await startFromOptions(options);
  if (options.json === true) {
    const { host, port, tcpPort, socketPath, streamSocketPath, url, env } = server;
    print(`${JSON.stringify({ host, port, tcpPort, socketPath, streamSocketPath, url, env })}\n`);
    await asked;
    await server.close();
    return;
  }
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
