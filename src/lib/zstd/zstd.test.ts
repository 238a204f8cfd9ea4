import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { decompress } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { isZstd, ZstdDecoder } from './zstd-decoder.ts';
import { ZstdEncoder } from './zstd-encoder.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../test/fixtures/capture/${name}`, import.meta.url));

function encode(bytes: Uint8Array, pieceBytes = Math.max(bytes.length, 1)): Buffer {
  const encoder = new ZstdEncoder();
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    parts.push(encoder.push(bytes.subarray(at, at + pieceBytes)));
  return Buffer.concat([...parts, encoder.finish()]);
}

function decode(
  bytes: Uint8Array,
  pieceBytes = Math.max(bytes.length, 1),
): { bytes: Buffer; problem: string | undefined } {
  const decoder = new ZstdDecoder();
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    parts.push(...decoder.push(bytes.subarray(at, at + pieceBytes)));
  decoder.finish();
  return { bytes: Buffer.concat(parts), problem: decoder.problem };
}

/** Text like traffic: lines that repeat in part, so that matches of all lengths and distances occur. */
const traffic = fc
  .array(fc.tuple(fc.nat(20), fc.nat(1_000_000), fc.nat(60)), { maxLength: 200 })
  .map((lines) =>
    Buffer.from(
      lines.map(([name, value, times]) => `metric.${name}:${value}|c|#env:x\n`.repeat(times)).join(''),
    ),
  );
const anyBytes = fc.oneof(
  traffic,
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.nat(255), fc.nat(300_000)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
  fc.uint8Array({ minLength: 100_000, maxLength: 200_000, size: 'max' }),
);

describe('the Zstandard encoder', () => {
  it('writes what another decoder reads back, in pieces of any size', () => {
    fc.assert(
      fc.property(anyBytes, fc.integer({ min: 1, max: 200_000 }), (bytes, pieceBytes) => {
        const encoded = encode(bytes, Math.max(pieceBytes, Math.ceil(bytes.length / 50)));
        expect(isZstd(encoded)).toBe(true);
        expect(Buffer.compare(Buffer.from(decompress(new Uint8Array(encoded))), bytes)).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('reads back across many windows, with matches at the far end of each', () => {
    const lines = Array.from(
      { length: 60_000 },
      (_, i) => `page.views.${i % 9000}:${i * 7919}|c|#env:prod,shard:${i % 13}\n`,
    );
    const bytes = Buffer.from(lines.join(''));
    const encoded = encode(bytes, 10_000);
    expect(Buffer.compare(decode(encoded).bytes, bytes)).toBe(0);
    expect(encoded.length).toBeLessThan(bytes.length / 2);
  });

  it('shrinks traffic and never grows more than the headers of its blocks', () => {
    const bytes = Buffer.from('page.views:1|c|#env:prod,service:web\n'.repeat(20_000));
    expect(encode(bytes).length).toBeLessThan(bytes.length / 100);
    const noise = new Uint8Array(400_000).map((_, i) => Math.imul(i * i + i, 0x9e3779b1) >>> 24);
    expect(encode(noise).length).toBeLessThanOrEqual(noise.length + 6 + 3 * 5);
  });

  it('writes an empty frame for nothing', () => {
    expect(encode(new Uint8Array(0)).toString('hex')).toBe('28b52ffd0040010000');
  });
});

describe('the Zstandard decoder', () => {
  const plain = fixture('full.dog');
  const files = ['full.dog.zstd', 'full-rawblocks.dog.zstd'].map(fixture);

  it('reads what zstd wrote, in pieces of every size', () => {
    for (const file of files)
      for (let size = 1; size <= file.length; size++)
        expect(decode(file, size)).toEqual({ bytes: plain, problem: undefined });
  });

  it('reads frames one after the other, and skips those to be skipped', () => {
    const skippable = Buffer.from('502a4d18030000000102', 'hex');
    const both = Buffer.concat([...files, skippable, Buffer.from([3]), ...files]);
    for (const size of [1, 5, both.length])
      expect(decode(both, size)).toEqual({
        bytes: Buffer.concat([plain, plain, plain, plain]),
        problem: undefined,
      });
  });

  it('gives the whole blocks of a cut stream, and says that it is cut', () => {
    const bytes = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `a.${i}:${i}|c\n`).join(''));
    const encoded = encode(bytes);
    for (const cut of [5, 6, 8, 1000, encoded.length - 1]) {
      const { bytes: got, problem } = decode(encoded.subarray(0, cut));
      expect(bytes.subarray(0, got.length).equals(got)).toBe(true);
      expect(got.length % (128 * 1024)).toBe(0);
      expect(problem).toMatch(/^the compressed data ends within a (block|frame header), after \d+ bytes$/);
    }
  });

  it('refuses windows that are too large, dictionaries and reserved bits before anything is allocated', () => {
    const frame = (...bytes: number[]): Buffer =>
      Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...bytes]), Buffer.alloc(20)]);
    expect(decode(frame(0, 0xf8)).problem).toMatch(/window of 2199023255552 bytes; at most 134217728/);
    expect(decode(frame(0xa0, 0xff, 0xff, 0xff, 0xff)).problem).toMatch(/window of 4294967295 bytes/);
    expect(decode(frame(1, 0x40, 7)).problem).toMatch(/needs a dictionary/);
    expect(decode(frame(8, 0x40)).problem).toMatch(/reserved bit/);
    expect(decode(frame(0, 0x40, 7)).problem).toMatch(/reserved type/);
    expect(decode(frame(0, 0x40, 0xf9, 0xff, 0xff)).problem).toMatch(
      /a block has 2097151 bytes; at most 131072/,
    );
    expect(decode(Buffer.from('not zstd at all')).problem).toMatch(/no Zstandard frame, at byte 0/);
  });

  it('ends for 20,000 damaged copies, with bytes or a problem', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (file, changes) => {
          const copy = Buffer.from(file);
          for (const [at, byte] of changes) copy[at % copy.length] = byte;
          const { bytes, problem } = decode(copy);
          expect(problem === undefined || problem.length > 0).toBe(true);
          expect(bytes.length).toBeLessThan(10_000_000);
        },
      ),
      { numRuns: 20_000 },
    );
  });
});
