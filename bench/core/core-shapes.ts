/**
 * The rows of the core's benchmark: which shape, in packets of which size, and how much of it is a round.
 *
 * A round is one bucket and takes 5 to 70 ms, short enough that what else a machine does hits two builds alike that take
 * turns, and with more lines than the table of second sights remembers, so that shuf stays what it is.
 */
import { buildCorpus, type Corpus } from '../corpus/corpus.ts';
import { SHAPES, type Shape } from '../corpus/shapes.ts';

export interface CoreRow {
  readonly shape: Shape;
  readonly packetBytesMax: number;
  readonly bytes: number;
}

const MIB = 1 << 20;
const MANY_CONTEXTS = 200_000;
/** Enough that lines are read ahead. */
const QUICK_CONTEXTS = 15_000;
const QUICK_BYTES = 1 * MIB;
const SEED = 20_260;

export const CORE_ROWS = {
  smp: { shape: SHAPES.smp, packetBytesMax: 8192, bytes: 32 * MIB },
  shuf: { shape: SHAPES.shuf, packetBytesMax: 8192, bytes: 32 * MIB },
  prod: { shape: SHAPES.prod, packetBytesMax: 8192, bytes: 16 * MIB },
  plain: { shape: SHAPES.plain, packetBytesMax: 1432, bytes: 4 * MIB },
  histograms: {
    shape: { ...SHAPES.plain, types: { c: 0, g: 0, h: 1, d: 0, s: 0 } },
    packetBytesMax: 1432,
    bytes: 4 * MIB,
  },
  distributions: {
    shape: { ...SHAPES.plain, types: { c: 0, g: 0, h: 0, d: 1, s: 0 } },
    packetBytesMax: 1432,
    bytes: 4 * MIB,
  },
  tiny: { shape: SHAPES.tiny, packetBytesMax: 1432, bytes: 2 * MIB },
  many: { shape: { ...SHAPES.prod, contexts: MANY_CONTEXTS }, packetBytesMax: 8192, bytes: 48 * MIB },
} as const satisfies Record<string, CoreRow>;

export type CoreRowName = keyof typeof CORE_ROWS;

export function corpusOf(name: CoreRowName, isQuick: boolean): Corpus {
  const { shape, packetBytesMax, bytes }: CoreRow = CORE_ROWS[name];
  if (!isQuick) return buildCorpus(shape, { seed: SEED, bytes, packetBytesMax });
  const contexts = Math.min(shape.contexts, name === 'many' ? QUICK_CONTEXTS : 500);
  const quick = { seed: SEED, packetBytesMax, bytes: name === 'many' ? 4 * QUICK_BYTES : QUICK_BYTES };
  return buildCorpus({ ...shape, contexts }, quick);
}
