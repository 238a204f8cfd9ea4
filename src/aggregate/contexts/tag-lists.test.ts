import { expect, test } from 'vitest';
import { TagLists } from './tag-lists.ts';

test('lists come back as they were set, across pages', () => {
  const lists = new TagLists();
  for (let id = 0; id < 5000; id++) lists.set(id, listOf(id));
  for (let id = 0; id < 5000; id += 7) expect(read(lists, id)).toEqual(listOf(id));
  expect(lists.countOf(5001)).toBe(0);
});

test('memory returns when lists are deleted, and the others stay', () => {
  const lists = new TagLists();
  for (let id = 0; id < 20_000; id++) lists.set(id, listOf(id));
  const before = lists.length;
  for (let id = 0; id < 20_000; id++) if (id % 10 !== 0) lists.delete(id);
  expect(lists.length).toBeLessThan(before / 2);
  for (let id = 0; id < 20_000; id += 10) expect(read(lists, id)).toEqual(listOf(id));
});

test('churn does not let the lists grow', () => {
  const lists = new TagLists();
  for (let id = 0; id < 10_000; id++) lists.set(id, listOf(id));
  const before = lists.length;
  for (let round = 0; round < 20; round++) {
    for (let id = 0; id < 10_000; id++) {
      lists.delete(id);
      lists.set(id, listOf(id));
    }
  }
  expect(lists.length).toBeLessThan(before * 1.5 + 2 * 65_536);
});

function listOf(id: number): number[] {
  return Array.from({ length: id % 40 }, (_, i) => id * 100 + i);
}

function read(lists: TagLists, id: number): number[] {
  return Array.from({ length: lists.countOf(id) }, (_, i) => lists.at(id, i));
}
