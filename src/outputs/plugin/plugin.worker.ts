/**
 * The thread of a plugin: loads the module and gives it one flush after the other.
 *
 *   default export: an object with write(flush), or a function of the options that returns one
 *
 * Memory  what the control thread sends ahead, which it limits; the heap has a limit of its own.
 */
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { describeCause } from '../../lib/text/describe-cause.ts';
import type { FlushedSeries, FlushWriter } from '../flushed.ts';
import type { PluginCommand, PluginMessage, PluginSettings } from './plugin-messages.ts';

const { path, options } = workerData as PluginSettings;
const port = parentPort;
if (port === null) throw new Error('this file is the entry of a worker thread');
const say = (message: PluginMessage): void => port.postMessage(message);

async function load(): Promise<FlushWriter> {
  const { default: made } = (await import(pathToFileURL(path).href)) as { default?: unknown };
  const plugin: unknown = typeof made === 'function' ? await made(options) : made;
  if (typeof plugin !== 'object' || plugin === null || typeof (plugin as FlushWriter).write !== 'function')
    throw new Error('the default export has no function write(flush)');
  return plugin as FlushWriter;
}

function run(plugin: FlushWriter): void {
  let series: FlushedSeries[] = [];
  let work: Promise<void> = Promise.resolve();
  port?.on('message', (command: PluginCommand) => {
    if (command.kind === 'series') {
      for (const one of command.series) series.push(one);
      return;
    }
    if (command.kind === 'close') {
      work = work
        .then(() => plugin.close?.(command.deadlineMs))
        .catch(() => undefined)
        .then(() => say({ kind: 'closed' }));
      return;
    }
    const { number, events, serviceChecks, at, final } = command;
    const flush = { series, events, serviceChecks, at, final };
    series = [];
    work = work
      .then(() => plugin.write(flush))
      .then(
        () => say({ kind: 'written', number }),
        (error: unknown) => say({ kind: 'failed', number, error: describeCause(error) }),
      );
  });
}

try {
  run(await load());
  say({ kind: 'ready' });
} catch (error) {
  say({ kind: 'unusable', error: describeCause(error) });
}
