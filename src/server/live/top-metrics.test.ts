import { describe, expect, test } from 'vitest';
import { parseSearch } from './top-metrics.ts';

describe('a search', () => {
  test('has words, types and tags', () => {
    expect(parseSearch(' Check  type:d tag:env:prod name:A.b out ')).toEqual({
      words: ['check', 'out'],
      names: ['A.b'],
      types: ['distribution'],
      tags: ['env:prod'],
    });
  });

  test.each([
    ['type:count', 'counter'],
    ['type:ms', 'histogram'],
    ['TYPE:Gauge', 'gauge'],
    ['type:s', 'set'],
  ])('%s is the type %s', (text, want) => {
    expect(parseSearch(text).types).toEqual([want]);
  });

  test('an unknown type is a word', () => {
    expect(parseSearch('type:x')).toEqual({ words: ['type:x'], names: [], types: [], tags: [] });
  });
});
