/**
 * Compresses a stream with Zstandard (RFC 8878), for Node.js versions whose zlib cannot (before 22.15).
 *
 *   frame   magic │ descriptor 00 │ window 256 KiB │ block … │ last block
 *   block   literals, as they are │ sequences: (literals to copy, match length, offset) with the default tables
 *
 *   a:1|c\na:2|c\n   ─▶   literals "a:1|c\na:2"   sequence: 9 literals, then 3 bytes from 6 bytes before
 *
 * Matches are found greedily by one hash table of 5-byte strings. There are no Huffman codes and no tables of its own:
 * text that repeats, as DogStatsD does, shrinks to a fifth; other text stays about as long as it is. A block that would
 * grow is stored, one of equal bytes is a run.
 *
 * Memory  about 800 KiB: window, block, hash table and output.
 * Why     a dependency that compresses is WebAssembly of 1 MB or has to be built (docs/decisions/capture-files.md).
 */

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const WINDOW_LOG = 18;
const WINDOW_BYTES = 1 << WINDOW_LOG;
const BLOCK_BYTES = 128 * 1024;
const RAW = 0;
const RUN = 1;
const COMPRESSED = 2;

const HASH_LOG = 15;
/** Shorter matches do not pay for their sequence. */
const MATCH_BYTES_MIN = 5;
/** The shortest match the format has. */
const MATCH_BASE = 3;
const MATCH_BYTES_MAX = 65_538;
/** Offset values 1 to 3 mean the offsets used last, which this encoder does not use. */
const REPEAT_OFFSETS = 3;

/** How literal lengths and match lengths from 16 and 35 on are written: the first of each code, and bits after it. */
const LITERAL_BASES = [
  16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536,
];
const LITERAL_BITS = [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const FIRST_LITERAL_CODE = 16;
const MATCH_BASES = [
  35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539,
];
const MATCH_BITS = [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const FIRST_MATCH_CODE = 32;

/** The default distributions; -1 is "less than one". */
const LITERAL_COUNTS = [
  4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1,
  -1,
];
const MATCH_COUNTS = [
  1,
  4,
  3,
  ...Array<number>(6).fill(2),
  ...Array<number>(37).fill(1),
  ...Array<number>(7).fill(-1),
];
const OFFSET_COUNTS = [1, 1, 1, 1, 1, 1, 2, 2, 2, ...Array<number>(15).fill(1), -1, -1, -1, -1, -1];

/** A finite state entropy code: next states, and for each symbol what leads to them (RFC 8878, section 4.1). */
interface Code {
  readonly log: number;
  readonly states: Uint16Array;
  readonly deltaBits: Int32Array;
  readonly deltaState: Int32Array;
}

const LITERAL_CODE = makeCode(LITERAL_COUNTS, 6);
const MATCH_CODE = makeCode(MATCH_COUNTS, 6);
const OFFSET_CODE = makeCode(OFFSET_COUNTS, 5);

export class ZstdEncoder {
  /** The window, then the block under way. */
  private readonly buffer = new Uint8Array(WINDOW_BYTES + BLOCK_BYTES);
  private readonly view = new DataView(this.buffer.buffer);
  private blockStart = 0;
  private end = 0;
  /** Position of a string in `buffer`, plus one; 0 for none. */
  private readonly table = new Int32Array(1 << HASH_LOG);
  private readonly literals = new Uint8Array(BLOCK_BYTES);
  private readonly sequences = new Uint32Array(3 * Math.ceil(BLOCK_BYTES / MATCH_BYTES_MIN));
  private readonly bits = new BitWriter();
  private isOpen = false;

  /** Compressed bytes of what fills whole blocks with this piece; often none. */
  push(piece: Uint8Array): Uint8Array {
    const out: Uint8Array[] = this.open();
    for (let at = 0; at < piece.length; ) {
      const taken = Math.min(piece.length - at, this.blockStart + BLOCK_BYTES - this.end);
      this.buffer.set(piece.subarray(at, at + taken), this.end);
      this.end += taken;
      at += taken;
      if (this.end - this.blockStart === BLOCK_BYTES) out.push(this.encodeBlock(false));
    }
    return out.length === 1 ? (out[0] as Uint8Array) : Buffer.concat(out);
  }

  /** The rest of the frame. */
  finish(): Uint8Array {
    return Buffer.concat([...this.open(), this.encodeBlock(true)]);
  }

  private open(): Uint8Array[] {
    if (this.isOpen) return [];
    this.isOpen = true;
    return [Uint8Array.of(...MAGIC, 0, (WINDOW_LOG - 10) << 3)];
  }

  private encodeBlock(isLast: boolean): Uint8Array {
    const { buffer, blockStart, end } = this;
    const block = buffer.subarray(blockStart, end);
    const first = block[0];
    let encoded: Uint8Array;
    if (first !== undefined && block.length > 4 && block.every((byte) => byte === first)) {
      encoded = withHeader(RUN, block.length, Uint8Array.of(first), isLast);
    } else {
      const body = this.compress();
      encoded =
        body.length < block.length
          ? withHeader(COMPRESSED, body.length, body, isLast)
          : withHeader(RAW, block.length, block, isLast);
    }
    this.slide();
    return encoded;
  }

  /** Makes room for the next block behind a window of what came before it. */
  private slide(): void {
    const shift = Math.max(this.end - WINDOW_BYTES, 0);
    if (shift > 0) {
      this.buffer.copyWithin(0, shift, this.end);
      const { table } = this;
      for (let i = 0; i < table.length; i++) table[i] = Math.max((table[i] as number) - shift, 0);
    }
    this.end -= shift;
    this.blockStart = this.end;
  }

  private compress(): Uint8Array {
    const { buffer, blockStart, end, table, sequences } = this;
    let literalBytes = 0;
    let sequenceCount = 0;
    let literalStart = blockStart;
    let at = blockStart;
    const last = end - 8;
    while (at < last) {
      const slot = this.hash(at);
      const candidate = (table[slot] as number) - 1;
      table[slot] = at + 1;
      const length = candidate < 0 || at - candidate > WINDOW_BYTES ? 0 : this.matchLength(candidate, at);
      if (length < MATCH_BYTES_MIN) {
        at++;
        continue;
      }
      const skipped = at - literalStart;
      this.literals.set(buffer.subarray(literalStart, at), literalBytes);
      literalBytes += skipped;
      sequences[3 * sequenceCount] = skipped;
      sequences[3 * sequenceCount + 1] = length;
      sequences[3 * sequenceCount + 2] = at - candidate;
      sequenceCount++;
      // A few strings inside the match are remembered too, so that the next one is found from its middle.
      const stop = Math.min(at + length, last);
      for (let i = at + 1; i < stop; i += 3) table[this.hash(i)] = i + 1;
      at += length;
      literalStart = at;
    }
    this.literals.set(buffer.subarray(literalStart, end), literalBytes);
    literalBytes += end - literalStart;
    const { bits } = this;
    bits.reset();
    writeLiterals(bits, this.literals.subarray(0, literalBytes));
    writeSequences(bits, sequences, sequenceCount);
    return bits.written();
  }

  private hash(at: number): number {
    const low = this.view.getUint32(at, true);
    return (
      Math.imul(low ^ Math.imul(this.buffer[at + 4] as number, 0x9e3779b1), 0x85ebca6b) >>> (32 - HASH_LOG)
    );
  }

  private matchLength(candidate: number, at: number): number {
    const { buffer } = this;
    const max = Math.min(this.end - at, MATCH_BYTES_MAX);
    let length = 0;
    while (length < max && buffer[candidate + length] === buffer[at + length]) length++;
    return length;
  }
}

/** Bytes, and bits from the lowest on; whoever reads the bits begins at the end. */
class BitWriter {
  private readonly bytes = new Uint8Array(4 * BLOCK_BYTES);
  private length = 0;
  private held = 0;
  private heldBits = 0;

  reset(): void {
    this.length = 0;
    this.held = 0;
    this.heldBits = 0;
  }

  byte(value: number): void {
    this.bytes[this.length++] = value;
  }

  all(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** The lowest `count` bits of `value`, 24 at most. */
  add(value: number, count: number): void {
    this.held |= (value & ((1 << count) - 1)) << this.heldBits;
    this.heldBits += count;
    while (this.heldBits >= 8) {
      this.bytes[this.length++] = this.held;
      this.held >>>= 8;
      this.heldBits -= 8;
    }
  }

  /** Marks the end of the bits with a one. */
  close(): void {
    this.add(1, 1);
    if (this.heldBits > 0) this.add(0, 8 - this.heldBits);
  }

  written(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

// │ last, 1 bit │ type, 2 bits │ size, 21 bits │ content
function withHeader(type: number, size: number, content: Uint8Array, isLast: boolean): Uint8Array {
  const header = (size << 3) | (type << 1) | (isLast ? 1 : 0);
  const block = new Uint8Array(3 + content.length);
  block.set([header & 255, (header >> 8) & 255, header >> 16]);
  block.set(content, 3);
  return block;
}

/** Literals as they are: type 0, a size of 5, 12 or 20 bits, the bytes. */
function writeLiterals(bits: BitWriter, literals: Uint8Array): void {
  const { length } = literals;
  if (length < 32) bits.byte(length << 3);
  else if (length < 4096) {
    bits.byte((0b01 << 2) | ((length & 15) << 4));
    bits.byte(length >> 4);
  } else {
    bits.byte((0b11 << 2) | ((length & 15) << 4));
    bits.byte((length >> 4) & 255);
    bits.byte(length >> 12);
  }
  bits.all(literals);
}

/** The sequences, last one first, because they are read from the end. */
function writeSequences(bits: BitWriter, sequences: Uint32Array, count: number): void {
  if (count < 128) bits.byte(count);
  else if (count < 0x7f00) {
    bits.byte((count >> 8) + 128);
    bits.byte(count & 255);
  } else {
    bits.byte(255);
    bits.byte((count - 0x7f00) & 255);
    bits.byte((count - 0x7f00) >> 8);
  }
  if (count === 0) return;
  // All three codes by their default distributions.
  bits.byte(0);
  let literalState = 0;
  let matchState = 0;
  let offsetState = 0;
  for (let i = count - 1; i >= 0; i--) {
    const literals = sequences[3 * i] as number;
    const match = sequences[3 * i + 1] as number;
    const offset = (sequences[3 * i + 2] as number) + REPEAT_OFFSETS;
    const literalCode =
      literals < FIRST_LITERAL_CODE ? literals : codeOf(literals, LITERAL_BASES, FIRST_LITERAL_CODE);
    const matchCode =
      match < FIRST_MATCH_CODE + MATCH_BASE
        ? match - MATCH_BASE
        : codeOf(match, MATCH_BASES, FIRST_MATCH_CODE);
    const offsetCode = 31 - Math.clz32(offset);
    if (i === count - 1) {
      literalState = firstState(LITERAL_CODE, literalCode);
      matchState = firstState(MATCH_CODE, matchCode);
      offsetState = firstState(OFFSET_CODE, offsetCode);
    } else {
      offsetState = nextState(bits, OFFSET_CODE, offsetState, offsetCode);
      matchState = nextState(bits, MATCH_CODE, matchState, matchCode);
      literalState = nextState(bits, LITERAL_CODE, literalState, literalCode);
    }
    writeExtra(bits, literals, literalCode - FIRST_LITERAL_CODE, LITERAL_BASES, LITERAL_BITS);
    writeExtra(bits, match, matchCode - FIRST_MATCH_CODE, MATCH_BASES, MATCH_BITS);
    bits.add(offset - (1 << offsetCode), offsetCode);
  }
  bits.add(matchState, MATCH_CODE.log);
  bits.add(offsetState, OFFSET_CODE.log);
  bits.add(literalState, LITERAL_CODE.log);
  bits.close();
}

function codeOf(value: number, bases: readonly number[], first: number): number {
  let i = bases.length - 1;
  while (value < (bases[i] as number)) i--;
  return first + i;
}

/** What a code above the ones that stand for themselves leaves open. */
function writeExtra(
  bits: BitWriter,
  value: number,
  index: number,
  bases: readonly number[],
  widths: readonly number[],
): void {
  if (index >= 0) bits.add(value - (bases[index] as number), widths[index] as number);
}

function makeCode(counts: readonly number[], log: number): Code {
  const size = 1 << log;
  const symbols = spread(counts, size);
  const firstOf = new Int32Array(counts.length);
  for (let s = 1; s < counts.length; s++)
    firstOf[s] = (firstOf[s - 1] as number) + Math.abs(counts[s - 1] as number);
  const next = firstOf.slice();
  const states = new Uint16Array(size);
  symbols.forEach((symbol, i) => {
    states[next[symbol] as number] = size + i;
    next[symbol] = (next[symbol] as number) + 1;
  });
  const deltaBits = new Int32Array(counts.length);
  const deltaState = new Int32Array(counts.length);
  counts.forEach((count, symbol) => {
    const share = Math.abs(count);
    const bitsMax = share === 1 ? log : log - (31 - Math.clz32(share - 1));
    deltaBits[symbol] = (bitsMax << 16) - (share << bitsMax);
    deltaState[symbol] = (firstOf[symbol] as number) - share;
  });
  return { log, states, deltaBits, deltaState };
}

/** Which symbol each state stands for: rare ones at the end, the others in equal steps. */
function spread(counts: readonly number[], size: number): Uint8Array {
  const symbols = new Uint8Array(size);
  let high = size - 1;
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[high--] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at > high);
    }
  });
  return symbols;
}

function firstState({ states, deltaBits, deltaState }: Code, symbol: number): number {
  const delta = deltaBits[symbol] as number;
  const count = (delta + (1 << 15)) >> 16;
  return states[(((count << 16) - delta) >> count) + (deltaState[symbol] as number)] as number;
}

function nextState(
  bits: BitWriter,
  { states, deltaBits, deltaState }: Code,
  state: number,
  symbol: number,
): number {
  const count = (state + (deltaBits[symbol] as number)) >> 16;
  bits.add(state, count);
  return states[(state >> count) + (deltaState[symbol] as number)] as number;
}
