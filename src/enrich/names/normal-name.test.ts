import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalName, normalPrefix } from './normal-name.ts';

describe('normalName', () => {
  const becomes = (name: string, want: string | undefined) =>
    it(`${JSON.stringify(name)} becomes ${JSON.stringify(want)}`, () => expect(normalName(name)).toBe(want));
  becomes('a.b', 'a.b');
  becomes('My.Name9', 'My.Name9');
  becomes('a_b', 'a_b');
  becomes('a-b', 'a_b');
  becomes('a--b', 'a_b');
  becomes('a__b', 'a_b');
  becomes('a_.b', 'a.b');
  becomes('a-.b', 'a.b');
  becomes('a._b', 'a.b');
  becomes('a.-b', 'a.b');
  becomes('a..b', 'a..b');
  becomes('a_', 'a');
  becomes('a-', 'a');
  becomes('a.', 'a.');
  becomes('a._', 'a.');
  becomes('9.a', 'a');
  becomes('_a', 'a');
  becomes('\xc3\xa9t\xc3\xa9', 't');
  becomes('a\xc3\xa9b', 'a_b');
  becomes('', undefined);
  becomes('99', undefined);
  becomes('a'.repeat(350), 'a'.repeat(350));
  becomes('a'.repeat(351), undefined);

  it('is what a second time does not change, with any bytes', () => {
    const bytes = fc.string({ unit: fc.constantFrom('a', 'Z', '9', '.', '_', '-', '\xe9'), maxLength: 12 });
    fc.assert(
      fc.property(bytes, (name) => {
        const once = normalName(name);
        expect(once === undefined ? undefined : normalName(once)).toBe(once);
        if (once !== undefined) expect(once).toMatch(/^[A-Za-z](?:[A-Za-z0-9.]|_(?![._]|$))*$/);
      }),
    );
  });
});

describe('normalPrefix', () => {
  it('keeps an underscore at its end, where the name goes on', () => {
    expect(normalPrefix('service-')).toBe('service_');
    expect(normalPrefix('service._')).toBe('service.');
  });
  it('is empty of nothing, and nothing of what has no letter', () => {
    expect(normalPrefix('')).toBe('');
    expect(normalPrefix('9_')).toBeUndefined();
  });
});
