/**
 * Containers that are to be inspected: a few at a time, each once, urgent ones first.
 *
 * Limits  PLACES at a time for a list, URGENT_PLACES more for those that something waits for; WAITING_MAX waiting, further
 *         ones are refused and counted.
 */
const PLACES = 4;
const URGENT_PLACES = 4;
const WAITING_MAX = 25_000;

export class InspectQueue {
  refused = 0;
  private readonly inspect: (id: string) => Promise<void>;
  private readonly waiting = new Map<string, (() => void)[]>();
  private readonly urgent = new Set<string>();
  private readonly running = new Map<string, Promise<void>>();
  private stopped = false;

  /** `inspect` never rejects. */
  constructor(inspect: (id: string) => Promise<void>) {
    this.inspect = inspect;
  }

  /** Resolves when the container has been inspected by a request that began after this call. */
  add(id: string, urgent: boolean): Promise<void> {
    if (this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const others = this.waiting.get(id);
      if (others === undefined && this.waiting.size >= WAITING_MAX) {
        this.refused++;
        resolve();
        return;
      }
      if (others === undefined) this.waiting.set(id, [resolve]);
      else others.push(resolve);
      if (urgent) this.urgent.add(id);
      this.next();
    });
  }

  /** Lets no one wait any longer; resolves when nothing runs. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const waiting of this.waiting.values()) for (const done of waiting) done();
    this.waiting.clear();
    this.urgent.clear();
    await Promise.all(this.running.values());
  }

  private next(): void {
    while (!this.stopped) {
      const id = this.first(this.urgent, PLACES + URGENT_PLACES) ?? this.first(this.waiting.keys(), PLACES);
      if (id === undefined) return;
      const waiting = this.waiting.get(id) ?? [];
      this.waiting.delete(id);
      this.urgent.delete(id);
      const running = this.inspect(id).finally(() => {
        this.running.delete(id);
        for (const done of waiting) done();
        this.next();
      });
      this.running.set(id, running);
    }
  }

  private first(ids: Iterable<string>, places: number): string | undefined {
    if (this.running.size >= places) return undefined;
    for (const id of ids) if (!this.running.has(id)) return id;
    return undefined;
  }
}
