/**
 * Hashes that mean the same on every edge of a fleet. A server's own hashes are keyed with a secret drawn at its start.
 *
 *   context   first 128 bits of SHA-256 of  type LF name LF host LF tags, sorted, joined by LF
 *             with `global.hash_key`, of HMAC-SHA-256 under it: then nobody who only sends metrics can look for collisions
 *   elements  the key of the core's element hash, expanded from the same text
 *
 * Computed once for each context, on the cold path.
 */
import { createHash, createHmac } from 'node:crypto';
import type { ContextType } from '../../model/context.ts';
import type { ByteString } from '../../model/text.ts';

export const CONTEXT_HASH_BYTES = 16;

export interface HashedContext {
  readonly name: ByteString;
  readonly type: ContextType;
  readonly host: ByteString;
  /** In any order. */
  readonly tags: readonly ByteString[];
}

export function contextHash({ name, type, host, tags }: HashedContext, key: string): Buffer {
  const text = [type, name, host, ...[...tags].sort()].join('\n');
  const hash = key === '' ? createHash('sha256') : createHmac('sha256', key);
  return hash.update(text, 'latin1').digest().subarray(0, CONTEXT_HASH_BYTES);
}

/** As many bytes of key as the core's hash of elements takes; the same on every edge with the same `global.hash_key`. */
export function elementHashKey(key: string, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.ceil(length / 32) * 32);
  for (let block = 0; block * 32 < length; block++)
    createHash('sha256')
      .update(`whippet elements ${block} ${key}`)
      .digest()
      .copy(bytes, block * 32);
  return bytes.subarray(0, length);
}

/** The partition of a context, or of an edge, from the first 32 bits of its hash, which is at `at`. */
export function partitionOf(hash: Uint8Array, partitions: number, at = 0): number {
  const first =
    (((hash[at] as number) << 24) |
      ((hash[at + 1] as number) << 16) |
      ((hash[at + 2] as number) << 8) |
      (hash[at + 3] as number)) >>>
    0;
  return first % partitions;
}
