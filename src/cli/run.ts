/**
 * `whippet run`: the server, from configuration to exit code.
 *
 * The first SIGINT or SIGTERM stops it in order, also when it comes while the server still starts; a
 * second one ends it at once. SIGHUP, POST /-/reload and, with --watch, a change of the file load the
 * configuration again; a bad one changes nothing.
 */
import { ConfigError } from '../config/config-error.ts';
import { readVersion } from '../lib/version.ts';
import { watchFile } from '../lib/watch-file.ts';
import { type ReloadAnswer, Server } from '../server.ts';
import { type DeliveryReport, describeDelivery } from '../telemetry/delivery-report.ts';
import { type Logger, makeLogger } from '../telemetry/logger.ts';
import { EXIT_CODES } from './exit.ts';
import { loadConfigApart } from './load-config.ts';
import type { RunOptions } from './options.ts';

/** How long a server that lost an intake thread tries to deliver what it has, ms. */
const LAST_STOP_MS = 10_000;

/** Resolves when the server has stopped; the exit code is set then. Rejects when it cannot start. */
export async function runCommand(options: RunOptions): Promise<void> {
  const asked = nextSignal();
  void asked.then(nextSignal).then(() => process.exit(EXIT_CODES.failure));
  const { config, workloads, warnings, view } = await loadConfigApart(options);
  const log = makeLogger(config.log_level);
  for (const warning of warnings) log.warn({}, warning);

  let onFatal: (error: Error) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => {
    onFatal = resolve;
  });
  let onReplaced: () => void = () => undefined;
  const replaced = new Promise<'another server'>((resolve) => {
    onReplaced = () => resolve('another server');
  });
  // One after the other, so that a slow load never puts an older file over a newer one.
  let reloads: Promise<unknown> = Promise.resolve();
  const onReload = (): Promise<ReloadAnswer> => {
    const answer = reloads.then(() => server.whileReloading(() => reload(server, options, log)));
    reloads = answer;
    return answer;
  };
  const server = await Server.start({
    config,
    workloads,
    configView: view,
    version: readVersion(),
    log,
    env: process.env,
    stream: process.stdout,
    onFatal,
    onReplaced,
    onReload,
  });
  process.on('SIGHUP', () => {
    server.reopenFiles();
    void onReload();
  });
  const file = options.config ?? process.env.WHIPPET_CONFIG;
  const watcher = options.watch === true && file ? watchFile(file, () => void onReload()) : undefined;
  if (process.stdout.isTTY) process.stdout.write(`\n${firstSteps(server, config.http.host)}\n`);

  const end = await Promise.race([asked, failed, replaced]);
  watcher?.close();
  if (end instanceof Error) {
    log.fatal({ err: end }, 'an intake thread died; stopping');
    setTimeout(() => process.exit(EXIT_CODES.failure), LAST_STOP_MS);
  } else {
    log.info(end === 'another server' ? { replacedBy: end } : { signal: end }, 'stopping');
  }
  const report = await server.stop();
  reportDelivery(report, log);
  process.exit(end instanceof Error ? EXIT_CODES.failure : EXIT_CODES.ok);
}

/** The last word: a sentence on a terminal, fields elsewhere. */
function reportDelivery(report: DeliveryReport, log: Logger): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`${describeDelivery(report)}\n`);
    return;
  }
  const { reasons, ...fields } = report;
  for (const reason of reasons) log.error({}, reason);
  log.info(fields, 'stopped');
}

/** Loads the configuration as at start and hands it to the server. Never rejects. */
async function reload(server: Server, options: RunOptions, log: Logger): Promise<ReloadAnswer> {
  try {
    const { config, workloads, warnings, view } = await loadConfigApart(options);
    for (const warning of warnings) log.warn({}, warning);
    return { ok: true, ...server.reload(config, workloads, view) };
  } catch (error) {
    const problems =
      error instanceof ConfigError ? error.problems.map(({ message }) => message) : [String(error)];
    log.error({ problems }, 'the configuration was not reloaded; nothing has changed');
    return { ok: false, problems };
  }
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
}

/** What someone who starts it for the first time can try. */
function firstSteps(server: Server, httpHost: string): string {
  const lines = server.addresses.map(({ kind, name }) => `  ${kind.padEnd(8)} ${name}`);
  const host = ['0.0.0.0', '::'].includes(httpHost) ? '127.0.0.1' : httpHost;
  if (server.httpPort !== undefined) lines.push(`  http     http://${host}:${server.httpPort}/metrics`);
  const udp = server.addresses.find(({ kind }) => kind === 'udp');
  if (udp !== undefined) {
    lines.push('', `  try      echo -n 'page.views:1|c|#env:dev' | nc -u -w0 127.0.0.1 ${udp.port}`);
  }
  return `whippet is listening\n\n${lines.join('\n')}\n`;
}
