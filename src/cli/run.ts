/**
 * `whippet run`: the server, from configuration to exit code.
 *
 * The first SIGINT or SIGTERM stops it in order, also when it comes while the server still starts; a
 * second one ends it at once.
 */

import { Server } from '../server.ts';
import { makeLogger } from '../telemetry/logger.ts';
import { EXIT_CODES } from './exit.ts';
import { type ConfigOptions, loadFromOptions } from './options.ts';

/** Resolves when the server has stopped; the exit code is set then. Rejects when it cannot start. */
export async function runCommand(options: ConfigOptions): Promise<void> {
  const { config, warnings } = await loadFromOptions(options);
  const log = makeLogger(config.log_level);
  for (const warning of warnings) log.warn({}, warning);

  let onFatal: (error: Error) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => {
    onFatal = resolve;
  });
  const asked = nextSignal();
  void asked.then(nextSignal).then(() => process.exit(EXIT_CODES.failure));
  const server = await Server.start({ config, log, stream: process.stdout, onFatal });
  if (process.stdout.isTTY) process.stdout.write(`\n${firstSteps(server)}\n`);

  const end = await Promise.race([asked, failed]);
  if (end instanceof Error) {
    log.fatal({ err: end }, 'an intake thread died; stopping');
    process.exit(EXIT_CODES.failure);
  }
  log.info({ signal: end }, 'stopping');
  const report = await server.stop();
  for (const reason of report.reasons) log.error({}, reason);
  log.info({ undelivered: report.undelivered }, 'stopped');
  process.exit(EXIT_CODES.ok);
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
}

/** What someone who starts it for the first time can try. */
function firstSteps(server: Server): string {
  const lines = server.addresses.map(({ kind, name }) => `  ${kind.padEnd(8)} ${name}`);
  if (server.httpPort !== undefined) lines.push(`  http     http://127.0.0.1:${server.httpPort}/metrics`);
  const udp = server.addresses.find(({ kind }) => kind === 'udp');
  if (udp !== undefined) {
    lines.push('', `  try      echo -n 'page.views:1|c|#env:dev' | nc -u -w0 127.0.0.1 ${udp.port}`);
  }
  return `whippet is listening\n\n${lines.join('\n')}\n`;
}
