/**
 * How long the running test may still take, where the test runner tells it, so that a wait ends, and its report is
 * seen, before the runner stops the test.
 *
 *   vitest 2 to 4   the worker's state has the running test: when it began, and (from 3 on) its limit
 *   jest            jest-circus keeps its state under a symbol of the global object
 *   node:test       has no limit unless it is given one; `whippet/testing/node` takes it
 *
 * Neither is a public interface, so everything is looked at with suspicion: what is missing or odd means "not known".
 * The time counts from the start of the test, which includes its beforeEach hooks. When that leaves nothing although the
 * test still runs, the hooks took it, and the whole limit counts from now.
 */

/** Kept before fake timers can replace them. */
const unixNow = Date.now.bind(Date);

export interface TimeLeft {
  readonly leftMs: number;
  readonly limitMs: number;
  /** Whether the limit is that of the test itself; otherwise a test with a limit of its own may have more. */
  readonly isExact: boolean;
}

interface VitestTask {
  readonly type?: unknown;
  readonly timeout?: unknown;
  readonly result?: {
    readonly startTime?: unknown;
    readonly retryCount?: unknown;
    readonly repeatCount?: unknown;
  };
}

/** When each attempt of a test that is run again was first seen: the runner only tells when the first began. */
const attempts = new WeakMap<object, { readonly attempt: string; readonly startMs: number }>();

/** Undefined when no runner, or no limit, is known. `task` is the test, when vitest has said which. */
export function findTimeLeft(task?: unknown): TimeLeft | undefined {
  return vitestTimeLeft(task) ?? jestTimeLeft();
}

function vitestTimeLeft(given: unknown): TimeLeft | undefined {
  const worker = get(globalThis, '__vitest_worker__');
  const task = (given ?? get(worker, 'current')) as VitestTask | undefined;
  if (get(task, 'type') !== 'test' && get(task, 'type') !== 'custom') return undefined;
  const own = get(task, 'timeout');
  return timeLeft(
    startOf(task as VitestTask),
    own ?? get(get(worker, 'config'), 'testTimeout'),
    own !== undefined,
  );
}

function startOf(task: VitestTask): unknown {
  const { startTime, retryCount = 0, repeatCount = 0 } = task.result ?? {};
  const attempt = `${retryCount} ${repeatCount}`;
  if (attempt === '0 0') return startTime;
  const known = attempts.get(task);
  if (known?.attempt === attempt) return known.startMs;
  const startMs = unixNow();
  attempts.set(task, { attempt, startMs });
  return startMs;
}

function jestTimeLeft(): TimeLeft | undefined {
  const symbol = Object.getOwnPropertySymbols(globalThis).find(
    ({ description }) => description === 'JEST_STATE_SYMBOL',
  );
  if (symbol === undefined) return undefined;
  const state = get(globalThis, symbol);
  const test = get(state, 'currentlyRunningTest');
  const limit = get(test, 'timeout') ?? get(state, 'testTimeout');
  return timeLeft(get(test, 'startedAt'), limit, true);
}

function timeLeft(start: unknown, limit: unknown, isExact: boolean): TimeLeft | undefined {
  if (typeof start !== 'number' || typeof limit !== 'number') return undefined;
  if (!(start > 0) || !(limit > 0) || !Number.isFinite(limit)) return undefined;
  const left = limit - (unixNow() - start);
  return { leftMs: left > 0 ? left : limit, limitMs: limit, isExact };
}

function get(from: unknown, key: PropertyKey): unknown {
  if (typeof from !== 'object' || from === null) return undefined;
  return (from as Record<PropertyKey, unknown>)[key] ?? undefined;
}
