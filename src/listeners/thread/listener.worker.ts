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
import type { ListenerSettings } from './listener-settings.ts';
import { warmUpEarly } from './start-warm-up.ts';
import { mustWait, waitForSettings } from './waiting-thread.ts';

const port = parentPort as MessagePort;
const signal = workerData as Int32Array;
if (mustWait(signal)) prepare();
const settings = waitForSettings(port, signal);
if (settings !== undefined) await run(settings);

async function run(settings: ListenerSettings): Promise<void> {
  const { listener } = settings;
  switch (listener.kind) {
    case 'streams': {
      const { runStreams } = await import('./stream-thread.ts');
      await runStreams(settings, listener, port);
      break;
    }
    case 'proxied': {
      const { runProxied } = await import('./proxied-thread.ts');
      runProxied(settings, listener, port);
      break;
    }
    default:
      runDatagrams(settings, listener, port);
  }
}

/** What can be done while the settings are not known. */
function prepare(): void {
  try {
    loadLibc();
  } catch {
    // Whoever needs it says why it is missing.
  }
  if (mustWait(signal)) warmUpEarly();
}
