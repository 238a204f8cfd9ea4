/**
 * Answers other than the usual one, by method and path: another status and body, a delay, or a fault of the
 * connection; for good, or for the next N requests.
 *
 * Those with a number are used up first, in the order they were given; the last one without a number stays.
 *
 * Limits  OVERRIDES_MAX in all; further ones are refused.
 */

export const FAULTS = ['reset', 'hang', 'hang_in_body', 'drip'] as const;
/**
 * reset         the connection is reset instead of an answer
 * hang          no answer, until the client or the server closes
 * hang_in_body  headers and half of the body, and no more
 * drip          the body byte by byte, DRIP_MS apart
 */
export type Fault = (typeof FAULTS)[number];

export interface Override {
  /** Path, as in `/api/v2/series`. */
  readonly endpoint: string;
  /** In capitals; POST when not given. */
  readonly method?: string;
  readonly statusCode?: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Waits before it answers, ms. */
  readonly delayMs?: number;
  readonly fault?: Fault;
  /** How many requests it is for; all of them when not given. */
  readonly times?: number;
}

const OVERRIDES_MAX = 1000;

interface Entry {
  readonly override: Override;
  left: number;
}

export class Overrides {
  private readonly byRoute = new Map<string, Entry[]>();
  private size = 0;

  /** False when there are too many already. */
  add(override: Override): boolean {
    const key = keyOf(override.method ?? 'POST', override.endpoint);
    const entries = this.byRoute.get(key) ?? [];
    const left = override.times ?? Number.POSITIVE_INFINITY;
    const kept = left === Number.POSITIVE_INFINITY ? entries.filter((entry) => entry.left !== left) : entries;
    if (this.size - entries.length + kept.length >= OVERRIDES_MAX) return false;
    // Those with a number stand before the one without.
    const next = [...kept, { override, left }].sort((a, b) =>
      a.left === b.left ? 0 : orderOf(a) - orderOf(b),
    );
    this.byRoute.set(key, next);
    this.size += next.length - entries.length;
    return true;
  }

  /** The override for one request, which is used up by it; undefined for the usual answer. */
  take(method: string, path: string): Override | undefined {
    const key = keyOf(method, path);
    const entries = this.byRoute.get(key);
    const [first] = entries ?? [];
    if (entries === undefined || first === undefined) return undefined;
    first.left--;
    if (first.left <= 0) {
      entries.shift();
      this.size--;
      if (entries.length === 0) this.byRoute.delete(key);
    }
    return first.override;
  }

  /** Back to the usual answers. */
  clear(): void {
    this.byRoute.clear();
    this.size = 0;
  }
}

function keyOf(method: string, path: string): string {
  return `${method.toUpperCase()} ${path}`;
}

function orderOf(entry: Entry): number {
  return entry.left === Number.POSITIVE_INFINITY ? 1 : 0;
}
