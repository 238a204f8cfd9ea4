/**
 * Parts of the core on their own, as far as it exports what reaches them. Each figure has the call from JavaScript in it,
 * some 10 ns where a unit is a call.
 *
 *   scan       countMessages()   ends of lines                            a line of 140 bytes
 *   numbers    ingestBatch()     packed values of one gauge               a value
 *   hash       contextSlot()     text as it is, and the contexts' table   a text of 140 bytes, of 2,000 that are known
 *   tagSet     contextSlot()     the same free of the order of 6 tags
 *   counter    addSample()       cells                                    a sample, of 2,000 contexts
 *   values     addSample()       value store: exact values of histograms
 *   bins       addSample()       value store: bins of distributions
 *   keys       addElement()      hash and key table: elements of sets
 */
import { OP_COUNTER, OP_DISTRIBUTION, OP_HISTOGRAM, OP_SET } from '../../src/model/core-border.ts';
import { Random } from '../corpus/random.ts';
import { BenchShard } from './bench-shard.ts';
import { inTurn, type Measured, type Round } from './rounds.ts';

export const PARTS = ['scan', 'numbers', 'hash', 'tagSet', 'counter', 'values', 'bins', 'keys'] as const;
export type PartName = (typeof PARTS)[number];

const CONTEXTS = 2_000;
const TAGS = 6;
/** A text of a context: 26 of name, two LF, tags of 18 bytes and an LF each. */
const TEXT_BYTES = 160;
const NAME_BYTES = 26;
const PIECE_UNITS = 2_048;
const UNITS = 64 * PIECE_UNITS;
const QUICK_UNITS = PIECE_UNITS;
const PACKED_VALUES = 512;
const SCANNED_LINES = 64;

export function measurePart(
  part: PartName,
  rounds: number,
  isQuick: boolean,
  modules: readonly WebAssembly.Module[],
): Measured {
  const units = isQuick ? QUICK_UNITS : UNITS;
  return inTurn(
    rounds,
    units,
    modules.map((module) => prepare(part, new BenchShard(module), units)),
  );
}

function prepare(part: PartName, shard: BenchShard, units: number): Round {
  const random = new Random(7);
  const { wasm } = shard;
  if (part === 'scan') {
    const line = `${'x'.repeat(139)}\n`.repeat(SCANNED_LINES);
    shard.bytes.write(line, shard.scratchPtr, 'latin1');
    return pieces(units, SCANNED_LINES, () => wasm.countMessages(shard.scratchPtr, line.length));
  }
  if (part === 'numbers') {
    const values = Array.from({ length: PACKED_VALUES }, () => drawNumber(random));
    const bytes = Buffer.from(`gauge:${values.join(':')}|g`, 'latin1');
    const packets = units / PACKED_VALUES;
    const lengths = new Uint32Array(packets).fill(bytes.length);
    return () => shard.ingest({ bytes, offsets: new Uint32Array(packets), lengths });
  }
  const op = { values: OP_HISTOGRAM, bins: OP_DISTRIBUTION, keys: OP_SET }[part as string] ?? OP_COUNTER;
  const texts = wasm.takeRegion(CONTEXTS * TEXT_BYTES);
  const slots = Array.from({ length: CONTEXTS }, (_, i) => {
    const name = `m${i}`.padEnd(NAME_BYTES, 'n');
    const tags = Array.from({ length: TAGS }, (_, j) => `tag${j}:${(i * TAGS + j) * 7919}`.padEnd(18, 'v'));
    const head = shard.bytes.write(`${name}\n\n`, texts + i * TEXT_BYTES, 'latin1');
    shard.bytes.write(tags.join('\n'), texts + i * TEXT_BYTES + head, 'latin1');
    return shard.slotOf(name, tags, op);
  });
  const numbers = Float64Array.from({ length: 4096 }, () => random.below(90_000) / 100 + 100);
  const order = Uint32Array.from({ length: units }, () => random.below(CONTEXTS));
  const length = NAME_BYTES + 2 + TAGS * 19 - 1;
  const ordered = Number(part === 'hash');
  const call = (i: number): void => {
    const at = order[i] as number;
    const slot = slots[at] as number;
    if (part === 'hash' || part === 'tagSet')
      wasm.contextSlot(texts + at * TEXT_BYTES, NAME_BYTES + 2, length, op, ordered, 1, 0);
    else if (part === 'keys') wasm.addElement(slot, texts + (i % CONTEXTS) * TEXT_BYTES, NAME_BYTES);
    else wasm.addSample(slot, op, numbers[i & 4095] as number, 1, 0);
  };
  const round = pieces(units, 1, call);
  return () => {
    const times = round();
    shard.seal();
    return times;
  };
}

/** A round of so many units, in pieces of PIECE_UNITS. */
function pieces(units: number, unitsPerCall: number, call: (i: number) => void): () => Float64Array {
  return () => {
    const times = new Float64Array(units / PIECE_UNITS);
    for (let piece = 0; piece < times.length; piece++) {
      const startedAt = performance.now();
      for (let i = 0; i < PIECE_UNITS; i += unitsPerCall) call(piece * PIECE_UNITS + i);
      times[piece] = (performance.now() - startedAt) * 1e6;
    }
    return times;
  };
}

/** As clients write them: whole, with one to four decimals, now and then negative. */
function drawNumber(random: Random): string {
  const decimals = random.below(5);
  const whole = random.below(10 ** random.within([1, 6]));
  return `${random.chance(0.05) ? '-' : ''}${(whole / 10 ** decimals).toFixed(decimals)}`;
}
