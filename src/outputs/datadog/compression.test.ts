import { randomBytes } from 'node:crypto';
import { gunzipSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { COMPRESSOR_KINDS, hasZstd, makeCompressor } from './compression.ts';

const KINDS = COMPRESSOR_KINDS.filter((kind) => kind !== 'zstd' || hasZstd());
/** Around the sizes at which zlib and zstd begin a block. */
const SIZES = [0, 1, 5, 255, 4096, 16_382, 16_383, 16_384, 65_535, 65_536, 131_072, 131_073, 400_000];

describe.each(KINDS)('%s', (kind) => {
  const compressor = makeCompressor(kind, { zstd: 1, zlib: 3 });

  it.each(SIZES)('never takes more than its bound, for %i bytes that do not compress', async (size) => {
    const bytes = randomBytes(size);
    const alone = compressor.open();
    expect((await alone.finish(bytes)).length).toBeLessThanOrEqual(compressor.bound(size));

    const body = compressor.open();
    for (let piece = 0; piece < 3; piece++) {
      const before = body.byteCount;
      await body.compress(bytes);
      expect(body.byteCount).toBeLessThanOrEqual(before + compressor.bound(size));
    }
    const before = body.byteCount;
    expect((await body.finish(bytes)).length).toBeLessThanOrEqual(before + compressor.bound(size));
  });

  it('counts every byte it has let out', async () => {
    const body = compressor.open();
    await body.compress(Buffer.alloc(1_000_000, randomBytes(1000)));
    await body.compress(randomBytes(300_000));
    const before = body.byteCount;
    const all = await body.finish(new Uint8Array(0));
    expect(all.length).toBeGreaterThanOrEqual(before);
    expect(all.length).toBeLessThanOrEqual(before + compressor.bound(0));
  });
});

it('pieces become one body', async () => {
  const pieces = [Buffer.from('one '), randomBytes(100_000), Buffer.from(' three')];
  for (const [kind, read] of [['zlib', inflateSync] as const, ['gzip', gunzipSync] as const]) {
    const body = makeCompressor(kind, { zstd: 1, zlib: 6 }).open();
    await body.compress(pieces[0] as Buffer);
    await body.compress(pieces[1] as Buffer);
    const all = await body.finish(pieces[2] as Buffer);
    expect(read(all).equals(Buffer.concat(pieces))).toBe(true);
  }
});

it('a level makes a difference', async () => {
  const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => `name.${i % 97}:${i * i}|g`).join('\n'));
  const sizeAt = async (zlib: number): Promise<number> =>
    (await makeCompressor('zlib', { zstd: 1, zlib }).open().finish(bytes)).length;
  expect(await sizeAt(9)).toBeLessThan(await sizeAt(1));
});
