import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ContextIndex } from './context-index.ts';

/** Few different words, so that keys collide in the table and differ in single words. */
const word = fc.constantFrom(0, 1, 2, 1023, 0xffffffff);
const key = fc.tuple(word, word, word, word);

test('the index finds what a map would, whatever is added and removed', () => {
  const step = fc.record({ remove: fc.boolean(), key });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const index = new ContextIndex();
      const model = new Map<string, { key: readonly number[]; id: number }>();
      let nextId = 0;
      for (const { remove, key } of steps) {
        const known = model.get(key.join());
        expect(index.find(key)).toBe(known?.id ?? -1);
        if (remove && known !== undefined) {
          index.remove(known.id);
          model.delete(key.join());
        } else if (!remove && known === undefined) {
          model.set(key.join(), { key, id: nextId });
          index.add(key, nextId++);
        }
        expect(index.size).toBe(model.size);
      }
      for (const { key, id } of model.values()) expect(index.find(key)).toBe(id);
    }),
  );
});

test('the index grows', () => {
  const index = new ContextIndex();
  for (let id = 0; id < 5000; id++) index.add([1, id, 0, 0], id);
  for (let id = 0; id < 5000; id++) expect(index.find([1, id, 0, 0])).toBe(id);
  for (let id = 0; id < 5000; id += 2) index.remove(id);
  for (let id = 0; id < 5000; id++) expect(index.find([1, id, 0, 0])).toBe(id % 2 === 0 ? -1 : id);
});
