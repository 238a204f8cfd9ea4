/** `whippet top` was called wrongly; the message says how. */
export class TopUsageError extends Error {}
