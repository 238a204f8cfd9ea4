/**
 * What the fake intake was sent, by path, as it came.
 *
 * Limits    bytesMax of bodies in all and PATHS_MAX paths. Over either, the oldest payloads go first, counted in
 *           `evicted`.
 * Retention retentionMs after their receipt payloads are gone; whoever adds or reads purges.
 */

/** Every payload costs at least this, so that empty bodies are limited too. */
const PAYLOAD_OVERHEAD_BYTES = 256;
const PATHS_MAX = 1000;
/** Paths beyond PATHS_MAX are counted together. */
const OTHER_PATHS = '(other)';

export interface StoredPayload {
  readonly path: string;
  /** When it was received, Unix milliseconds. */
  readonly receivedAt: number;
  readonly apiKey: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** As received, compressed. */
  readonly body: Uint8Array;
}

export interface StoreOptions {
  readonly bytesMax: number;
  readonly retentionMs: number;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

export class PayloadStore {
  /** Payloads that went before their time, because there was no room. */
  evicted = 0;
  private readonly options: StoreOptions;
  /** In the order of receipt. */
  private payloads: StoredPayload[] = [];
  private readonly counts = new Map<string, number>();
  private bytes = 0;

  constructor(options: StoreOptions) {
    this.options = options;
  }

  add(payload: StoredPayload): void {
    this.purge();
    this.payloads.push(payload);
    this.bytes += sizeOf(payload);
    const { path } = payload;
    const known = this.counts.has(path) || this.counts.size < PATHS_MAX;
    this.counts.set(known ? path : OTHER_PATHS, (this.counts.get(known ? path : OTHER_PATHS) ?? 0) + 1);
    let over = 0;
    for (let bytes = this.bytes; bytes > this.options.bytesMax && over < this.payloads.length; over++) {
      bytes -= sizeOf(this.payloads[over] as StoredPayload);
    }
    this.evicted += over;
    this.removeOldest(over);
  }

  /** The payloads of `paths`, oldest first. */
  list(paths: readonly string[]): StoredPayload[] {
    this.purge();
    return this.payloads.filter(({ path }) => paths.includes(path));
  }

  /** How many payloads came by path, since the start or the last clear(). */
  countsByPath(): ReadonlyMap<string, number> {
    return this.counts;
  }

  clear(): void {
    this.payloads = [];
    this.bytes = 0;
    this.counts.clear();
  }

  private purge(): void {
    const oldest = this.options.clock() - this.options.retentionMs;
    let over = 0;
    while (over < this.payloads.length && (this.payloads[over] as StoredPayload).receivedAt < oldest) over++;
    this.removeOldest(over);
  }

  private removeOldest(count: number): void {
    if (count === 0) return;
    for (const payload of this.payloads.splice(0, count)) this.bytes -= sizeOf(payload);
  }
}

function sizeOf({ body, path }: StoredPayload): number {
  return body.length + path.length + PAYLOAD_OVERHEAD_BYTES;
}
