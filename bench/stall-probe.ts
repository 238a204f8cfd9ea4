/**
 * Loaded into a server that is measured, before its own code (`node --import`): how long its threads were away.
 *
 *   intake thread    from the return of one recvmmsg() to the next call: nobody looked at the socket
 *   control thread   how much later than asked a timer of a millisecond ran: nothing else could run either
 *
 * It goes round koffi's functions, so the server knows nothing of it. Gaps above FLOOR_MS are appended to the
 * file named by BENCH_STALL_FILE, a line of JSON each, after the gap is over.
 */
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';

export interface Stall {
  readonly thread: 'intake' | 'control';
  /** When it ended, Unix ms. */
  readonly at: number;
  readonly ms: number;
}

/** The part of koffi that is gone round. */
interface Library {
  func(...signature: unknown[]): (...args: unknown[]) => unknown;
}
interface Koffi {
  load(...args: unknown[]): Library;
}

const FLOOR_MS = 1;
const TIMER_MS = 1;
const file = process.env.BENCH_STALL_FILE;

if (file !== undefined) {
  if (isMainThread) watchEventLoop(file);
  else watchReceives(file);
}

function note(path: string, thread: Stall['thread'], ms: number): void {
  if (ms < FLOOR_MS) return;
  appendFileSync(path, `${JSON.stringify({ thread, at: Date.now(), ms } satisfies Stall)}\n`);
}

function watchEventLoop(path: string): void {
  let asked = performance.now();
  const timer = setInterval(() => {
    note(path, 'control', performance.now() - asked - TIMER_MS);
    asked = performance.now();
  }, TIMER_MS);
  timer.unref();
}

function watchReceives(path: string): void {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  const load = koffi.load.bind(koffi);
  koffi.load = (...args) => {
    const library = load(...args);
    const func = library.func.bind(library);
    // A handle of its own: the properties of koffi's cannot be set.
    return {
      func: (...signature) => {
        const call = func(...signature);
        return signature[0] === 'recvmmsg' ? watched(path, call) : call;
      },
    };
  };
}

function watched(path: string, receive: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
  let returned = 0;
  return (...args) => {
    if (returned !== 0) note(path, 'intake', performance.now() - returned);
    const answer = receive(...args);
    returned = performance.now();
    return answer;
  };
}
