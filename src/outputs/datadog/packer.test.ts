import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompress } from '../../../test/support/decode/payload-decoder.ts';
import { COMPRESSOR_KINDS, type CompressorKind, hasZstd, makeCompressor } from './compression.ts';
import { ItemChunk } from './item-chunk.ts';
import { Packer } from './packer.ts';
import type { Payload } from './payload.ts';
import { checksFormat, eventsFormat, type PayloadFormat, type PayloadLimits } from './payload-format.ts';

const UNLIMITED = { compressedBytes: 1 << 30, uncompressedBytes: 1 << 30, points: Number.POSITIVE_INFINITY };
const LEVELS = { zstd: 1, zlib: 3 };
/** What this Node.js can do; with zstd from 22.15 on. */
const KINDS = COMPRESSOR_KINDS.filter((kind) => kind !== 'zstd' || hasZstd());

interface Outcome {
  readonly payloads: Payload[];
  readonly tooLarge: string[];
}

function chunkOf(items: readonly { json: string; points?: number; group?: string }[]): ItemChunk {
  const chunk = new ItemChunk(64);
  items.forEach(({ json, points = 1, group = '' }, index) => {
    chunk.writer.raw(Buffer.from(json));
    chunk.endItem(points, String(index), group);
  });
  return chunk;
}

async function pack(format: PayloadFormat, kind: CompressorKind, chunks: ItemChunk[]): Promise<Outcome> {
  const payloads: Payload[] = [];
  const tooLarge: string[] = [];
  const packer = new Packer({
    format,
    compressor: makeCompressor(kind, LEVELS),
    onPayload: (payload) => void payloads.push(payload),
    onTooLarge: (name) => void tooLarge.push(name),
  });
  for (const chunk of chunks) await packer.pack(chunk);
  await packer.finish();
  return { payloads, tooLarge };
}

const itemsOf = (payload: Payload): unknown[] =>
  JSON.parse(Buffer.from(decompress(payload)).toString()) as unknown[];

/** A JSON text of `length` bytes that does not compress, unless `tame`. */
function jsonOf(length: number, tame: boolean): string {
  const inner = Math.max(0, length - 2);
  return `"${tame ? 'a'.repeat(inner) : randomBytes(inner).toString('base64').slice(0, inner)}"`;
}

describe('the packer', () => {
  it('makes no payload of nothing', async () => {
    expect(await pack(checksFormat(UNLIMITED), 'zlib', [new ItemChunk(1)])).toEqual({
      payloads: [],
      tooLarge: [],
    });
  });

  it.each(KINDS)('writes a body that can be read, and says how: %s', async (kind) => {
    const { payloads } = await pack(checksFormat(UNLIMITED), kind, [
      chunkOf([{ json: '1' }, { json: '"é"' }]),
    ]);
    expect(payloads.map(itemsOf)).toEqual([[1, 'é']]);
    const encoding = { zstd: 'zstd', zlib: 'deflate', gzip: 'gzip', none: undefined }[kind];
    expect(payloads[0]?.headers['Content-Encoding']).toBe(encoding);
    expect([payloads[0]?.itemCount, payloads[0]?.pointCount]).toEqual([2, 2]);
  });

  // Two items of four bytes make [0000,1111], eleven bytes.
  it.each([
    [{ uncompressedBytes: 11 }, [2], []],
    [{ uncompressedBytes: 10 }, [1, 1], []],
    [{ compressedBytes: 11 }, [2], []],
    [{ compressedBytes: 10 }, [1, 1], []],
    [{ uncompressedBytes: 6 }, [1, 1], []],
    [{ uncompressedBytes: 5 }, [], ['0', '1']],
    [{ compressedBytes: 6 }, [1, 1], []],
    [{ compressedBytes: 5 }, [], ['0', '1']],
    [{ points: 2 }, [2], []],
    [{ points: 1 }, [1, 1], []],
    [{ points: 0 }, [], ['0', '1']],
  ])('keeps to the byte, uncompressed: %o makes payloads of %o', async (limits, sizes, dropped) => {
    const format = checksFormat({ ...UNLIMITED, ...limits });
    const outcome = await pack(format, 'none', [chunkOf([{ json: '1000' }, { json: '2000' }])]);
    expect(outcome.payloads.map((payload) => payload.itemCount)).toEqual(sizes);
    expect(outcome.tooLarge).toEqual(dropped);
  });

  it('an item with too many points is too large, one that would exceed them goes to the next payload', async () => {
    const items = [3, 2, 6, 5].map((points) => ({ json: String(points), points }));
    const outcome = await pack(checksFormat({ ...UNLIMITED, points: 5 }), 'none', [chunkOf(items)]);
    expect(outcome.payloads.map(itemsOf)).toEqual([[3, 2], [5]]);
    expect(outcome.tooLarge).toEqual(['2']);
  });

  it('keeps an item that fits only because it compresses well, and drops one that does not', async () => {
    const limits = { ...UNLIMITED, compressedBytes: 2000 };
    const items = [jsonOf(100, true), jsonOf(50_000, true), jsonOf(50_000, false), jsonOf(100, true)];
    const outcome = await pack(checksFormat(limits), 'zlib', [chunkOf(items.map((json) => ({ json })))]);
    expect(outcome.tooLarge).toEqual(['2']);
    expect(outcome.payloads.flatMap(itemsOf)).toEqual(
      [0, 1, 3].map((index) => JSON.parse(items[index] as string)),
    );
    expect(outcome.payloads.every(({ body }) => body.length <= 2000)).toBe(true);
  });

  it('puts the events of a source type together, in order', async () => {
    const items = ['a', 'b', 'a', 'c', 'b'].map((group, index) => ({ json: String(index), group }));
    const chunk = chunkOf(items);
    chunk.group();
    const { payloads } = await pack(eventsFormat(UNLIMITED, 'web"1'), 'zlib', [chunk]);
    expect(payloads.map((payload) => JSON.parse(Buffer.from(decompress(payload)).toString()))).toEqual([
      { apiKey: '', events: { a: [0, 2], b: [1, 4], c: [3] }, internalHostname: 'web"1' },
    ]);
  });
});

describe('at sizes around every limit', () => {
  const input = fc.record({
    kind: fc.constantFrom(...KINDS),
    compressedBytes: fc.integer({ min: 60, max: 5000 }),
    uncompressedBytes: fc.integer({ min: 60, max: 20_000 }),
    points: fc.integer({ min: 1, max: 60 }),
    chunks: fc.array(
      fc.array(
        fc.record({
          length: fc.oneof(fc.integer({ min: 2, max: 80 }), fc.integer({ min: 2, max: 6000 })),
          tame: fc.boolean(),
          points: fc.integer({ min: 1, max: 8 }),
        }),
        { maxLength: 80 },
      ),
      { maxLength: 4 },
    ),
  });

  it('everything arrives once and in order, no limit is passed, and payloads are full', async () => {
    await fc.assert(
      fc.asyncProperty(input, async ({ kind, chunks, ...limits }) => {
        const made = chunks.map((chunk) =>
          chunk.map((item) => ({ ...item, json: jsonOf(item.length, item.tame) })),
        );
        const { payloads, tooLarge } = await pack(checksFormat(limits), kind, made.map(chunkOf));
        const bodies = payloads.map(itemsOf);

        const sent = made.flatMap((chunk) => chunk.map(({ json }) => json));
        const arrived = bodies.flat().map((item) => JSON.stringify(item));
        const missing = takeAway(sent, arrived);
        expect(missing.length).toBe(tooLarge.length);
        for (const json of missing) expectTooLarge(json, made.flat(), kind, limits);

        payloads.forEach((payload, index) => {
          const plain = decompress(payload);
          expect(payload.body.length).toBeLessThanOrEqual(limits.compressedBytes);
          expect(plain.length).toBeLessThanOrEqual(limits.uncompressedBytes);
          expect(payload.pointCount).toBeLessThanOrEqual(limits.points);
          expect(payload.itemCount).toBe(bodies[index]?.length);
          const next = JSON.stringify(bodies[index + 1]?.[0]);
          if (index + 1 < payloads.length) expectFull(payload, plain.length, next, made.flat(), kind, limits);
        });
      }),
      { numRuns: 150 },
    );
  });
});

interface Made {
  readonly json: string;
  readonly points: number;
}

/** The texts of `all` that are not in `some`, which has to be in the same order. */
function takeAway(all: readonly string[], some: readonly string[]): string[] {
  const missing: string[] = [];
  let at = 0;
  for (const one of all) {
    if (one === some[at]) at++;
    else missing.push(one);
  }
  expect(at).toBe(some.length);
  return missing;
}

function expectTooLarge(
  json: string,
  made: readonly Made[],
  kind: CompressorKind,
  limits: PayloadLimits,
): void {
  const points = Math.max(...made.filter((item) => item.json === json).map((item) => item.points));
  const plain = json.length + 2;
  // Compressed it is smaller than `plain`, but for the slack of the compressor.
  const compressed = makeCompressor(kind, LEVELS).bound(plain) + makeCompressor(kind, LEVELS).bound(1);
  expect(
    points > limits.points || plain > limits.uncompressedBytes || compressed > limits.compressedBytes,
  ).toBe(true);
}

function expectFull(
  payload: Payload,
  plainLength: number,
  next: string,
  made: readonly Made[],
  kind: CompressorKind,
  limits: PayloadLimits,
): void {
  const points = Math.max(...made.filter((item) => item.json === next).map((item) => item.points));
  const { bound } = makeCompressor(kind, LEVELS);
  expect(
    payload.pointCount + points > limits.points ||
      plainLength + 1 + next.length > limits.uncompressedBytes ||
      payload.body.length + bound(next.length + 2) > limits.compressedBytes ||
      payload.body.length > 0.9 * limits.compressedBytes,
  ).toBe(true);
}
