/**
 * Loaded into a server that is measured, before its own code (`node --import`): how long its threads were away.
 *
 *   listener thread    from the return of one recvmmsg() to the next call: nobody looked at the socket
 *   control thread   how much later than asked a timer of a millisecond ran: nothing else could run either
 *
 * It goes round koffi's functions, so the server knows nothing of it. Gaps above FLOOR_MS are appended to the
 * file named by BENCH_STALL_FILE, a line of JSON each, after the gap is over. Of each gap it also says how long
 * the thread was ready to run and had no processor, from the kernel: that is the machine's, not the server's.
 */
import { appendFileSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';

export interface Stall {
  readonly thread: 'listener' | 'control';
  /** When it ended, Unix ms. */
  readonly at: number;
  readonly ms: number;
  /** Of these, how long the thread waited for a processor. */
  readonly waitedMs: number;
  /** Of these, how long it ran; the rest it waited for something else, such as a lock. */
  readonly ranMs: number;
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

interface Times {
  readonly ranMs: number;
  readonly waitedMs: number;
}

/** Measures one gap after the other in its thread. */
class Gaps {
  private readonly path: string;
  private readonly thread: Stall['thread'];
  private readonly statistics = openSync('/proc/thread-self/schedstat', 'r');
  private readonly text = Buffer.alloc(128);
  private began = 0;
  private before: Times = { ranMs: 0, waitedMs: 0 };

  constructor(path: string, thread: Stall['thread']) {
    this.path = path;
    this.thread = thread;
  }

  begin(): void {
    this.before = this.times();
    this.began = performance.now();
  }

  /** `allowedMs` of the gap were asked for. */
  end(allowedMs: number): void {
    if (this.began === 0) return;
    const ms = performance.now() - this.began - allowedMs;
    if (ms < FLOOR_MS) return;
    const after = this.times();
    const waitedMs = Math.min(ms, after.waitedMs - this.before.waitedMs);
    const ranMs = after.ranMs - this.before.ranMs;
    const stall: Stall = { thread: this.thread, at: Date.now(), ms, waitedMs, ranMs };
    appendFileSync(this.path, `${JSON.stringify(stall)}\n`);
  }

  /** Since the thread began: the first two of three numbers, in ns. */
  private times(): Times {
    const end = readSync(this.statistics, this.text, 0, this.text.length, 0);
    const [ran = 0, waited = 0] = this.text.toString('latin1', 0, end).split(' ').map(Number);
    return { ranMs: ran / 1e6, waitedMs: waited / 1e6 };
  }
}

const file = process.env.BENCH_STALL_FILE;
if (file !== undefined) {
  if (isMainThread) watchEventLoop(new Gaps(file, 'control'));
  else watchReceives(new Gaps(file, 'listener'));
}

function watchEventLoop(gaps: Gaps): void {
  const timer = setInterval(() => {
    gaps.end(TIMER_MS);
    gaps.begin();
  }, TIMER_MS);
  timer.unref();
}

function watchReceives(gaps: Gaps): void {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  const load = koffi.load.bind(koffi);
  koffi.load = (...args) => {
    const library = load(...args);
    const func = library.func.bind(library);
    // A handle of its own: the properties of koffi's cannot be set.
    return {
      func: (...signature) => {
        const call = func(...signature);
        return signature[0] === 'recvmmsg' ? watched(gaps, call) : call;
      },
    };
  };
}

function watched(gaps: Gaps, receive: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
  return (...args) => {
    gaps.end(0);
    const answer = receive(...args);
    gaps.begin();
    return answer;
  };
}
