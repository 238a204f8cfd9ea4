import { expect, test } from 'vitest';
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

test('bytes and the empty text survive', () => {
  const table = new TextTable();
  for (const text of ['', '\xff\x00é']) expect(table.textOf(table.take(text))).toBe(text);
});
