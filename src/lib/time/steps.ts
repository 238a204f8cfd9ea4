/**
 * Steps: long work cut into short pieces, so that whoever has it done decides when.
 *
 *   for (…) { a piece of work, well below a millisecond; yield; }
 *
 * The work itself reads no clock. A server runs some steps, looks at its clock and lets its event loop turn
 * (server/threads/inbox.ts); a test or a simulation runs them all.
 */
export type Steps<Result = void> = Generator<void, Result, void>;

/** Does all of it now. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
