import { describe, expect, test } from 'vitest';
import { countEdits, findNearest } from './nearest.ts';

describe('countEdits', () => {
  const counts = (from: string, to: string, want: number) =>
    test(`'${from}' to '${to}' takes ${want}`, () => expect(countEdits(from, to)).toBe(want));
  counts('', '', 0);
  counts('', 'abc', 3);
  counts('abc', '', 3);
  counts('port', 'port', 0);
  counts('prot', 'port', 1);
  counts('pot', 'port', 1);
  counts('sport', 'port', 1);
  counts('part', 'port', 1);
  counts('kitten', 'sitting', 3);
});

describe('findNearest', () => {
  const known = ['http.port', 'http.host', 'limits.lines'];
  test('finds a swapped pair', () => expect(findNearest('http.prot', known)).toBe('http.port'));
  test('ignores case', () => expect(findNearest('HTTP.Port', known)).toBe('http.port'));
  test('names the first of equally near candidates', () => {
    expect(findNearest('http.xost', ['http.post', 'http.host'])).toBe('http.post');
  });
  test('finds nothing when nothing is near', () => expect(findNearest('colour', known)).toBeUndefined());
  test('keeps to the distance it is given', () => {
    expect(findNearest('http.prto', known, 1)).toBeUndefined();
    expect(findNearest('http.prto', known, 2)).toBe('http.port');
  });
});
