import { describe, expect, it } from 'vitest';
import { matchesName, nearNames, parseSearch, typeName } from './search.ts';

describe('a search', () => {
  it('is words, and fields with their values', () => {
    expect(parseSearch('check  lat tag:env:prod type:d origin:api-* outcome:rejected')).toEqual({
      words: ['check', 'lat'],
      fields: { tag: ['env:prod'], type: ['distribution'], origin: ['api-*'], outcome: ['rejected'] },
    });
  });

  it.each([
    ['http:requests', ['http:requests']],
    ['tag:', ['tag:']],
    [':x', [':x']],
    ['', []],
  ])('%j has no field in it', (text, words) => expect(parseSearch(text)).toEqual({ words, fields: {} }));

  it('finds names that have every word, in any case', () => {
    const search = parseSearch('REQ http');
    expect(matchesName('http.requests', search)).toBe(true);
    expect(matchesName('http.time', search)).toBe(false);
    expect(matchesName('http.time', parseSearch('name:http.*'))).toBe(true);
    expect(matchesName('http.time', parseSearch('name:http'))).toBe(false);
  });

  it('knows the short names of types', () => {
    expect(['c', 'MS', 'd', 'gauge'].map(typeName)).toEqual(['counter', 'timing', 'distribution', 'gauge']);
  });
});

describe('a name that was searched for in vain', () => {
  it('has the nearest ones named', () => {
    const names = ['checkout.latency', 'http.requests', 'checkout.paid', 'cache.hits'];
    expect(nearNames('chekout', names)).toEqual(['checkout.latency', 'checkout.paid']);
    expect(nearNames('zzz', names)).toEqual([]);
    expect(nearNames('', names)).toEqual([]);
  });
});
