/**
 * One instance of the core, driven without the server around it: packets are copied into slots as recvmmsg() fills them,
 * and only the call that ingests them is timed.
 *
 *   corpus ─copy─▶ 64 slots ─ingestBatch()─▶ open bucket       timed: ingestBatch() alone
 *                                └─uncached line─▶ resolve(): the little that the shapes need of the cold path
 *
 * It calls the exports of the module itself and brings a cold path of its own, so that a core of another build, whose
 * TypeScript side may differ, runs in the same process. What both sides of the border agree on is that of this build; a
 * core with other offsets or numbers fails check().
 *
 * Memory  one WebAssembly memory of at most 2 GiB.
 */
import { type CoreExports, makeShardMemory } from '../../src/core/core.ts';
import { powersOfFive } from '../../src/core/powers-of-five.ts';
import type { PacketList } from '../../src/listeners/system/send-batch.ts';
import {
  BLOCKS_ADDRESSES,
  BUCKET_CELLS,
  BUCKET_TOUCHED,
  BUCKET_TOUCHED_COUNT,
  CELL_BYTES,
  CELL_SUM,
  CORE_COUNTERS,
  COUNT_LINES,
  COUNT_SAMPLES,
  COUNT_TAG_SET_HITS,
  MMSGHDR_BYTES,
  MMSGHDR_FLAGS,
  MMSGHDR_LENGTH,
  OP_COUNTER,
  OP_DISTRIBUTION,
  OP_GAUGE,
  OP_HISTOGRAM,
  OP_SET,
  PACKET_PADDING_BYTES,
} from '../../src/model/core-border.ts';
import { Random } from '../corpus/random.ts';

/** What the bench calls of the core. Other builds may take other settings. */
export type BenchExports = Pick<
  CoreExports,
  | 'initialize'
  | 'hashKeyBytes'
  | 'counters'
  | 'clock'
  | 'takeRegion'
  | 'ingestBatch'
  | 'countMessages'
  | 'install'
  | 'addSample'
  | 'addElement'
  | 'contextSlot'
  | 'sealBucket'
  | 'isSweeping'
  | 'sweepStep'
> & {
  configure(...settings: (number | bigint)[]): number;
};

export const GROUP_PACKETS = 64;

const SLOT_BYTES = 8192 + PACKET_PADDING_BYTES;
const SCRATCH_BYTES = 65_536;
const BUCKET_SECONDS = 10;
const NEW_SLOT = 0x8000_0000;
const OPS: Readonly<Record<string, number>> = {
  c: OP_COUNTER,
  g: OP_GAUGE,
  h: OP_HISTOGRAM,
  d: OP_DISTRIBUTION,
  s: OP_SET,
};
const CONTEXTS_MAX = 1_000_000;
/** The defaults of a server: lines, contexts, keys, exact values, whole weights, records, buckets until idle. */
const SETTINGS = [1_000_000, CONTEXTS_MAX, 4_194_304, 2048, 0, 1_000_000, 6] as const;
/** The place of `exactWeights` in them, which builds before it do not have. */
const EXACT_WEIGHTS = 4;
/** Parameters of configure() in this build. */
const CONFIGURE_PARAMETERS = 11;

/** What a bucket of the bench adds up to. */
export interface BucketSums {
  readonly counterSum: number;
  readonly contexts: number;
}

export class BenchShard {
  readonly wasm: BenchExports;
  readonly scratchPtr: number;
  /** Lines that took the cold path since the shard was made. */
  resolved = 0;
  private readonly memory: WebAssembly.Memory;
  private readonly counters: Float64Array;
  private readonly headersPtr: number;
  private readonly slotsPtr: number;
  /** In one piece: an array that grows is copied, which a timed call would have to wait for. */
  private readonly opBySlot = new Uint8Array(CONTEXTS_MAX);
  private readonly blockBytes: number | undefined;
  private start = BUCKET_SECONDS;

  constructor(module: WebAssembly.Module) {
    this.memory = makeShardMemory();
    const resolve = (line: number, length: number): number => this.resolve(line, length);
    const abort = (): never => {
      throw new Error('an assertion of the core failed');
    };
    const instance = new WebAssembly.Instance(module, { env: { memory: this.memory, resolve, abort } });
    this.wasm = instance.exports as unknown as BenchExports;
    this.blockBytes = (instance.exports.blockBytes as WebAssembly.Global | undefined)?.value as
      | number
      | undefined;
    const keyPtr = this.wasm.initialize();
    const random = new Random(1);
    const key = Uint8Array.from({ length: this.wasm.hashKeyBytes() }, () => random.below(256));
    new Uint8Array(this.memory.buffer).set(key, keyPtr);
    const hasExactWeights = this.wasm.configure.length === CONFIGURE_PARAMETERS;
    const settings = SETTINGS.filter((_, at) => hasExactWeights || at !== EXACT_WEIGHTS);
    const powersPtr = this.wasm.configure(...settings, 1, 0, 0x1e3779b97f4a7c15n, this.start);
    new BigUint64Array(this.memory.buffer, powersPtr).set(powersOfFive(-64, 64));
    this.counters = new Float64Array(this.memory.buffer, this.wasm.counters(), CORE_COUNTERS);
    this.headersPtr = this.wasm.takeRegion(GROUP_PACKETS * MMSGHDR_BYTES);
    this.slotsPtr = this.wasm.takeRegion(GROUP_PACKETS * SLOT_BYTES);
    this.scratchPtr = this.wasm.takeRegion(SCRATCH_BYTES);
    this.setClock(this.start);
  }

  get bytes(): Buffer {
    return Buffer.from(this.memory.buffer);
  }

  get lines(): number {
    return this.counters[COUNT_LINES] as number;
  }

  get samples(): number {
    return this.counters[COUNT_SAMPLES] as number;
  }

  get tagSetHits(): number {
    return this.counters[COUNT_TAG_SET_HITS] as number;
  }

  /** Ingests all packets of a corpus; how long the core took for each group of 64, in ns. */
  ingest({ bytes, offsets, lengths }: PacketList): Float64Array {
    const times = new Float64Array(Math.ceil(lengths.length / GROUP_PACKETS));
    for (let first = 0; first < lengths.length; first += GROUP_PACKETS) {
      const count = Math.min(GROUP_PACKETS, lengths.length - first);
      const memory = this.bytes;
      for (let i = 0; i < count; i++) {
        const offset = offsets[first + i] as number;
        const length = lengths[first + i] as number;
        memory.set(bytes.subarray(offset, offset + length), this.slotsPtr + i * SLOT_BYTES);
        const header = this.headersPtr + i * MMSGHDR_BYTES;
        memory.writeUInt32LE(length, header + MMSGHDR_LENGTH);
        memory.writeUInt32LE(0, header + MMSGHDR_FLAGS);
      }
      const startedAt = performance.now();
      this.wasm.ingestBatch(this.headersPtr, this.slotsPtr, SLOT_BYTES, 0, 0, count, 0);
      times[first / GROUP_PACKETS] = (performance.now() - startedAt) * 1e6;
    }
    return times;
  }

  /** Seals the bucket, as the end of its time does, forgets what is idle and adds up what it held. */
  seal(): BucketSums {
    const bucket = this.sealOnly();
    do this.sweep(0xffff_ffff);
    while (this.isSweeping);
    const memory = new DataView(this.memory.buffer);
    const word = (at: number): number => memory.getUint32(at, true);
    // Builds before blocks, which do not say how large they are, have columns in one piece.
    const { blockBytes } = this;
    const itemAt = (column: number, index: number, bytes: number): number => {
      if (blockBytes === undefined) return column + index * bytes;
      const block = Math.floor((index * bytes) / blockBytes);
      return word(column + BLOCKS_ADDRESSES + 4 * block) + ((index * bytes) % blockBytes);
    };
    const contexts = word(bucket + BUCKET_TOUCHED_COUNT);
    let counterSum = 0;
    for (let i = 0; i < contexts; i++) {
      const slot = word(itemAt(word(bucket + BUCKET_TOUCHED), i, 4));
      if (this.opBySlot[slot] !== OP_COUNTER) continue;
      const cell = itemAt(word(bucket + BUCKET_CELLS), slot, CELL_BYTES);
      counterSum += memory.getFloat64(cell + CELL_SUM, true);
    }
    return { counterSum, contexts };
  }

  /** Seals the bucket; what is idle is forgotten by sweep(). Where the bucket is. */
  sealOnly(): number {
    this.start += BUCKET_SECONDS;
    this.setClock(this.start);
    return this.wasm.sealBucket(this.start) >>> 0;
  }

  get isSweeping(): boolean {
    return this.wasm.isSweeping() !== 0;
  }

  /** Looks at some `entries` lines and contexts. */
  sweep(entries: number): void {
    this.wasm.sweepStep(entries);
  }

  /** The slot of a new or known context; its text is name LF host LF tags joined by LF. */
  slotOf(name: string, tags: readonly string[], op: number): number {
    const head = this.bytes.write(`${name}\n\n`, this.scratchPtr, 'latin1');
    const rest = this.bytes.write(tags.join('\n'), this.scratchPtr + head, 'latin1');
    const slot = (this.wasm.contextSlot(this.scratchPtr, head, head + rest, op, 0, 1, 0) >>> 0) % NEW_SLOT;
    this.opBySlot[slot] = op;
    return slot;
  }

  private setClock(seconds: number): void {
    new Float64Array(this.memory.buffer, this.wasm.clock(), 1)[0] = seconds;
  }

  /** name:value:value|type|@rate|#tags|c:id, as corpus.ts writes it. */
  private resolve(ptr: number, length: number): number {
    this.resolved++;
    const line = this.bytes.toString('latin1', ptr, ptr + length);
    const [first = '', type = '', ...fields] = line.split('|');
    const at = first.indexOf(':');
    const op = OPS[type] as number;
    const field = (letter: string): string | undefined =>
      fields.find((text) => text.startsWith(letter))?.slice(1);
    const tags = new Set(field('#')?.split(',') ?? []);
    const slot = this.slotOf(first.slice(0, at), [...tags], op);
    this.wasm.install(slot, op, 0, 1, 0);
    if (op === OP_SET) this.wasm.addElement(slot, ptr + at + 1, first.length - at - 1);
    else {
      for (const value of first.slice(at + 1).split(':'))
        this.wasm.addSample(slot, op, Number(value), Number(field('@') ?? 1), 0);
    }
    return 0;
  }
}
