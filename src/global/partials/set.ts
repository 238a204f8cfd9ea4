/**
 * Sets: the hashes of up to GLOBAL_ELEMENTS_MAX elements, which count exactly; a HyperLogLog beyond.
 *
 *   encoded   form 0 │ n varint │ hashes, low u32 and high u32 …       ascending; 53 bits of the element's hash
 *             form 1 │ registers, 12,288 bytes
 *
 * All edges hash elements with the same key (`global.hash_key`), so equal elements meet. Two of 1,024 elements share 53
 * bits with a probability of 1 in 17 billion.
 */
import type { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';
import { HyperLogLog } from './hyperloglog.ts';
import type { GlobalOutcome, Partial } from './partial.ts';

/** Elements up to which a merged set is exact. */
export const GLOBAL_ELEMENTS_MAX = 1024;

const FORM = { list: 0, registers: 1 } as const;
const OWN_BYTES = 150;
const ELEMENT_BYTES = 24;
const REGISTER_BYTES = 16_384;

export class SetPartial implements Partial {
  private elements: Set<number> = new Set();
  private registers: HyperLogLog | undefined;

  static of(elements: ArrayLike<number>): SetPartial {
    const partial = new SetPartial();
    for (let i = 0; i < elements.length; i++) partial.add(elements[i] as number);
    return partial;
  }

  get bytes(): number {
    return OWN_BYTES + (this.registers === undefined ? ELEMENT_BYTES * this.elements.size : REGISTER_BYTES);
  }

  /** Adds an element by 53 bits of its hash. */
  add(hash: number): void {
    if (this.registers !== undefined) {
      this.registers.add(hash);
      return;
    }
    this.elements.add(hash);
    if (this.elements.size > GLOBAL_ELEMENTS_MAX) this.toRegisters();
  }

  merge(reader: ByteReader): void {
    const form = reader.u8();
    if (form === FORM.registers) {
      this.toRegisters().merge(reader);
      return;
    }
    if (form !== FORM.list) throw new RangeError('a set has no known form');
    const size = reader.count(8);
    for (let i = 0; i < size; i++) {
      const low = reader.u32();
      this.add((reader.u32() & 0x1fffff) * 2 ** 32 + low);
    }
  }

  mergeLate(reader: ByteReader): boolean {
    this.merge(reader);
    return true;
  }

  write(writer: ByteWriter): void {
    if (this.registers !== undefined) {
      writer.u8(FORM.registers);
      this.registers.write(writer);
      return;
    }
    writer.u8(FORM.list);
    writer.varint(this.elements.size);
    for (const hash of Float64Array.from(this.elements).sort()) {
      writer.u32(hash >>> 0);
      writer.u32((hash / 2 ** 32) >>> 0);
    }
  }

  outcome(): GlobalOutcome | undefined {
    const distinct = this.registers?.estimate() ?? this.elements.size;
    if (distinct === 0) return undefined;
    return { data: { kind: 'set', distinct }, series: [{ suffix: '', type: 'gauge', value: distinct }] };
  }

  private toRegisters(): HyperLogLog {
    if (this.registers !== undefined) return this.registers;
    const registers = new HyperLogLog();
    for (const hash of this.elements) registers.add(hash);
    this.elements = new Set();
    this.registers = registers;
    return registers;
  }
}
