/**
 * A listener thread before it knows what it listens on: it loads its modules and waits for its settings.
 *
 *   WaitingThread ──starts──▶ listener.worker.ts: load ─▶ waitForSettings()
 *                 ──settings, then the signal──────────▶ runs what the settings say
 *
 * Both sides of the handing over are here. The thread waits without its event loop, so that no message is taken off
 * its port as an event before what it runs has decided how it hears messages.
 *
 * Why     Starting a thread and loading its modules needs no configuration, so `whippet run` has one do that while it loads
 *         its own (spare-thread.ts).
 * Wait    It has no deadline, because the thread does not keep its process alive: it ends with it, or by end().
 */
import { type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { assert } from '../../lib/assert.ts';
import type { ListenerSettings } from './listener-settings.ts';

/** Room for young objects: the cold path makes much garbage and keeps little, and small spaces pause briefly. */
const YOUNG_GENERATION_MB = 3;

/** What the signal says, its only element. */
const WAIT = 0;
const SETTINGS_SENT = 1;

export class WaitingThread {
  private readonly worker: Worker;
  private readonly signal = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

  /** `onFailure` is called when it ends, whenever that is. */
  constructor(onFailure: () => void = () => undefined) {
    this.worker = new Worker(new URL('./listener.worker.js', import.meta.url), {
      workerData: this.signal,
      name: 'listener',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.worker.unref();
    this.worker.once('error', onFailure);
    this.worker.once('exit', onFailure);
  }

  /** Has the thread run, once; it keeps the process alive from then on. */
  run(settings: ListenerSettings): Worker {
    this.worker.ref();
    this.worker.postMessage(settings);
    Atomics.store(this.signal, 0, SETTINGS_SENT);
    Atomics.notify(this.signal, 0);
    return this.worker;
  }

  /** Ends the thread, which nobody needs; resolves when it has ended. */
  async end(): Promise<void> {
    await this.worker.terminate();
  }
}

/** The thread's side: whether run() has been called. `signal` is its workerData. */
export function hasSettings(signal: Int32Array): boolean {
  return Atomics.load(signal, 0) === SETTINGS_SENT;
}

/** Blocks until run() is called. */
export function waitForSettings(port: MessagePort, signal: Int32Array): ListenerSettings {
  Atomics.wait(signal, 0, WAIT);
  const sent = receiveMessageOnPort(port);
  assert(sent !== undefined, 'the settings are sent before the signal');
  return sent.message as ListenerSettings;
}
