/**
 * Entry of every listener thread: loads what listener threads need, warms up when it has to wait for its settings, and runs what
 * they say.
 *
 *   settings.listener ─▶ datagram-thread.ts   datagrams
 *                     ─▶ stream-thread.ts     all streams
 *                     ─▶ proxied-thread.ts    packets that the control thread receives itself
 *
 * Datagrams are loaded before the settings are known, as most threads receive them; the others when they are asked for.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { loadLibc } from '../system/libc.ts';
import { runDatagrams } from './datagram-thread.ts';
import { warmUpEarly } from './start-warm-up.ts';
import { hasSettings, waitForSettings } from './waiting-thread.ts';

const port = parentPort as MessagePort;
const signal = workerData as Int32Array;
if (!hasSettings(signal)) prepare();
const settings = waitForSettings(port, signal);
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

/** What can be done while the settings are not known. */
function prepare(): void {
  try {
    loadLibc();
  } catch {
    // Whoever needs it says why it is missing.
  }
  warmUpEarly();
}
