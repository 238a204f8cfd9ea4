import { expect, test } from 'vitest';
import { finishHash, hashOn } from './text-hash.ts';

test('a text has one hash however it is divided, and others have others', () => {
  const whole = finishHash(hashOn(7, 'lat.max'));
  expect(finishHash(hashOn(hashOn(7, 'lat'), '.max'))).toBe(whole);
  const others = [hashOn(8, 'lat.max'), hashOn(7, 'lat.min'), hashOn(7, ''), hashOn(7, '\0')].map(finishHash);
  expect(new Set([whole, ...others]).size).toBe(5);
});
