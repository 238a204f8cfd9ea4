/**
 * `whippet run`: the server, from configuration to exit code.
 *
 * The first SIGINT or SIGTERM stops it in order, also when it comes while the server still starts; a
 * second one ends it at once. SIGHUP, POST /-/reload and, with --watch, a change of the file load the
 * configuration again; a bad one changes nothing.
 */
import { ConfigError } from '../config/config-error.ts';
import { collectGarbage, collectYoung } from '../lib/collect-garbage.ts';
import { endProcess } from '../lib/end-process.ts';
import { type FileWatch, watchFile } from '../lib/files/watch-file.ts';
import { optimizeLate } from '../lib/late-optimizing.ts';
import { keepHeapsSmall } from '../lib/small-heap.ts';
import { readVersion } from '../lib/version.ts';
import { SpareThread } from '../listeners/thread/spare-thread.ts';
import type { ReloadAnswer, Server as RunningServer } from '../server/server.ts';
import { type Logger, makeLogger } from '../telemetry/logger.ts';
import { EXIT_CODES } from './exit.ts';
import { HeldLog, SILENT, showLive, wantsLiveView } from './live-run.ts';
import { loadConfigApart, loadConfigAtStart } from './load-config.ts';
import type { RunOptions } from './options.ts';
import { endAfter, exitCodeAfter, reportDelivery } from './run-end.ts';

/** When what only the start needed is garbage and those that waited for the start have been answered, ms. */
const STARTED_MS = 2000;
/** When it is clear that V8 has more room for young objects than it needs: more than five seconds after that, ms. */
const SETTLED_MS = STARTED_MS + 6000;
/** How long a server that lost a listener thread tries to deliver what it has, ms. */
const LAST_STOP_MS = 10_000;

/** Resolves when the server has stopped; the exit code is set then. Rejects when it cannot start. */
export async function runCommand(options: RunOptions): Promise<void> {
  const asked = nextSignal();
  void asked.then(nextSignal).then(() => endProcess(EXIT_CODES.failure));
  let isLoading = true;
  // Nothing is open before the configuration is known.
  void asked.then(() => {
    if (isLoading) endProcess(EXIT_CODES.ok);
  });
  const spare = new SpareThread();
  // Where another thread loads the configuration, the server's modules are read meanwhile.
  const [{ config, workloads, warnings, view }, { Server }] = await Promise.all([
    loadConfigAtStart(options),
    import('../server/server.ts'),
  ]).catch(async (error: unknown) => {
    await spare.end();
    throw error;
  });
  isLoading = false;
  keepHeapsSmall();
  optimizeLate();
  const held = wantsLiveView(options, config, process) ? new HeldLog(process.stderr) : undefined;
  const log = makeLogger(config.log_level, held);
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
  const stopMs = config.stop_timeout_seconds * 1000;
  let isStarting = true;
  let stopWaiting: () => void = () => undefined;
  void asked.then(() => {
    // A start that waits, for another server or a name, is not waited for longer than a stop.
    if (isStarting) stopWaiting = endAfter(stopMs, log, EXIT_CODES.ok);
  });
  const watchedPath = options.watch === true ? (options.config ?? process.env.WHIPPET_CONFIG) : undefined;
  let watch: FileWatch | undefined;
  const server = await Server.start({
    config,
    workloads,
    configView: view,
    version: readVersion(),
    log,
    env: process.env,
    stream: held === undefined ? process.stdout : SILENT,
    onFatal,
    onReplaced,
    onReload,
    loadAgain: () => loadConfigApart(options),
    watched: () => watchedHealth(watchedPath, watch),
    spare,
  }).catch((error: unknown) => {
    held?.release();
    throw error;
  });
  isStarting = false;
  stopWaiting();
  setTimeout(collectGarbage, STARTED_MS).unref();
  setTimeout(collectYoung, SETTLED_MS).unref();
  process.on('SIGHUP', () => {
    server.reopenFiles();
    void onReload();
  });
  if (watchedPath) watch = watchConfig(watchedPath, log, onReload);
  const ended = Promise.race([asked, failed, replaced]);
  let end: NodeJS.Signals | Error | 'another server';
  if (held !== undefined && server.httpPort !== undefined) {
    const quit = showLive(config, server.httpPort, ended).then(
      () => 'SIGINT' as const,
      (error: unknown) => {
        // The view failed, not the server: it goes on without.
        held.release();
        log.error({ err: error }, 'the live view failed; run whippet top to open another');
        return ended;
      },
    );
    end = await Promise.race([ended, quit]);
    held.release();
  } else {
    if (process.stdout.isTTY) process.stdout.write(`\n${firstSteps(server, config.http.host)}\n`);
    end = await ended;
  }
  watch?.close();
  if (end instanceof Error) {
    log.fatal({ err: end }, 'a listener thread died; stopping');
    setTimeout(() => endProcess(EXIT_CODES.failure), LAST_STOP_MS);
  } else {
    log.info(end === 'another server' ? { replacedBy: end } : { signal: end }, 'stopping');
  }
  endAfter(stopMs, log, end instanceof Error ? EXIT_CODES.failure : EXIT_CODES.lostAtStop);
  const report = await server.stop();
  reportDelivery(report, log);
  endProcess(end instanceof Error ? EXIT_CODES.failure : exitCodeAfter(report));
}

/** Loads a configuration that has changed; one that is gone leaves the one in effect as it is. */
function watchConfig(path: string, log: Logger, onReload: () => Promise<ReloadAnswer>): FileWatch {
  return watchFile(path, {
    onChange: () => void onReload(),
    onMissing: () =>
      log.warn({ path }, 'the watched configuration file is gone; the running configuration stays in effect'),
  });
}

function watchedHealth(
  path: string | undefined,
  watch: FileWatch | undefined,
): { readonly name: string; readonly healthy: boolean; readonly detail?: string }[] {
  if (path === undefined || watch === undefined) return [];
  const healthy = !watch.isMissing;
  return [{ name: 'configuration file', healthy, ...(!healthy && { detail: `${path} is gone` }) }];
}

/** Loads the configuration as at start and hands it to the server. Never rejects. */
async function reload(server: RunningServer, options: RunOptions, log: Logger): Promise<ReloadAnswer> {
  try {
    const { config, workloads, warnings, view } = await loadConfigApart(options);
    for (const warning of warnings) log.warn({}, warning);
    return { ok: true, ...server.reload({ config, workloads, view }) };
  } catch (error) {
    const problems =
      error instanceof ConfigError ? error.problems.map(({ message }) => message) : [String(error)];
    log.error({ problems }, 'could not reload the configuration; the running configuration stays in effect');
    return { ok: false, problems };
  }
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
}

/** What someone who starts it for the first time can try. */
function firstSteps(server: RunningServer, httpHost: string): string {
  const lines = server.addresses.map(({ kind, name }) => `  ${kind.padEnd(8)} ${name}`);
  const host = ['0.0.0.0', '::'].includes(httpHost) ? '127.0.0.1' : httpHost;
  if (server.httpPort !== undefined) {
    const url = `http://${host}:${server.httpPort}`;
    lines.push(`  page     ${url}/`, `  metrics  ${url}/metrics`);
  }
  const udp = server.addresses.find(({ kind }) => kind === 'udp');
  if (udp !== undefined) {
    lines.push('', `  try      echo -n 'page.views:1|c|#env:dev' | nc -u -w0 127.0.0.1 ${udp.port}`);
  }
  return `whippet is listening\n\n${lines.join('\n')}\n`;
}
