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

  it('unpacks every frame of zstd, and counts them together', async () => {
    const skip = Buffer.from('502a4d1802000000ffff', 'hex');
    const body = Buffer.concat([ZSTD, skip, ZSTD, ZSTD]);
    expect(Buffer.from(await decompress(body, 'zstd', MAX)).toString()).toBe(TEXT.repeat(3));
    expect(await statusOf(body, 'zstd', TEXT.length * 3 - 1)).toBe(413);
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

  it.each([
    ['a window of 2 GiB', '28b52ffd00a8030000'],
    ['a window of 2 TiB', '28b52ffd00f8030000'],
    ['a content of 2 GiB in one segment', '28b52ffda000000080030000'],
    ['a large window in its second frame', `${ZSTD.toString('hex')}28b52ffd00a8030000`],
    ['a large window after a frame to skip', '502a4d1802000000ffff28b52ffd00a8030000'],
  ])('refuses a zstd frame that asks for %s with 413 before it is unpacked', async (_, hex) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(await statusOf(Buffer.from(hex, 'hex'), 'zstd')).toBe(413);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * MIB);
  });

  it('takes the windows that encoders use', async () => {
    // A window of 8 MiB, one raw block of two bytes.
    const body = Buffer.from('28b52ffd0068110000' + '6869', 'hex');
    expect(Buffer.from(await decompress(body, 'zstd', MAX)).toString()).toBe('hi');
  });

  it('stops unpacking a bomb of zstd at the limit', async () => {
    const bomb = Buffer.from(`28b52ffd0050${'02001000'.repeat(3000)}03001000`, 'hex');
    const before = process.cpuUsage();
    expect(await statusOf(bomb, 'zstd', MIB)).toBe(413);
    expect(process.cpuUsage(before).user).toBeLessThan(500_000);
  });
});
