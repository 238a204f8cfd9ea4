/**
 * Corpus: a shape as datagrams in memory, and what they add up to.
 *
 *   contexts + random ──▶ lines  name:value|type|@rate|#tags|c:id  ──▶ packets in one buffer
 *                                                                 └──▶ totals after every 256th packet
 *
 * Memory  one buffer of `bytes` (128 MiB by default, more than any cache holds), sent over and over.
 * Passes  turnPage() changes what must not repeat before the buffer is sent again: new tag values (churn),
 *         another order of tags (shuf). Totals of a pass stay the same.
 * Why     generating while sending would make the sender the limit; the checkpoints let it stop anywhere.
 */
import type { PacketList } from '../../src/listeners/system/send-batch.ts';
import { type BenchContext, makeContexts } from '../scenarios/contexts.ts';
import { copyTotals, noTotals, sumTotals, type Totals } from '../totals.ts';
import { Random } from './random.ts';
import { CONTAINER_IDS, RATES, type Shape } from './shapes.ts';

export interface CorpusOptions {
  readonly seed: number;
  readonly bytes: number;
  readonly packetBytesMax: number;
}

/** The sender stops between chunks of so many packets. */
export const CHUNK_PACKETS = 256;

/** The longest line: 200 of name, 7,500 of tags, 32 values, a rate, a container id, a churn tag. */
const LINE_BYTES_MAX = 8_192;
const SHUFFLE_PAIRS = 4;
const CHURN_DIGITS = 8;

const BAR = 0x7c;
const COLON = 0x3a;
const COMMA = 0x2c;
const DOT = 0x2e;
const HASH = 0x23;
const LINE_FEED = 0x0a;
const ZERO = 0x30;

export class Corpus {
  readonly packets: PacketList;
  readonly totals: Totals;
  private readonly checkpoints: readonly Totals[];
  private readonly mutations: Mutations;

  constructor(packets: PacketList, checkpoints: readonly Totals[], totals: Totals, mutations: Mutations) {
    this.packets = packets;
    this.checkpoints = checkpoints;
    this.totals = totals;
    this.mutations = mutations;
  }

  get packetCount(): number {
    return this.packets.lengths.length;
  }

  /** What `passes` whole corpora and then the first `packetCount` packets add up to; a multiple of the chunk. */
  totalsAfter(passes: number, packetCount: number): Totals {
    const part = this.checkpoints[Math.floor(packetCount / CHUNK_PACKETS)] as Totals;
    return sumTotals(this.totals, passes, part);
  }

  /** Prepares the bytes for pass `pass`, counted from 1 after the first. */
  turnPage(pass: number): void {
    for (const at of this.mutations.churnAt) writePadded(this.packets.bytes, at, pass);
    const swaps = this.mutations.swaps;
    // Gray code: pass 1 swaps pair 0, pass 2 pair 1, pass 3 pair 0, …; sixteen orders before one repeats.
    const pair = Math.min(31 - Math.clz32(pass & -pass), SHUFFLE_PAIRS - 1);
    for (let i = 3 * pair; i < swaps.length; i += 3 * SHUFFLE_PAIRS) swapTags(this.packets.bytes, swaps, i);
  }
}

/** Where turnPage() changes the corpus. */
interface Mutations {
  /** Offsets of the pass number in tag values that are new in every pass. */
  readonly churnAt: number[];
  /** Two neighbouring tags `a,b`: offset, length of a, length of b; SHUFFLE_PAIRS of them for each line. */
  readonly swaps: number[];
}

export function buildCorpus(shape: Shape, options: CorpusOptions): Corpus {
  return new CorpusBuilder(shape, options).build();
}

class CorpusBuilder {
  private readonly shape: Shape;
  private readonly random: Random;
  private readonly packetBytesMax: number;
  private readonly bytes: Uint8Array;
  private readonly contexts: readonly BenchContext[];
  private readonly containerIds: readonly Uint8Array[];
  private readonly rates = RATES.map((rate) => ({
    field: Buffer.from(`|@${rate}`, 'latin1'),
    weight: Math.trunc(1 / rate),
  }));
  private readonly seen: Uint8Array;
  private readonly totals = noTotals();
  private readonly mutations: Mutations = { churnAt: [], swaps: [] };
  private readonly line = new Uint8Array(LINE_BYTES_MAX);
  private lineLength = 0;
  private turn = 0;
  /** Positions in the line, moved to positions in the corpus once the line has its place. */
  private lineChurnAt = -1;
  private lineSwaps: number[] = [];

  constructor(shape: Shape, options: CorpusOptions) {
    this.shape = shape;
    this.random = new Random(options.seed);
    this.packetBytesMax = options.packetBytesMax;
    this.bytes = new Uint8Array(options.bytes);
    this.contexts = makeContexts(shape, this.random);
    this.seen = new Uint8Array(this.contexts.length);
    this.containerIds = Array.from({ length: CONTAINER_IDS }, () => {
      const id = Array.from({ length: 8 }, () => (this.random.bits() >>> 0).toString(16).padStart(8, '0'));
      return Buffer.from(`|c:${id.join('')}`, 'latin1');
    });
  }

  build(): Corpus {
    const offsets: number[] = [];
    const lengths: number[] = [];
    const checkpoints = [noTotals()];
    const totals = this.totals;
    let at = 0;
    this.makeLine();
    while (this.hasMore() && at + this.packetBytesMax <= this.bytes.length) {
      const start = at;
      at = this.fillPacket(start);
      offsets.push(start);
      lengths.push(at - start);
      totals.packets++;
      totals.bytes += at - start;
      if (totals.packets % CHUNK_PACKETS === 0) checkpoints.push(copyTotals(totals));
    }
    const packets = {
      bytes: this.bytes,
      offsets: Uint32Array.from(offsets),
      lengths: Uint32Array.from(lengths),
    };
    return new Corpus(packets, checkpoints, totals, this.mutations);
  }

  /** False when contexts come in turn and the one in `line` would be the second time for the first. */
  private hasMore(): boolean {
    return this.shape.order === 'random' || this.turn <= this.contexts.length;
  }

  /** Moves whole lines, at least one, to a packet at `start`; returns its end. The next line stays ready. */
  private fillPacket(start: number): number {
    const { filling } = this.shape;
    const size = filling === 'random' ? this.random.within([1, this.packetBytesMax]) : this.packetBytesMax;
    let at = start;
    do {
      if (at > start) this.bytes[at++] = LINE_FEED;
      this.placeLine(at);
      at += this.lineLength;
      this.makeLine();
    } while (filling !== 'one' && this.hasMore() && at + 1 + this.lineLength - start <= size);
    return at;
  }

  private placeLine(at: number): void {
    this.bytes.set(this.line.subarray(0, this.lineLength), at);
    if (this.lineChurnAt >= 0) this.mutations.churnAt.push(at + this.lineChurnAt);
    for (let i = 0; i < this.lineSwaps.length; i += 3) {
      const [offset = 0, a = 0, b = 0] = this.lineSwaps.slice(i, i + 3);
      this.mutations.swaps.push(at + offset, a, b);
    }
    this.countLine();
  }

  /** What countLine() needs to know about the line that waits for its place. */
  private pending = { context: 0, samples: 0, sum: 0, weight: 1, fresh: false };

  private countLine(): void {
    const { context, samples, sum, weight, fresh } = this.pending;
    const { type } = this.contexts[context] as BenchContext;
    const totals = this.totals;
    totals.lines++;
    totals.samples += samples;
    if (type === 'c') totals.counterSum += sum * weight;
    if (type === 'h') totals.histogramWeight += samples * weight;
    if (type === 'd') totals.distributionWeight += samples * weight;
    if (fresh) totals.fresh[type]++;
    else if (this.seen[context] === 0) {
      this.seen[context] = 1;
      totals.contexts[type]++;
    }
  }

  // name:12:7|c|@0.5|#tag:a,tag:b|c:0123…        the order in which clients write the fields
  private makeLine(): void {
    const { shape, random } = this;
    const number =
      shape.order === 'random' ? random.below(this.contexts.length) : this.turn % this.contexts.length;
    this.turn++;
    const context = this.contexts[number] as BenchContext;
    const isSet = context.type === 's';
    const samples = !isSet && random.chance(shape.packedShare) ? random.within(shape.packedValues) : 1;
    this.lineLength = 0;
    this.append(context.head);
    let sum = 0;
    for (let i = 0; i < samples; i++) {
      if (i > 0) this.line[this.lineLength++] = COLON;
      sum += this.appendValue(context.type);
    }
    this.append(context.typeField);
    let weight = 1;
    if (!isSet && context.type !== 'g' && random.chance(shape.rateShare)) {
      const rate = this.rates[random.below(this.rates.length)] as { field: Uint8Array; weight: number };
      this.append(rate.field);
      weight = rate.weight;
    }
    this.appendTags(context);
    if (random.chance(shape.containerShare)) {
      this.append(this.containerIds[random.below(this.containerIds.length)] as Uint8Array);
    }
    this.pending = { context: number, samples, sum, weight, fresh: this.lineChurnAt >= 0 };
  }

  /** Counters are whole, always three digits long, the rest has decimals; a set element is text. */
  private appendValue(type: BenchContext['type']): number {
    const whole = this.random.within([100, 999]);
    this.appendDigits(whole, 3);
    if (type === 's') this.append(SET_SUFFIX);
    else if (type !== 'c') {
      this.line[this.lineLength++] = DOT;
      this.appendDigits(this.random.below(100), 2);
    }
    return whole;
  }

  private appendTags(context: BenchContext): void {
    this.lineChurnAt = -1;
    this.lineSwaps = [];
    if (this.shape.shuffled) this.appendShuffledTags(context.tags);
    else this.append(context.tagField);
    if (this.shape.churnShare > 0 && this.random.chance(this.shape.churnShare)) {
      // ,churn:00000000-1234: the pass, then a number of its own among the lines of a pass
      this.append(CHURN_TAG);
      this.lineChurnAt = this.lineLength;
      writePadded(this.line, this.lineLength, 0);
      this.lineLength += CHURN_DIGITS;
      this.append(Buffer.from(`-${this.mutations.churnAt.length}`, 'latin1'));
    }
  }

  /** All tags in random order; one of them, in every other message, twice. */
  private appendShuffledTags(tags: readonly Uint8Array[]): void {
    const order = [...tags];
    const again = tags[this.random.below(2 * tags.length)];
    if (again) order.push(again);
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.random.below(i + 1);
      [order[i], order[j]] = [order[j] as Uint8Array, order[i] as Uint8Array];
    }
    this.line[this.lineLength++] = BAR;
    this.line[this.lineLength++] = HASH;
    order.forEach((tag, i) => {
      if (i > 0) this.line[this.lineLength++] = COMMA;
      const next = order[i + 1];
      if (i % 2 === 0 && next && i < 2 * SHUFFLE_PAIRS)
        this.lineSwaps.push(this.lineLength, tag.length, next.length);
      this.append(tag);
    });
    // Lines of few tags get empty pairs, so that every line has as many.
    while (this.lineSwaps.length < 3 * SHUFFLE_PAIRS) this.lineSwaps.push(0, 0, 0);
  }

  private append(piece: Uint8Array): void {
    this.line.set(piece, this.lineLength);
    this.lineLength += piece.length;
  }

  private appendDigits(value: number, digits: number): void {
    let rest = value;
    for (let i = digits - 1; i >= 0; i--) {
      this.line[this.lineLength + i] = ZERO + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.lineLength += digits;
  }
}

const CHURN_TAG = Buffer.from(',churn:', 'latin1');
const SET_SUFFIX = Buffer.from('-user', 'latin1');

function writePadded(bytes: Uint8Array, at: number, value: number): void {
  let rest = value;
  for (let i = CHURN_DIGITS - 1; i >= 0; i--) {
    bytes[at + i] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** `a,b` becomes `b,a` at swaps[i]. */
function swapTags(bytes: Uint8Array, swaps: number[], i: number): void {
  const at = swaps[i] as number;
  const a = swaps[i + 1] as number;
  const b = swaps[i + 2] as number;
  if (a === 0) return;
  const first = bytes.slice(at, at + a);
  bytes.copyWithin(at, at + a + 1, at + a + 1 + b);
  bytes[at + b] = COMMA;
  bytes.set(first, at + b + 1);
  swaps[i + 1] = b;
  swaps[i + 2] = a;
}
