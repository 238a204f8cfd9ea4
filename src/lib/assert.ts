/**
 * Assertions of our own invariants at the borders of stages, in place of casts that claim them. They are never off: data that
 * went the wrong way would be worse than a server that ends and says what did not hold.
 *
 * Not for input, which is counted and logged, and not for the outside world, which fails with an error that has a code and
 * a remedy (docs/errors.md). The core has the same for its debug build (src/core/assembly/debug.ts).
 */

/** What we relied on was wrong: a bug. Nobody catches it. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

/** Throws BrokenInvariant unless `condition` holds. `claim` says what was relied on: "a slot belongs to a context". */
export function assert(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new BrokenInvariant(`does not hold: ${claim}`);
}
