/**
 * Hot path. The hash of what identifies the line that was just read: its name, type and tags, whether it has a timestamp, and
 * who sent it. Values, rate and time are not in it.
 */
import { addToHash, hash, hashA, hashB, hashParts } from './hash';
import * as field from './line';
import { COMMA } from './scan';
import { distinct, hashTagSet, seenAgain, sumA, sumB } from './tag-set';

/** Hash of what identifies the line, as written. */
// @ts-ignore: decorator
@inline
export function hashLine(line: usize, origin: u32): u64 {
  const sender = field.readClientFields ? hashClientFields(origin) : origin;
  const tags = field.tagsStop - field.tagsStart;
  return hashParts(line, field.nameStop - line, field.tagsStart, tags, identity(line, tags), sender);
}

/** The same free of the tags' order; false when the line has fewer than two tags, too many, or a timestamp. */
export function hashLineFreeOfOrder(line: usize, origin: u32): bool {
  if (field.timestamp != 0) return false;
  if (!hashTagSet(field.tagsStart, field.tagsStop, COMMA) || distinct + seenAgain < 2) return false;
  const sender = field.readClientFields ? hashClientFields(origin) : origin;
  hash(line, field.nameStop - line, 0, 0, identity(line, distinct), sender);
  addToHash(sumA, sumB);
  return true;
}

/** Who sent the line: the origin of the packet and what the line says itself. */
function hashClientFields(origin: u32): u64 {
  const local = field.localStop - field.localStart;
  const external = field.externalStop - field.externalStart;
  const cardinality = field.cardinalityStop - field.cardinalityStart;
  hash(field.cardinalityStart, cardinality, 0, 0, cardinality, origin);
  const part = hashA + hashB;
  hash(field.localStart, local, field.externalStart, external, local | ((<u64>external) << 32), part);
  return hashA + hashB;
}

/** Type, whether there is a timestamp, and the lengths of what was absorbed, in one word. */
// @ts-ignore: decorator
@inline
function identity(line: usize, tags: usize): u64 {
  return (
    <u64>(field.nameStop - line) |
    ((<u64>tags) << 24) |
    ((<u64>field.type) << 48) |
    ((<u64>(field.timestamp != 0)) << 56)
  );
}
