/**
 * A map of bounded size that forgets the entry unused for longest.
 *
 * Limits  `size` entries, at least 1. When full, each new entry pushes one out, which `evictions` counts:
 *         many of them mean that the cache is too small for the traffic.
 * How     a Map keeps insertion order, so taking an entry out and putting it back makes it the newest.
 */
export class LruCache<Key, Value> {
  /** Entries pushed out since the start. */
  evictions = 0;
  private readonly size: number;
  private readonly entries = new Map<Key, Value>();

  constructor(size: number) {
    this.size = size;
  }

  /** Returns the value and makes it the newest; undefined when the key is not held. */
  get(key: Key): Value | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  set(key: Key, value: Value): void {
    this.entries.delete(key);
    if (this.entries.size >= this.size) {
      this.evictions++;
      for (const oldest of this.entries.keys()) {
        this.entries.delete(oldest);
        break;
      }
    }
    this.entries.set(key, value);
  }

  get count(): number {
    return this.entries.size;
  }
}
