/**
 * Entry of every listener thread: loads what listener threads need, waits for its settings, and runs what they say.
 *
 *   settings.listener ─▶ datagram-thread.ts   datagrams
 *                     ─▶ stream-thread.ts     all streams
 *                     ─▶ proxied-thread.ts    packets that the control thread receives itself
 *
 * Datagrams are loaded before the settings are known, as most threads receive them; the others when they are asked for.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { runDatagrams } from './datagram-thread.ts';
import { waitForSettings } from './waiting-thread.ts';

const port = parentPort as MessagePort;
const settings = waitForSettings(port, workerData as Int32Array);
switch (settings.listener.kind) {
  case 'streams': {
    const { runStreams } = await import('./stream-thread.ts');
    await runStreams(settings, settings.listener, port);
    break;
  }
  case 'proxied': {
    const { runProxied } = await import('./proxied-thread.ts');
    runProxied(settings, settings.listener, port);
    break;
  }
  default:
    runDatagrams(settings, settings.listener, port);
}
