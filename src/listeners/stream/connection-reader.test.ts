import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frame } from '../../../test/support/packets.ts';
import { ConnectionReader, type PacketSink, Staging } from './connection-reader.ts';
import type { Framing, Leftover } from './framing.ts';
import { LENGTH_IMPOSSIBLE, LengthFraming } from './length-framing.ts';
import { LineFraming } from './line-framing.ts';

const LIMIT = 64;

/** What a reader found, with the packets as text. */
class Finds implements PacketSink {
  readonly packets: string[] = [];
  empties = 0;
  skips = 0;
  long: number | undefined;
  /** Ends every so many-th turn; 0 for never. */
  private readonly every: number;
  readonly staging: Staging;

  constructor(every = 0) {
    this.every = every;
    const memory = Buffer.from(new ArrayBuffer(300_000));
    this.staging = new Staging(
      LIMIT + 4,
      () => 1024,
      () => memory,
    );
  }

  packet(ptr: number, length: number): boolean {
    const { bytes, ptr: base } = this.staging;
    this.packets.push(Buffer.from(bytes.subarray(ptr - base, ptr - base + length)).toString('latin1'));
    return this.every > 0 && this.packets.length % this.every === 0;
  }

  empty(): void {
    this.empties++;
  }

  skipped(): void {
    this.skips++;
  }

  impossible(length: number): void {
    this.long = length;
  }
}

/** Feeds the chunks as a connection does: what a turn leaves comes again. */
function feed(
  framing: Framing,
  chunks: readonly Uint8Array[],
  { every = 0, takesUnterminated = true } = {},
): Finds & { leftover: Leftover } {
  const finds = new Finds(every);
  const reader = new ConnectionReader(finds.staging, framing, finds);
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const stopped = reader.read(chunk, at);
      expect(stopped).toBeGreaterThan(at);
      at = stopped;
    }
  }
  return Object.assign(finds, { leftover: reader.finish(takesUnterminated) });
}

/** Cuts the bytes at the positions. */
function cut(bytes: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const sorted = [...positions].sort((a, b) => a - b);
  return [...sorted, bytes.length].map((end, i) => bytes.subarray(i === 0 ? 0 : sorted[i - 1], end));
}

const packetText = fc.string({ maxLength: LIMIT, unit: fc.constantFrom('a', ':', '|', '\n', '\u0000', 'ÿ') });
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const placed = (shares: readonly number[], length: number): number[] =>
  shares.map((share) => Math.floor(share * length));

describe('frames with a length', () => {
  it('are the same packets wherever the stream is cut, and whenever turns end', () => {
    fc.assert(
      fc.property(fc.array(packetText, { maxLength: 20 }), cuts, fc.nat(3), (packets, shares, every) => {
        const bytes = Buffer.concat(packets.map(frame));
        const finds = feed(new LengthFraming(LIMIT), cut(bytes, placed(shares, bytes.length)), { every });
        expect(finds.packets).toEqual(packets.filter((packet) => packet !== ''));
        expect(finds.empties).toBe(packets.filter((packet) => packet === '').length);
        expect(finds.leftover).toBe('nothing');
      }),
    );
  });

  it('come whole, byte by byte and cut at every position', () => {
    const packets = ['a:1|c', '', 'b:2|c\nc:3|c', 'x'.repeat(LIMIT)];
    const bytes = Buffer.concat(packets.map(frame));
    const want = packets.filter((packet) => packet !== '');
    expect(feed(new LengthFraming(LIMIT), [bytes]).packets).toEqual(want);
    expect(
      feed(
        new LengthFraming(LIMIT),
        [...bytes].map((byte) => Uint8Array.of(byte)),
      ).packets,
    ).toEqual(want);
    for (let at = 0; at <= bytes.length; at++) {
      expect(feed(new LengthFraming(LIMIT), cut(bytes, [at])).packets).toEqual(want);
    }
  });

  it('may be longer than one read brings, and many in one read', () => {
    const packets = Array.from({ length: 5000 }, (_, i) => `metric.${i}:1|c|#tag:value-${i}`);
    const finds = feed(new LengthFraming(LIMIT), [Buffer.concat(packets.map(frame))]);
    expect(finds.packets).toEqual(packets);
  });

  it.each([
    [0, 'nothing'],
    [1, 'cut_header'],
    [3, 'cut_header'],
    [4, 'cut_payload'],
    [8, 'cut_payload'],
    [9, 'nothing'],
  ])('cut after %i bytes leave %s', (length, leftover) => {
    const finds = feed(new LengthFraming(LIMIT), [frame('a:1|c').subarray(0, length)]);
    expect(finds.leftover).toBe(leftover);
    expect(finds.packets).toEqual(length === 9 ? ['a:1|c'] : []);
  });

  it('that are too long are skipped, once each, wherever the stream is cut', () => {
    const length = fc.oneof(
      fc.integer({ min: 0, max: LIMIT }),
      fc.integer({ min: LIMIT - 1, max: 6 * LIMIT }),
    );
    fc.assert(
      fc.property(fc.array(length, { maxLength: 20 }), cuts, fc.nat(3), (lengths, shares, every) => {
        const packets = lengths.map((n, i) => String.fromCharCode(97 + i).repeat(n));
        const bytes = Buffer.concat(packets.map(frame));
        const finds = feed(new LengthFraming(LIMIT), cut(bytes, placed(shares, bytes.length)), { every });
        expect(finds.packets).toEqual(packets.filter(({ length: n }) => n > 0 && n <= LIMIT));
        expect(finds.skips).toBe(lengths.filter((n) => n > LIMIT).length);
        expect(finds.leftover).toBe('nothing');
      }),
    );
  });

  it('that are skipped when the stream ends leave nothing more to count', () => {
    const bytes = frame('x'.repeat(3 * LIMIT));
    for (let at = 4; at <= bytes.length; at++)
      expect(feed(new LengthFraming(LIMIT), [bytes.subarray(0, at)])).toMatchObject({
        ...{ packets: [], skips: 1, leftover: 'nothing' },
      });
  });

  it('go on being skipped by the reader of another server', () => {
    const bytes = Buffer.concat([frame('x'.repeat(3 * LIMIT)), frame('a:1|c')]);
    for (let at = 4; at <= bytes.length; at++) {
      const [first, second] = [new Finds(), new Finds()];
      const before = new ConnectionReader(first.staging, new LengthFraming(LIMIT), first);
      before.read(bytes.subarray(0, at), 0);
      const { held, skipping } = before.takeHeld();
      const after = new ConnectionReader(second.staging, new LengthFraming(LIMIT), second);
      after.skip(skipping);
      after.read(Buffer.concat([held, bytes.subarray(at)]), 0);
      expect([...first.packets, ...second.packets]).toEqual(['a:1|c']);
      expect(first.skips + second.skips).toBe(1);
    }
  });

  it.each([LENGTH_IMPOSSIBLE, 2 ** 31, 2 ** 32 - 1])('of %i bytes end the stream', (length) => {
    const bytes = Buffer.concat([frame('a:1|c'), Buffer.alloc(4), frame('b:1|c')]);
    bytes.writeUInt32LE(length, 9);
    const finds = feed(new LengthFraming(LIMIT), [bytes]);
    expect(finds).toMatchObject({ packets: ['a:1|c'], long: length, leftover: 'nothing' });
  });

  it('of the longest length are taken', () => {
    expect(feed(new LengthFraming(LIMIT), [frame('x'.repeat(LIMIT))]).packets).toEqual(['x'.repeat(LIMIT)]);
  });
});

describe('lines', () => {
  /** What the lines of a text are, by the plain rule. */
  function linesOf(text: string): { taken: string; skips: number } {
    const parts = text.split('\n');
    const tooLong = (line: string, i: number): boolean =>
      i === parts.length - 1 ? line.length >= LIMIT : line.length + 1 > LIMIT;
    const taken = parts.filter((line, i) => !tooLong(line, i) && (i < parts.length - 1 || line !== ''));
    return { taken: taken.map((line) => `${line}\n`).join(''), skips: parts.filter(tooLong).length };
  }

  it('are the same bytes wherever the stream is cut, and whenever turns end', () => {
    const line = fc.oneof(
      { weight: 8, arbitrary: fc.string({ maxLength: 20, unit: fc.constantFrom('a', ':', '1') }) },
      { weight: 1, arbitrary: fc.integer({ min: LIMIT - 2, max: 4 * LIMIT }).map((n) => 'x'.repeat(n)) },
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), cuts, fc.nat(3), (lines, shares, every) => {
        const text = lines.join('\n');
        const bytes = Buffer.from(text, 'latin1');
        const finds = feed(new LineFraming(LIMIT), cut(bytes, placed(shares, bytes.length)), { every });
        const { taken, skips } = linesOf(text);
        expect(finds.packets.join('')).toBe(taken);
        expect(finds.skips).toBe(skips);
        for (const packet of finds.packets) expect(packet.length).toBeLessThanOrEqual(LIMIT);
      }),
    );
  });

  it('come byte by byte', () => {
    const bytes = [...Buffer.from('a:1|c\n\nb:2|c\nc:3|c')].map((byte) => Uint8Array.of(byte));
    expect(feed(new LineFraming(LIMIT), bytes).packets).toEqual(['a:1|c\n', '\n', 'b:2|c\n', 'c:3|c\n']);
  });

  it('are taken without their end when the connection ends, unless an end is required', () => {
    const bytes = [Buffer.from('a:1|c\nb:2|c')];
    expect(feed(new LineFraming(LIMIT), bytes)).toMatchObject({
      packets: ['a:1|c\n', 'b:2|c\n'],
      leftover: 'nothing',
    });
    expect(feed(new LineFraming(LIMIT), bytes, { takesUnterminated: false })).toMatchObject({
      packets: ['a:1|c\n'],
      leftover: 'unterminated',
    });
  });

  it('that are too long are left out up to their end, once each', () => {
    const finds = feed(new LineFraming(LIMIT), [Buffer.from(`a:1|c\n${'x'.repeat(1000)}\nb:2|c\n`)]);
    expect(finds).toMatchObject({ packets: ['a:1|c\n', 'b:2|c\n'], skips: 1 });
  });

  it('with their end may be as long as a packet', () => {
    const longest = `${'x'.repeat(LIMIT - 1)}\n`;
    expect(feed(new LineFraming(LIMIT), [Buffer.from(longest)])).toMatchObject({
      packets: [longest],
      skips: 0,
    });
    expect(feed(new LineFraming(LIMIT), [Buffer.from(`x${longest}`)])).toMatchObject({
      packets: [],
      skips: 1,
    });
  });
});
