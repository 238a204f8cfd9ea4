/**
 * Waiting for something to arrive: until it has, the time is up, the caller gives up, or the test runner is about to
 * stop the test. Each end but the first rejects with a report of what did arrive.
 */
import { clearTimeout, setTimeout } from 'node:timers';
import { checkKeys } from '../expectations/check-expectation.ts';
import { findTimeLeft } from '../runners/time-left.ts';

const DEFAULT_TIMEOUT_MS = 5000;
/** What the report needs to be seen before the runner's limit; a busy machine delays timers. */
const RUNNER_MARGIN_MS = 300;
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export interface WaitOptions {
  /** 5,000 by default; less when the test runner would stop the test before. */
  readonly timeoutMs?: number;
  /** Ends the wait; the rejection has the report all the same. */
  readonly signal?: AbortSignal;
}

/** What was expected did not arrive in time; the message says what did. */
export class ExpectationError extends Error {
  override readonly name = 'ExpectationError';
  readonly code = 'ERR_NOT_RECEIVED';
}

export interface Waiting<T> {
  /** What was waited for; undefined while it is not there. */
  readonly find: () => T | undefined;
  readonly report: () => string;
  /** Calls back after every arrival, until the function it returns is called. */
  readonly onArrival: (listener: () => void) => () => void;
}

/** Throws TypeError for options that do not exist or make no sense. */
export function checkWaitOptions(options: WaitOptions): void {
  checkKeys('the options of a wait', options, ['timeoutMs', 'signal']);
  const { timeoutMs, signal } = options;
  if (
    timeoutMs !== undefined &&
    !(typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= TIMEOUT_MS_MAX)
  ) {
    throw new TypeError(
      `timeoutMs is ${String(timeoutMs)}; allowed: milliseconds from 0 to ${TIMEOUT_MS_MAX}, as a number`,
    );
  }
  if (signal !== undefined && typeof (signal as AbortSignal | null)?.addEventListener !== 'function') {
    throw new TypeError('signal is not an AbortSignal');
  }
}

/** Resolves with what was found. Rejects with ExpectationError. `task` is the test that waits, when it is known. */
export function waitUntil<T>(
  { find, report, onArrival }: Waiting<T>,
  { timeoutMs, signal }: WaitOptions,
  task?: unknown,
): Promise<T> {
  const found = find();
  if (found !== undefined) return Promise.resolve(found);
  const { waitMs, note } = planWait(timeoutMs, task);
  return new Promise((resolve, reject) => {
    const end = (): void => {
      stop();
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    };
    const fail = (last: string): void => {
      end();
      reject(new ExpectationError(last === '' ? report() : `${report()}\n\n${last}`));
    };
    const giveUp = (): void => fail(`the wait was ended: ${String(signal?.reason)}`);
    const timer = setTimeout(() => fail(note), waitMs);
    const stop = onArrival(() => {
      const arrived = find();
      if (arrived === undefined) return;
      end();
      resolve(arrived);
    });
    signal?.addEventListener('abort', giveUp, { once: true });
    if (signal?.aborted === true) giveUp();
  });
}

/** How long to wait, and what a report says when that is less than was asked for. */
function planWait(
  asked: number | undefined,
  task: unknown,
): { readonly waitMs: number; readonly note: string } {
  const waitMs = asked ?? DEFAULT_TIMEOUT_MS;
  const left = findTimeLeft(task);
  if (left === undefined || (asked !== undefined && !left.isExact)) return { waitMs, note: '' };
  const allowedMs = Math.max(left.leftMs - RUNNER_MARGIN_MS, left.leftMs / 2);
  if (allowedMs >= waitMs) return { waitMs, note: '' };
  const note =
    `waited for ${seconds(allowedMs)} s of ${seconds(waitMs)} s, because the test runner stops this test ` +
    `${seconds(left.limitMs)} s after its start; give the test more time to wait longer`;
  return { waitMs: allowedMs, note };
}

function seconds(ms: number): string {
  return String(Number((ms / 1000).toFixed(1)));
}
