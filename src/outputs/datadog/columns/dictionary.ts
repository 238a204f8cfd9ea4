/**
 * Dictionaries of a payload of columns: everything that several series share is written once, and referred to by its index.
 *
 *   texts    env:prod, web-1       │ 08 env:prod │ 05 web-1 │     index 1, 2; the empty text is index 0 and is not written
 *   sets     [1, 2], [2]           count, then indexes as deltas: 2, 1, 1 │ 1, 2       set 1, 2; the empty set is 0
 */
import type { ByteString } from '../../../model/text.ts';
import { ProtoWriter } from '../../protobuf/proto-writer.ts';

export class TextDictionary {
  /** Its field. */
  readonly content = new ProtoWriter();
  private readonly indexes = new Map<ByteString, number>();

  indexOf(text: ByteString): number {
    if (text === '') return 0;
    const known = this.indexes.get(text);
    if (known !== undefined) return known;
    this.content.textEntry(text);
    const index = this.indexes.size + 1;
    this.indexes.set(text, index);
    return index;
  }
}

/** Numbers lists of numbers. `write` is called once for each that is new. */
export class SetDictionary {
  private readonly indexes = new Map<string, number>();
  private readonly write: (members: readonly number[]) => void;

  constructor(write: (members: readonly number[]) => void) {
    this.write = write;
  }

  indexOf(members: readonly number[]): number {
    if (members.length === 0) return 0;
    const key = members.join();
    const known = this.indexes.get(key);
    if (known !== undefined) return known;
    this.write(members);
    const index = this.indexes.size + 1;
    this.indexes.set(key, index);
    return index;
  }
}

/** A column of which each entry is the difference from the one before. */
export class DeltaColumn {
  readonly content = new ProtoWriter();
  private last = 0;

  add(value: number): void {
    this.content.signedEntry(value - this.last);
    this.last = value;
  }
}
