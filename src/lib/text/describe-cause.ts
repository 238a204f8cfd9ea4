/**
 * What made something fail, in one line: errors wrap each other, and the outermost seldom says why.
 *
 *   TypeError "fetch failed" ─cause─▶ AggregateError "" ─errors─▶ "connect ECONNREFUSED ::1:8127", "connect ECONNREFUSED 127.0.0.1:8127"
 */

const DEPTH_MAX = 5;

/** The innermost messages, each once, separated by semicolons; codes that are not in them are added. */
export function describeCause(error: unknown, depth = 0): string {
  if (!(error instanceof Error)) return String(error);
  const { cause, code } = error as { readonly cause?: unknown; readonly code?: unknown };
  if (depth < DEPTH_MAX) {
    if (error instanceof AggregateError && error.errors.length > 0)
      return [...new Set(error.errors.map((one) => describeCause(one, depth + 1)))].join('; ');
    if (cause instanceof Error) return describeCause(cause, depth + 1);
  }
  const message = error.message === '' ? error.name : error.message;
  return typeof code === 'string' && !message.includes(code) ? `${message} (${code})` : message;
}
