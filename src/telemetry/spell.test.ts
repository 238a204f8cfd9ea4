import { describe, expect, it } from 'vitest';
import { Spell } from './spell.ts';

describe('a spell', () => {
  it('begins with the first and ends ten seconds after the last', () => {
    const spell = new Spell();
    expect(spell.observe(0, 0)).toBeUndefined();
    expect(spell.observe(3, 1000)).toEqual({ kind: 'begins' });
    expect(spell.observe(9, 2000)).toBeUndefined();
    expect(spell.observe(12, 5000)).toBeUndefined();
    expect(spell.observe(12, 14_999)).toBeUndefined();
    expect(spell.observe(12, 15_000)).toEqual({ kind: 'ended', count: 12, seconds: 4 });
    expect(spell.observe(12, 60_000)).toBeUndefined();
    expect(spell.observe(13, 61_000)).toEqual({ kind: 'begins' });
    expect(spell.observe(13, 71_000)).toEqual({ kind: 'ended', count: 1, seconds: 0 });
  });

  it('does not count what was there before', () => {
    const spell = new Spell(5);
    expect(spell.observe(5, 0)).toBeUndefined();
    expect(spell.observe(6, 1)).toEqual({ kind: 'begins' });
    expect(spell.end()).toEqual({ kind: 'ended', count: 1, seconds: 0 });
    expect(spell.end()).toBeUndefined();
  });
});
