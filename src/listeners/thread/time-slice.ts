/**
 * Hot path. How long the cold path may keep a listener thread from its socket: one slice, then the thread looks at the
 * socket again, because the kernel's buffers are small.
 *
 * Thread  the listener thread's own.
 */

/** At 100 packets a millisecond the kernel's default queue of a UDP socket holds 2.5 ms. */
export const SLICE_MS = 1;

export class TimeSlice {
  /** performance.now(); 0 until the first uncached line of an open-ended slice asks. */
  private end = 0;

  /** The slice begins with the first uncached line: a batch of cached lines never reads the clock. */
  beginAtFirstMiss(): void {
    this.end = 0;
  }

  /** The slice begins now. */
  begin(): void {
    this.end = performance.now() + SLICE_MS;
  }

  /** Nothing interrupts from now on. */
  removeLimit(): void {
    this.end = Number.POSITIVE_INFINITY;
  }

  /** For the cold path, after each line: whether the thread should look at its socket. */
  isOver(): boolean {
    if (this.end === 0) this.begin();
    return performance.now() > this.end;
  }
}
