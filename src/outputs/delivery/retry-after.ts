/** The header Retry-After: for how long a receiver wants to be left alone. */

// Retry-After: 120
// Retry-After: Wed, 21 Oct 2026 07:28:00 GMT

/** Milliseconds from `now`; undefined when the text means nothing. */
export function parseRetryAfter(text: string, now: number): number | undefined {
  if (/^\s*\d+\s*$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(at - now, 0);
}
