/**
 * Whether this is a debug build of the core (`npm run build:core -- --debug`).
 *
 * The compiler knows the answer: what stands behind `if (isDebug)` is not in a release, not even its condition. Use it
 * for assertions on the hot path. Every assertion has a message, which names what holds; TypeScript turns it into an
 * error (core/failed-assertion.ts), and the server logs that and ends.
 */

// @ts-ignore: decorator
@inline
export const isDebug: bool = ASC_OPTIMIZE_LEVEL == 0;
