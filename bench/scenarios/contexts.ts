/**
 * The contexts of a shape, as bytes ready to be copied into lines.
 *
 * The first letter of a name is the type on the wire, so that whoever reads a server's output knows what the
 * context was sent as. Names are unique, so contexts are distinct whatever their tags.
 */
import { Random } from '../corpus/random.ts';
import type { Shape } from '../corpus/shapes.ts';
import { WIRE_TYPES, type WireType } from '../totals.ts';

export interface BenchContext {
  readonly type: WireType;
  /** `name:` */
  readonly head: Uint8Array;
  /** `|c`, `|g`, … */
  readonly typeField: Uint8Array;
  /** Only for shapes that shuffle tags. */
  readonly tags: readonly Uint8Array[];
  /** `|#tag,tag`, or nothing. */
  readonly tagField: Uint8Array;
}

/** Texts are pieces of these random ones, which is much faster than drawing every letter. */
const NAME_TEXT = drawLetters('abcdefghijklmnopqrstuvwxyz_.0123456789');
const TAG_TEXT = drawLetters('abcdefghijklmnopqrstuvwxyz0123456789-_/.');
/** Leaves room for 32 values, a rate and a container id in 8,192 bytes. */
const TAG_FIELD_BYTES_MAX = 7_500;

export function makeContexts(shape: Shape, random: Random): BenchContext[] {
  const names = new Set<string>();
  const known: string[] = [];
  return Array.from({ length: shape.contexts }, () => {
    const type = drawType(shape, random);
    const name = drawName(shape, type, names, random);
    names.add(name);
    const tags = drawTags(shape, known, random);
    return {
      type,
      head: bytes(`${name}:`),
      typeField: bytes(`|${type}`),
      tags: shape.shuffled ? tags.map(bytes) : [],
      tagField: bytes(tags.length === 0 ? '' : `|#${tags.join(',')}`),
    };
  });
}

function drawType(shape: Shape, random: Random): WireType {
  const sum = WIRE_TYPES.reduce((total, type) => total + shape.types[type], 0);
  let left = random.share() * sum;
  for (const type of WIRE_TYPES) {
    left -= shape.types[type];
    if (left < 0) return type;
  }
  return 'c';
}

/** Names that are taken are drawn again with another length: there are few short ones. */
function drawName(shape: Shape, type: WireType, taken: ReadonlySet<string>, random: Random): string {
  for (;;) {
    const name = type + drawPiece(NAME_TEXT, random.within(shape.nameBytes) - 1, random);
    if (!taken.has(name)) return name;
  }
}

/** `known` are the tags of contexts before; new ones are added to it. */
function drawTags(shape: Shape, known: string[], random: Random): string[] {
  const tags = Array.from({ length: random.within(shape.tags) }, () => {
    const reuse = shape.newTagShare < 1 && known.length > 0 && random.share() >= shape.newTagShare;
    if (reuse) return known[random.below(known.length)] as string;
    const tag = drawTag(shape, random);
    if (shape.newTagShare < 1) known.push(tag);
    return tag;
  });
  let length = tags.reduce((sum, tag) => sum + tag.length + 1, 0);
  while (length > TAG_FIELD_BYTES_MAX) length -= (tags.pop() as string).length + 1;
  return tags;
}

function drawTag(shape: Shape, random: Random): string {
  const length = random.within(shape.tagBytes);
  const keyLength = random.within([1, Math.min(20, length - 2)]);
  // A first letter x keeps clear of host: and the other tags with a meaning of their own.
  const key = `x${drawPiece(TAG_TEXT, keyLength - 1, random)}`;
  return `${key}:${drawPiece(TAG_TEXT, length - keyLength - 1, random)}`;
}

function drawPiece(text: string, length: number, random: Random): string {
  const start = random.below(text.length - length);
  return text.slice(start, start + length);
}

function drawLetters(letters: string): string {
  const random = new Random(letters.length);
  return Array.from({ length: 1 << 18 }, () => letters[random.below(letters.length)]).join('');
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
