import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readIndependently } from '../../../test/support/decode/capture-reader.ts';
import { encodeDog } from './dog-encoder.ts';
import { DogWriter } from './dog-writer.ts';
import { EMPTY_STATE } from './tagger-state.ts';

const record = fc.record({
  // Microseconds from the beginning of time to the end of 64-bit nanoseconds.
  micros: fc.oneof(
    fc.constantFrom(0, 1, 268_435, 268_436, 2 ** 31, 1_700_000_000_123_456, 9_007_199_254_740_991),
    fc.integer({ min: 0, max: 4_000_000_000_000_000 }),
  ),
  payload: fc.uint8Array({ maxLength: 400 }),
  pid: fc.oneof(fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1), fc.nat(4_194_304)),
  uid: fc.nat(),
  gid: fc.nat(),
  listener: fc.constantFrom('', 'udp', 'unixgram'),
  peer: fc.constantFrom('', '10.0.0.1:40000', '[fd00::1]:1'),
});

const ancillaryOf = (pid: number, uid: number, gid: number): Buffer => {
  const bytes = Buffer.alloc(32);
  for (const [i, word] of [28, 0, 1, 2, pid, uid, gid].entries()) bytes.writeUInt32LE(word, 4 * i);
  return bytes;
};

it('writes what the plain encoder writes, and an independent reader reads it back', () => {
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 30 }),
      fc.integer({ min: 64, max: 2000 }),
      (records, pieceBytes) => {
        const writer = new DogWriter(pieceBytes);
        const parts: Uint8Array[] = [];
        for (const { micros, ...rest } of records) {
          const piece = writer.record({ seconds: micros / 1e6, ...rest });
          if (piece !== undefined) parts.push(Uint8Array.from(piece));
        }
        parts.push(Uint8Array.from(writer.take()), writer.trailer(EMPTY_STATE));
        const file = Buffer.concat(parts);
        const plain = encodeDog(
          records.map(({ micros, payload, pid, uid, gid, listener, peer }) => ({
            timestamp: BigInt(Math.round((micros / 1e6) * 1e6)) * 1000n,
            ...{ payload, pid, listener, peer },
            ancillary: pid > 0 ? ancillaryOf(pid, uid, gid) : new Uint8Array(0),
          })),
        );
        expect(file.equals(plain)).toBe(true);
        const read = readIndependently(file);
        expect(read.end).toBe('separator, state not usable');
        expect(
          read.records.map((one) => [
            one?.payload.length,
            one?.pid,
            one?.others[100] ?? '',
            one?.others[101] ?? '',
          ]),
        ).toEqual(records.map(({ payload, pid, listener, peer }) => [payload.length, pid, listener, peer]));
      },
    ),
    {
      numRuns: 300,
      // A record of nothing at all is not taken for the end.
      examples: [
        [
          [
            { micros: 0, payload: new Uint8Array(0), pid: 0, uid: 0, gid: 0, listener: '', peer: '' },
            { micros: 1, payload: Uint8Array.of(97), pid: 0, uid: 0, gid: 0, listener: '', peer: '' },
          ],
          64,
        ],
      ],
    },
  );
});
