import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LF } from '../../model/core-border.ts';
import { toRange } from '../../model/text.ts';
import { TextTable } from './text-table.ts';

test('a text has one number as long as anything refers to it', () => {
  const table = new TextTable();
  const first = table.take('env:prod');
  expect(table.take('env:prod')).toBe(first);
  table.release(first);
  expect(table.textOf(first)).toBe('env:prod');
  table.release(first);
  expect(table.size).toBe(0);
});

test('the number of a released text is used again', () => {
  const table = new TextTable();
  const gone = table.take('a');
  const stays = table.take('b');
  table.release(gone);
  expect(table.take('c')).toBe(gone);
  expect(table.textOf(stays)).toBe('b');
});

test('bytes and the empty text survive, and texts of any length', () => {
  const table = new TextTable();
  const texts = ['', '\xff\x00é', ...[254, 255, 256, 262_144, 300_000].map((length) => 'x'.repeat(length))];
  const numbers = texts.map((text) => table.take(text));
  expect(numbers.map((number) => table.textOf(number))).toEqual(texts);
  expect(texts.map((text) => table.numberOf(text))).toEqual(numbers);
});

test('lines are taken as they would be one by one, and take references', () => {
  const lines = fc.array(fc.stringMatching(/^[a-c\xff]{0,3}$/), { minLength: 1, maxLength: 40 });
  const long = fc.constantFrom('', 'x'.repeat(5000));
  fc.assert(
    fc.property(fc.array(fc.tuple(lines, long), { maxLength: 5 }), (contexts) => {
      const [table, oneByOne] = [new TextTable(), new TextTable()];
      const numbers: number[] = [];
      for (const [few, last] of contexts) {
        table.takeLines(toRange([...few, last].join('\n')), LF, numbers);
        expect(numbers).toEqual([...few, last].map((line) => oneByOne.take(line)));
        expect(numbers.map((number) => table.textOf(number))).toEqual([...few, last]);
      }
      for (const [few, last] of contexts)
        for (const line of [...few, last]) table.release(table.numberOf(line) as number);
      expect(table.size).toBe(0);
    }),
  );
});

test('whatever comes and goes, each text that is in use has its number', () => {
  // Long and few enough that pages fill, die and are cleared.
  const text = fc.nat(400).map((n) => `${n}:`.repeat(1 + ((n * 97) % 3000)));
  const step = fc.tuple(fc.boolean(), text, fc.nat());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
      const table = new TextTable();
      const held: { text: string; number: number }[] = [];
      for (const [takes, wanted, pick] of steps) {
        if (takes || held.length === 0) {
          held.push({ text: wanted, number: table.take(wanted) });
        } else {
          const [gone] = held.splice(pick % held.length, 1);
          table.release(gone?.number as number);
        }
      }
      const byText = new Map(held.map(({ text, number }) => [text, number]));
      expect(table.size).toBe(byText.size);
      for (const { text, number } of held) {
        expect(byText.get(text)).toBe(number);
        expect(table.numberOf(text)).toBe(number);
        expect(table.textOf(number)).toBe(text);
      }
    }),
    { numRuns: 30 },
  );
});

test('what a burst of texts needed is given back when they are gone, and numbers start from below again', () => {
  const table = new TextTable();
  const kept = Array.from({ length: 100 }, (_, i) => table.take(`kept ${i}`));
  const burst = Array.from({ length: 200_000 }, (_, i) => table.take(`burst of texts ${i}`));
  const before = table.bytes;
  expect(before).toBeGreaterThan(200_000 * 20);
  for (const number of burst) table.release(number);
  table.trim();
  expect(table.end).toBe(100);
  expect(table.bytes).toBeLessThan(before / 4);
  expect(kept.map((number) => table.textOf(number))).toEqual(kept.map((_, i) => `kept ${i}`));
  expect(table.take('next')).toBe(100);
});

test('texts beyond those that are kept as strings come back as well, and half of them moved', () => {
  const table = new TextTable();
  const numbers = Array.from({ length: 150_000 }, (_, i) => table.take(`text ${i}`));
  for (const [i, number] of numbers.entries()) if (i % 3 !== 0) table.release(number);
  for (let i = 0; i < numbers.length; i += 3) {
    expect(table.textOf(numbers[i] as number)).toBe(`text ${i}`);
    expect(table.numberOf(`text ${i}`)).toBe(numbers[i]);
  }
  expect(table.bytes).toBeLessThan(8 * 2 ** 20);
});
