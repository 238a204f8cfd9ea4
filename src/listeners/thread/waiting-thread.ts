/**
 * A listener thread before it knows what it listens on: it loads its modules and waits for its settings.
 *
 *   WaitingThread ──starts──▶ listener.worker.ts: load ─▶ waitForSettings()
 *                 ──settings, then the signal──────────▶ runs what the settings say
 *                 ──the signal that nobody needs it────▶ ends, once it has loaded
 *
 * Both sides of the handing over are here. The thread waits without its event loop, so that no message is taken off
 * its port as an event before what it runs has decided how it hears messages.
 *
 * Why     Starting a thread and loading its modules needs no configuration, so `whippet run` has one do that while it loads
 *         its own (spare-thread.ts).
 * Wait    It has no deadline, because the thread does not keep its process alive: it ends with it, or by end().
 * End     By itself. A thread that is terminated while it loads koffi takes the process with it (koffi 3: napi_throw fails, and
 *         that is fatal), with a native stack in the place of the error that the start failed with.
 */
import { type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { assert } from '../../lib/assert.ts';
import type { ListenerSettings } from './listener-settings.ts';

/** Room for young objects: the cold path makes much garbage and keeps little, and small spaces pause briefly. */
const YOUNG_GENERATION_MB = 3;

/** What the signal says, its only element. */
const WAIT = 0;
const SETTINGS_SENT = 1;
const NOT_NEEDED = 2;
/** How long it may take to load, ms. */
const LOAD_MS = 10_000;

export class WaitingThread {
  private readonly worker: Worker;
  private readonly ended: Promise<void>;
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
    this.ended = new Promise((resolve) => this.worker.once('exit', () => resolve()));
  }

  /** Has the thread run, once; it keeps the process alive from then on. */
  run(settings: ListenerSettings): Worker {
    this.worker.ref();
    this.worker.postMessage(settings);
    this.say(SETTINGS_SENT);
    return this.worker;
  }

  /** Ends the thread, which nobody needs; resolves when it has ended. */
  async end(): Promise<void> {
    this.worker.ref();
    this.say(NOT_NEEDED);
    const late = setTimeout(() => void this.worker.terminate(), LOAD_MS);
    await this.ended;
    clearTimeout(late);
  }

  private say(what: number): void {
    Atomics.store(this.signal, 0, what);
    Atomics.notify(this.signal, 0);
  }
}

/** The thread's side: whether neither run() nor end() has been called. `signal` is its workerData. */
export function mustWait(signal: Int32Array): boolean {
  return Atomics.load(signal, 0) === WAIT;
}

/** Blocks until run() is called; undefined when it is not needed. */
export function waitForSettings(port: MessagePort, signal: Int32Array): ListenerSettings | undefined {
  Atomics.wait(signal, 0, WAIT);
  if (Atomics.load(signal, 0) === NOT_NEEDED) return undefined;
  const sent = receiveMessageOnPort(port);
  assert(sent !== undefined, 'the settings are sent before the signal');
  return sent.message as ListenerSettings;
}
