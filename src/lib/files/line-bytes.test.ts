import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toText } from '../../model/text.ts';
import { LineBytes } from './line-bytes.ts';

const SIZE = 64;

describe('lines', () => {
  test('are what each of their texts decodes to, as JSON', () => {
    // Bytes of parts of characters, so that some come out whole and most do not.
    const byte = fc.oneof(
      fc.constantFrom(0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0xed, 0xa0, 0x22, 0x5c, 0x1f, 0x20, 0x7f),
      fc.nat(255),
    );
    const anyBytes = fc.array(byte, { maxLength: 2 * SIZE });
    // Most texts of a list have nothing to escape.
    const plainBytes = fc.array(fc.constantFrom(0x20, 0x21, 0x61, 0x7f, 0xc3, 0xa9, 0xe2, 0x82, 0xac), {
      maxLength: 2 * SIZE,
    });
    const asText = (bytes: number[]): string => Buffer.from(bytes).toString('latin1');
    const part = fc.record({
      bytes: anyBytes.map(asText),
      list: fc.array(fc.oneof({ weight: 9, arbitrary: plainBytes }, anyBytes).map(asText), { maxLength: 5 }),
      text: fc.string({ unit: 'binary' }),
      isRepeated: fc.boolean(),
    });
    const line = fc.record({ parts: fc.array(part), isTaken: fc.boolean() });
    fc.assert(
      fc.property(fc.array(line), (batch) => {
        const lines = new LineBytes(SIZE);
        let want = '';
        const taken = (): void => {
          expect(lines.take().toString()).toBe(want);
          want = '';
        };
        for (const { parts, isTaken } of batch) {
          for (const { bytes, list, text, isRepeated } of parts) {
            const start = lines.position;
            lines.ascii('"');
            lines.escaped(bytes);
            lines.ascii('"');
            if (isRepeated) lines.repeat(start, lines.position);
            lines.ascii('"');
            lines.escapedList(list);
            lines.ascii('"');
            lines.text(text);
            want += JSON.stringify(toText(bytes)).repeat(isRepeated ? 2 : 1);
            want += `"${list.map((one) => JSON.stringify(toText(one)).slice(1, -1)).join('","')}"`;
            // A half of a pair is U+FFFD, too.
            want += Buffer.from(text).toString();
          }
          lines.keep();
          if (isTaken) taken();
        }
        taken();
      }),
    );
  });

  test('that are not kept leave nothing', () => {
    const lines = new LineBytes(SIZE);
    lines.ascii('a');
    lines.keep();
    lines.ascii('x'.repeat(SIZE));
    expect(lines.openLength).toBe(SIZE);
    lines.discard();
    lines.text('b');
    lines.keep();
    lines.text('c');
    expect(lines.length).toBe(2);
    expect(lines.take().toString()).toBe('ab');
    expect(lines.length + lines.openLength).toBe(0);
  });
});

describe('memory', () => {
  const fill = (lines: LineBytes, bytes: number): Buffer => {
    lines.ascii('x'.repeat(bytes));
    lines.keep();
    return lines.take();
  };

  test('that was given back is used again, once nobody else reads it', () => {
    const lines = new LineBytes(SIZE);
    const first = fill(lines, SIZE);
    expect(fill(lines, SIZE).buffer).not.toBe(first.buffer);
    lines.giveBack(first);
    const second = fill(lines, SIZE);
    expect(second.buffer).toBe(first.buffer);
    expect(fill(lines, SIZE).buffer).not.toBe(first.buffer);
    lines.giveBack(second);
    lines.trim();
    expect(fill(lines, SIZE).buffer).not.toBe(first.buffer);
  });

  test('that is mostly empty is not handed out, nor a buffer for a long line kept', () => {
    const lines = new LineBytes(SIZE);
    const short = fill(lines, SIZE / 2 - 1);
    expect(short.buffer.byteLength).not.toBe(SIZE);
    lines.giveBack(short);
    const long = fill(lines, 3 * SIZE);
    expect(long.length).toBe(3 * SIZE);
    lines.giveBack(long);
    expect(fill(lines, SIZE).buffer.byteLength).toBe(SIZE);
  });
});
