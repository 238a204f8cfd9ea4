import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOf, transaction } from '../../../test/support/decode/transactions.ts';
import { decodeHead, decodeRetryFile, encodeRetryFile, summarize } from './retry-file.ts';
import type { Transaction } from './transaction.ts';

const encode = (...transactions: Transaction[]): Buffer =>
  Buffer.concat(encodeRetryFile(transactions, summarize(transactions)));

const anyTransaction: fc.Arbitrary<Transaction> = fc.record({
  kind: fc.constantFrom('series', 'events'),
  route: fc.webPath().map((path) => `/${path}`),
  destination: fc.string({ unit: 'grapheme' }),
  priority: fc.constantFrom('normal', 'high'),
  createdAt: fc.nat(),
  headers: fc.dictionary(fc.stringMatching(/^[a-z0-9-]+$/), fc.stringMatching(/^[ -~]*$/), {
    noNullPrototype: true,
  }),
  body: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  itemCount: fc.nat(),
  pointCount: fc.nat(),
  errors: fc.nat(),
});

describe('a retry file', () => {
  it('gives back what was put in', () => {
    fc.assert(
      fc.property(fc.array(anyTransaction, { maxLength: 5 }), (transactions) => {
        const { records, done, damaged } = decodeRetryFile(encode(...transactions));
        expect(records.map((record) => record.transaction)).toEqual(transactions);
        expect([done, damaged]).toEqual([[], false]);
      }),
    );
  });

  it('tells what it holds by its head', () => {
    const bytes = encode(
      transaction('a', { createdAt: 5 }),
      transaction('bc', { createdAt: 3, kind: 'events' }),
      transaction('d', { createdAt: 4, itemCount: 7 }),
    );
    expect(decodeHead(bytes)?.summary).toEqual({
      newest: 5,
      oldest: 3,
      kinds: {
        series: { payloads: 2, items: 8, points: 4, bytes: 2 },
        events: { payloads: 1, items: 1, points: 2, bytes: 2 },
      },
    });
  });

  it('leaves out what is marked as done', () => {
    const bytes = encode(transaction('a'), transaction('b'), transaction('c'));
    const [, second] = decodeRetryFile(bytes).records;
    bytes[second?.doneAt as number] = 1;
    const { records, done, damaged } = decodeRetryFile(bytes);
    expect(records.map((record) => nameOf(record.transaction))).toEqual(['a', 'c']);
    const amount = { payloads: 1, items: 1, points: 2, bytes: 1 };
    expect(done).toEqual([{ kind: 'series', amount, doneAt: second?.doneAt }]);
    expect(damaged).toBe(false);
  });

  it('never gives out a transaction that was not put in, wherever a byte is changed or the end is cut', () => {
    const names = ['first', 'second', 'third'];
    const whole = encode(...names.map((name) => transaction(name)));
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ 0x11;
      const { records, damaged, done } = decodeRetryFile(changed);
      const isDoneByte = records.length + done.length === 3;
      for (const record of records) expect(names).toContain(nameOf(record.transaction));
      expect(damaged || isDoneByte, `byte ${at}`).toBe(true);
    }
    for (let end = 0; end < whole.length; end++) {
      const { records } = decodeRetryFile(whole.subarray(0, end));
      for (const record of records) expect(names).toContain(nameOf(record.transaction));
      expect(records.length, `cut at ${end}`).toBeLessThan(3);
    }
  });

  it('reads the whole records around a damaged one', () => {
    const bytes = encode(transaction('a'), transaction('bbbb'), transaction('c'));
    bytes[bytes.indexOf('bbbb')] = 0;
    const { records, damaged } = decodeRetryFile(bytes);
    expect(records.map((record) => nameOf(record.transaction))).toEqual(['a', 'c']);
    expect(damaged).toBe(true);
  });

  it('makes nothing of other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const { records, damaged } = decodeRetryFile(Buffer.from(bytes));
        return records.length === 0 && damaged;
      }),
    );
  });

  it('never throws and gives out nothing misshapen, whatever JSON stands in it with a right checksum', () => {
    const anyText = fc.oneof(
      fc.json(),
      fc.string(),
      misshapen.map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(
        anyText,
        fc.array(fc.tuple(anyText, fc.uint8Array()), { maxLength: 3 }),
        (summary, records) => {
          const { records: read } = decodeRetryFile(fileOf(summary, records));
          for (const { transaction } of read) {
            expect(transaction.route).toMatch(/^\//);
            expect([transaction.kind, transaction.destination].map((text) => typeof text)).toEqual([
              'string',
              'string',
            ]);
            for (const number of [transaction.createdAt, transaction.itemCount, transaction.pointCount])
              expect(number).toBeGreaterThanOrEqual(0);
          }
        },
      ),
    );
  });
});

/** A transaction as it is written, with one field replaced by something else. */
const misshapen = fc
  .tuple(fc.constantFrom('k', 'r', 'd', 'p', 't', 'h', 'i', 'n', 'e', 'newest', 'kinds'), fc.anything())
  .map(([field, value]) => ({
    ...{ k: 'series', r: '/x', d: 'd', p: 'normal', t: 1, h: {}, i: 1, n: 1, e: 0 },
    ...{ newest: 1, oldest: 1, kinds: {} },
    ...{ [field]: typeof value === 'bigint' ? null : value },
  }))
  .filter((value) => {
    try {
      return JSON.stringify(value) !== undefined;
    } catch {
      return false;
    }
  });

/** A file whose checksums are right and whose texts are anything. */
function fileOf(summary: string, records: readonly (readonly [about: string, body: Uint8Array])[]): Buffer {
  const text = Buffer.from(summary);
  const head = Buffer.alloc(16);
  head.write('WHPQ', 'latin1');
  head[4] = 1;
  head.writeUInt32LE(text.length, 8);
  head.writeUInt32LE(crc32(text), 12);
  const encoded = records.flatMap(([about, body]) => {
    const aboutText = Buffer.from(about);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(aboutText.length, 4);
    record.writeUInt32LE(body.length, 8);
    record.writeUInt32LE(crc32(body, crc32(aboutText)), 12);
    return [record, aboutText, body];
  });
  return Buffer.concat([head, text, ...encoded]);
}
