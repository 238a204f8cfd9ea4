import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DecodeError } from './decode-error.ts';
import { decompress } from './decompress.ts';

const TEXT = 'page.views '.repeat(50);
const MAX = 10_000;
/** TEXT as the zstd command line writes it. */
const ZSTD = Buffer.from('28b52ffd64260195000058706167652e7669657773200100185c152fe533e529', 'hex');
const MIB = 1024 * 1024;

const statusOf = async (body: Uint8Array, encoding: string, max = MAX): Promise<number | undefined> => {
  const error = await decompress(body, encoding, max).catch((reason: unknown) => reason);
  return error instanceof DecodeError ? error.status : undefined;
};

describe('decompress', () => {
  it.each([
    ['', Buffer.from(TEXT)],
    ['identity', Buffer.from(TEXT)],
    ['gzip', gzipSync(TEXT)],
    ['GZIP', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
    ['zstd', ZSTD],
  ])('undoes "%s"', async (encoding, body) => {
    expect(Buffer.from(await decompress(body, encoding, MAX)).toString()).toBe(TEXT);
  });

  it.each([
    ['identity', Buffer.alloc(2 * MIB)],
    ['gzip', gzipSync(Buffer.alloc(2 * MIB))],
    ['deflate', deflateSync(Buffer.alloc(2 * MIB))],
    // A frame of one window of 1 MiB and sixteen blocks of 128 KiB, each one byte repeated.
    ['zstd', Buffer.from(`28b52ffd0050${'02001000'.repeat(15)}03001000`, 'hex')],
  ])('refuses a bomb in %s with 413', async (encoding, body) => {
    expect(await statusOf(body, encoding, MIB)).toBe(413);
  });

  it.each(['gzip', 'deflate', 'zstd'])('refuses bytes that are not %s with 400', async (encoding) => {
    expect(await statusOf(Buffer.from('no such thing'), encoding)).toBe(400);
    expect(await statusOf(Buffer.alloc(0), encoding)).toBe(400);
  });

  it.each([
    ['gzip', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['zstd', ZSTD],
  ])('refuses %s cut at any place with 400', async (encoding, body) => {
    for (let end = 1; end < body.length - 4; end++) {
      expect(await statusOf(body.subarray(0, end), encoding), `cut at ${end}`).toBe(400);
    }
  });

  it.each(['br', 'gzip, gzip', 'snappy'])('refuses the encoding "%s" with 415', async (encoding) => {
    expect(await statusOf(Buffer.from('x'), encoding)).toBe(415);
  });
});
