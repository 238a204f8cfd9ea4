import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readIndependently } from '../../../test/support/decode/capture-reader.ts';
import { CaptureFormatError, DogDecoder, type DogFacts, RECORD_BYTES_MAX } from './dog-decoder.ts';
import { dogHeader, encodeDog } from './dog-encoder.ts';
import type { ReadRecord } from './record.ts';
import { EMPTY_STATE } from './tagger-state.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../test/fixtures/capture/${name}`, import.meta.url));
const text = ({ payload }: ReadRecord): string => Buffer.from(payload).toString('latin1');

interface Decoded {
  readonly records: readonly ReadRecord[];
  readonly facts: DogFacts;
}

function decode(bytes: Uint8Array, pieceBytes = Math.max(bytes.length, 1)): Decoded {
  const decoder = new DogDecoder();
  const records: ReadRecord[] = [];
  const plain = new Uint8Array(bytes);
  for (let at = 0; at < plain.length; at += pieceBytes)
    records.push(...decoder.push(plain.slice(at, at + pieceBytes)));
  return { records, facts: decoder.finish() };
}

describe('a capture of version 3', () => {
  const full = fixture('full.dog');

  it('gives its records with time, sender and control message', () => {
    const { records, facts } = decode(full);
    expect(records.map((record) => ({ ...record, payload: text(record) }))).toEqual([
      {
        timestamp: 1_700_000_000_000_000_000n,
        payload: 'page.views:1|c|#env:dev\n',
        pid: 12_345,
        ancillary: new Uint8Array(
          Buffer.from('1c00000000000000010000000200000039300000e8030000e803000000000000', 'hex'),
        ),
        listener: '',
        peer: '',
        missingBytes: 0,
      },
      {
        timestamp: 1_700_000_000_250_000_000n,
        payload: 'temp:-4|g',
        pid: 0,
        ancillary: new Uint8Array(0),
        listener: '',
        peer: '',
        missingBytes: 0,
      },
    ]);
    expect(facts).toMatchObject({ version: 3, records: 2, firstBad: [] });
    expect(facts.badRecords.size).toBe(0);
  });

  it('gives the state behind the separator, entities by their id', () => {
    const { end } = decode(full).facts;
    expect(end).toEqual({
      kind: 'separator',
      state: {
        ...EMPTY_STATE,
        entities: new Map([
          [
            'container_id://abc',
            {
              low: ['image_name:web', 'env:dev'],
              orchestrator: ['pod_name:web-0'],
              high: ['container_name:web-1'],
            },
          ],
        ]),
        pids: new Map([[12_345, 'container_id://abc']]),
      },
    });
  });

  it('gives the state alone, without the records, when that is all that is wanted', () => {
    const decoder = new DogDecoder({ stateOnly: true });
    expect(decoder.push(new Uint8Array(full))).toEqual([]);
    expect(decoder.finish()).toEqual(decode(full).facts);
  });

  it('reads the same in pieces of every size', () => {
    const whole = decode(full);
    for (let size = 1; size <= full.length; size++) expect(decode(full, size)).toEqual(whole);
  });

  const expected = (length: number): [records: number, end: string] => {
    if (length < 12) return [0, 'end_of_file'];
    if (length < 89) return [0, 'truncated_record'];
    if (length < 93) return [1, 'end_of_file'];
    if (length < 116) return [1, 'truncated_record'];
    if (length < 120) return [2, 'end_of_file'];
    return [2, length < 257 ? 'separator, state not usable' : 'separator, state'];
  };
  const describeEnd = ({ end }: DogFacts): string =>
    end.kind === 'separator'
      ? `separator, ${end.state === undefined ? 'state not usable' : 'state'}`
      : end.kind;

  it('tells how it ends when it is cut anywhere, whole and byte by byte', () => {
    for (let length = 8; length <= full.length; length++) {
      for (const size of [length, 1]) {
        const { records, facts } = decode(full.subarray(0, length), size);
        expect([length, records.length, describeEnd(facts)]).toEqual([length, ...expected(length)]);
      }
    }
  });

  it('tells how many bytes of a cut record there are, and how many there should be', () => {
    expect(decode(full.subarray(0, 100)).facts.end).toEqual({
      kind: 'truncated_record',
      at: 89,
      bytes: 11,
      wantedBytes: 27,
    });
    expect(decode(full.subarray(0, 91)).facts.end).toEqual({ kind: 'end_of_file', looseBytes: 2 });
  });

  it('is no capture below 8 bytes, with another magic or a version that is not known', () => {
    for (let length = 0; length < 8; length++)
      expect(() => decode(full.subarray(0, length))).toThrow(CaptureFormatError);
    for (const at of [0, 1, 2, 3, 5, 6, 7]) {
      const other = Buffer.from(full);
      other[at] = (other[at] as number) ^ 1;
      expect(() => decode(other)).toThrow('this is no capture: it begins with ');
    }
    for (const version of [0, 4, 15]) {
      const other = Buffer.from(full);
      other[4] = 0xf0 | version;
      expect(() => decode(other)).toThrow(`this is a capture of version ${version}; versions 1 to 3`);
    }
    const other = Buffer.from(full);
    other[4] = 0xe3;
    expect(() => decode(other)).toThrow('this is no capture: it begins with d474d060e3ff0000');
  });

  it('reads 20,000 damaged copies as an independent reader does, and explains what it passes over', () => {
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(full.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: full.length }),
        (changes, pieceBytes) => {
          const copy = Buffer.from(full);
          for (const [at, byte] of changes) copy[at] = byte;
          let decoded: Decoded;
          try {
            decoded = decode(copy, pieceBytes);
          } catch (error) {
            expect(error).toBeInstanceOf(CaptureFormatError);
            expect(() => readIndependently(copy)).toThrow('no capture');
            return;
          }
          read++;
          const { records, facts } = decoded;
          const wanted = readIndependently(copy);
          const bad = [...facts.badRecords.values()].reduce((sum, count) => sum + count, 0);
          expect(records.length + bad).toBe(wanted.records.length);
          expect(bad).toBeGreaterThanOrEqual(wanted.records.filter((one) => one === undefined).length);
          if (bad === 0) {
            expect(records.map((one) => [one.timestamp, text(one), one.pid])).toEqual(
              wanted.records.map((one) => [
                (one?.timestamp ?? 0n) * { 1: 10n ** 9n, 2: 10n ** 9n, 3: 1n }[facts.version as 1 | 2 | 3],
                one?.payload.slice(0, Math.max(one.payloadSize, 0)),
                one?.pid,
              ]),
            );
          }
          if (wanted.end !== 'separator, state')
            expect(describeEnd(facts).replaceAll('_', ' ')).toBe(wanted.end);
        },
      ),
      { numRuns: 20_000 },
    );
    expect(read).toBeGreaterThan(15_000);
  });
});

describe('the other files of the specification', () => {
  it('an empty capture has no record and no state', () => {
    const { records, facts } = decode(fixture('empty.dog'));
    expect(records).toEqual([]);
    expect(facts.end).toEqual({ kind: 'separator', state: undefined });
  });

  it('version 1 has seconds, and ends where the file ends', () => {
    const { records, facts } = decode(fixture('v1-two-records.dog'));
    expect(records.map(text)).toEqual(['a:1|c', 'b:2|g']);
    expect(records.map(({ timestamp }) => timestamp)).toEqual([
      1_700_000_000_000_000_000n,
      1_700_000_002_000_000_000n,
    ]);
    expect(facts).toMatchObject({ version: 1, end: { kind: 'end_of_file', looseBytes: 0 } });
  });

  it('of a payload that is padded only the first payloadSize bytes are traffic', () => {
    const { records } = decode(fixture('v2-padded-payload.dog'));
    expect(records.map(text)).toEqual(['a:1|c']);
    expect(records[0]?.pid).toBe(7);
  });

  it('a negative process id is read as one', () => {
    expect(decode(fixture('negative-pid.dog')).records[0]?.pid).toBe(-1);
  });
});

describe('damage', () => {
  const record = (...message: number[]): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(message.length);
    return Buffer.concat([length, Buffer.from(message)]);
  };
  const file = (...records: Buffer[]): Buffer => Buffer.concat([dogHeader(), ...records]);
  const good = record(0x10, 1, 0x1a, 1, 0x61);

  it('a record that does not decode is passed over and counted by reason', () => {
    const bad = [
      record(0x08, 0x80),
      record(0x08, ...Array<number>(10).fill(0xff), 1),
      record(0x00, 1),
      record(0x0c),
      record(0x0e),
      record(0x1a, 9, 1),
    ];
    const { records, facts } = decode(file(good, ...bad, good));
    expect(records.map(text)).toEqual(['a', 'a']);
    expect(Object.fromEntries(facts.badRecords)).toEqual({
      cut_varint: 1,
      long_varint: 1,
      bad_field_number: 1,
      bad_wire_type: 2,
      cut_field: 1,
    });
    expect(facts.firstBad[0]).toEqual({ at: 17, fault: 'cut_varint' });
  });

  it('unknown fields, groups among them, and known numbers of another type are skipped', () => {
    const odd = record(
      ...[0x10, 1, 0x1a, 1, 0x61],
      ...[0x38, 5, 0x39, 1, 2, 3, 4, 5, 6, 7, 8, 0x3d, 1, 2, 3, 4, 0x3a, 1, 9],
      ...[0x3b, 0x08, 1, 0x43, 0x44, 0x3c],
      ...[0x0a, 1, 0x62, 0x18, 7, 0xa2, 0x1f, 1, 5],
    );
    const { records, facts } = decode(file(odd));
    expect(records.map(text)).toEqual(['a']);
    expect(records[0]?.timestamp).toBe(0n);
    expect(facts.badRecords.size).toBe(0);
  });

  it('a payload shorter than its size says how much is missing; a size below 0 has no traffic', () => {
    const { records } = decode(
      file(record(0x10, 5, 0x1a, 1, 0x61), record(0x10, ...Array<number>(9).fill(0xff), 1, 0x1a, 1, 0x61)),
    );
    expect(records.map((one) => [text(one), one.missingBytes])).toEqual([
      ['a', 4],
      ['', 0],
    ]);
  });

  it('a record too long for any writer is passed over, without being kept', () => {
    const long = Buffer.alloc(4 + RECORD_BYTES_MAX + 1);
    long.writeUInt32LE(RECORD_BYTES_MAX + 1);
    for (const size of [100, 65_536, 4 * RECORD_BYTES_MAX]) {
      const { records, facts } = decode(file(good, long, good), size);
      expect(records.map(text)).toEqual(['a', 'a']);
      expect(Object.fromEntries(facts.badRecords)).toEqual({ too_long: 1 });
    }
  });

  it('a length beyond the end of the file is a cut record', () => {
    for (const size of [1, 7, 100]) {
      const { records, facts } = decode(file(good, Buffer.from('ffffffff0102', 'hex')), size);
      expect(records.map(text)).toEqual(['a']);
      expect(facts.end).toEqual({ kind: 'truncated_record', at: 17, bytes: 6, wantedBytes: 0x1_0000_0003 });
      expect([facts.badRecords.size, facts.firstBad]).toEqual([0, []]);
    }
  });

  it('a state whose length is not that of what follows the separator is not used', () => {
    const bytes = encodeDog([], { ...EMPTY_STATE, durationMs: 5 });
    const cut = Buffer.concat([bytes.subarray(0, -4), Buffer.from([9, 0, 0, 0])]);
    expect(decode(cut).facts.end).toEqual({
      kind: 'separator',
      state: undefined,
      problem: 'its length is 9, and 2 bytes follow the separator',
    });
  });
});
