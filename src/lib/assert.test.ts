import { expect, it } from 'vitest';
import { assert, BrokenInvariant } from './assert.ts';

it('says what did not hold', () => {
  expect(() => assert(undefined, 'a slot belongs to a context')).toThrow(
    new BrokenInvariant('does not hold: a slot belongs to a context'),
  );
});

it('passes what holds, and narrows its type', () => {
  const known: string | undefined = ['a'][0];
  assert(known !== undefined, 'there is one');
  expect(known.length).toBe(1);
});
