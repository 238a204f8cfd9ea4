/**
 * A line in the shard's memory, of which strings are made as far as they are asked for.
 *
 *   page.views:1|c|#env:prod,team:x|c:ci-abc
 *                   ^^^^^^^^^^^^^^^ the tag field, where the core has found one: most of most lines
 *
 * The parser is given such a line with an empty tag field, in two parts, and the tags stay in memory (model/tags.ts): a
 * string of the whole line took a third of what the line made the garbage collector collect.
 *
 * Borrowed: valid until the call ends that told of the line.
 */
import type { ParseResult } from '../model/message.ts';
import { Tags, type WrittenTags } from '../model/tags.ts';
import type { ByteString } from '../model/text.ts';

/** The core, as far as lines go. */
export interface LineCore {
  readonly bytes: Buffer;
  anyItemBeginsWith(ptr: number, length: number, beginnings: readonly ByteString[]): boolean;
  copyBytes(from: number, to: number, length: number): void;
}

/** Parses the line of `length` bytes at `ptr`, whose tag field has `tagsBytes` bytes at `tags`; 0 when none was found. */
export function parseInMemory(
  core: LineCore,
  ptr: number,
  length: number,
  tags: number,
  tagsBytes: number,
  parse: (line: ByteString, rest?: ByteString) => ParseResult,
): ParseResult {
  const end = ptr + length;
  if (tagsBytes === 0) return parse(textOf(core, ptr, end));
  const tagsEnd = tags + tagsBytes;
  const message = parse(textOf(core, ptr, tags), tagsEnd === end ? '' : textOf(core, tagsEnd, end));
  // Its values are bad: all else has been read by the core. Whoever is told of it sees all of the line.
  if (message.kind !== 'metric') return parse(textOf(core, ptr, end));
  const field = Tags.ofWritten(new TagsInMemory(core, tags, tagsBytes));
  // A name may have brought tags of its own, which come first.
  message.tags = message.tags.isEmpty ? field : message.tags.with(field.list);
  return message;
}

class TagsInMemory implements WrittenTags {
  readonly bytes: number;
  private readonly core: LineCore;
  private readonly ptr: number;

  constructor(core: LineCore, ptr: number, bytes: number) {
    this.core = core;
    this.ptr = ptr;
    this.bytes = bytes;
  }

  get text(): ByteString {
    return textOf(this.core, this.ptr, this.ptr + this.bytes);
  }

  anyBeginsWith(beginnings: readonly ByteString[]): boolean {
    return this.core.anyItemBeginsWith(this.ptr, this.bytes, beginnings);
  }

  /** Within the shard's memory. */
  copyTo(_: Buffer, at: number): number {
    this.core.copyBytes(this.ptr, at, this.bytes);
    return this.bytes;
  }
}

function textOf({ bytes }: LineCore, start: number, end: number): ByteString {
  return bytes.toString('latin1', start, end);
}
