import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeParams, formatRoute, parseRoute, VIEWS } from './router.ts';

describe('an address', () => {
  it('names a view, a metric and parameters', () => {
    expect(parseRoute('#/metrics/checkout.latency?compare=http.requests&by=path')).toEqual({
      view: 'metrics',
      name: 'checkout.latency',
      params: { compare: 'http.requests', by: 'path' },
    });
    expect(parseRoute('#/tail?q=outcome%3Arejected')).toEqual({
      view: 'tail',
      name: undefined,
      params: { q: 'outcome:rejected' },
    });
  });

  it.each([
    '',
    '#',
    '#/',
    '#/nowhere',
    '#token=x',
    `#/tail?q=${'x'.repeat(40_000)}`,
  ])('%.20s leads to the overview', (hash) => {
    expect(parseRoute(hash).view).toBe('overview');
  });

  it('that is badly encoded is still an address', () => {
    expect(parseRoute('#/metrics/%E0%A4%A').name).toBe('%E0%A4%A');
  });

  it('can be read back, whatever the name and the parameters', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        fc.option(text, { nil: undefined }),
        fc.dictionary(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), text),
        (name, params) => {
          const view = name === undefined ? 'tail' : 'metrics';
          const clean = Object.fromEntries(Object.entries(params).filter(([key]) => key !== '__proto__'));
          expect(parseRoute(formatRoute(view, name, clean))).toEqual({ view, name, params: clean });
        },
      ),
    );
  });

  it('of every view is its own', () => {
    for (const view of VIEWS)
      expect(parseRoute(formatRoute(view))).toEqual({ view, name: undefined, params: {} });
  });

  it('changes one parameter and keeps the others', () => {
    const route = parseRoute('#/metrics?q=a&sort=name');
    expect(changeParams(route, { sort: undefined, type: 'set' })).toBe('#/metrics?q=a&type=set');
  });
});
