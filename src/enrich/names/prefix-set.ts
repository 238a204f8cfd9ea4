/** Texts that names may begin with, each with what it stands for. A test is one look-up for each distinct length. */
import type { ByteString } from '../../model/text.ts';

export class PrefixSet {
  private readonly entries: ReadonlyMap<ByteString, ByteString>;
  private readonly lengths: readonly number[];

  constructor(entries: ReadonlyMap<ByteString, ByteString>) {
    this.entries = entries;
    this.lengths = [...new Set(Array.from(entries.keys(), (entry) => entry.length))].sort((a, b) => a - b);
  }

  get size(): number {
    return this.entries.size;
  }

  /** What the shortest text that `name` begins with stands for; undefined when there is none. */
  find(name: ByteString): ByteString | undefined {
    for (const length of this.lengths) {
      if (length > name.length) return undefined;
      const found = this.entries.get(name.slice(0, length));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Those whose text satisfies `test`. */
  filter(test: (entry: ByteString) => boolean): PrefixSet {
    return new PrefixSet(new Map([...this.entries].filter(([entry]) => test(entry))));
  }
}
