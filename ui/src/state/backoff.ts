/** How long to wait before trying again, s: 1, 2, 4, 8, then 15 for as long as it takes. */
const STEPS_S = [1, 2, 4, 8, 15] as const;

export class Backoff {
  private failures = 0;

  /** The next wait; each call counts as a failure. */
  next(): number {
    const step = STEPS_S[Math.min(this.failures, STEPS_S.length - 1)] as number;
    this.failures++;
    return step;
  }

  reset(): void {
    this.failures = 0;
  }
}
