import { expect, it } from 'vitest';
import { maskKey, maskUrl } from './mask.ts';

it.each([
  ['0123456789abcdef0123456789abcdef', '***************************bcdef'],
  ['12345678901', '******78901'],
  ['1234567890', '**********'],
  ['abc', '***'],
  ['', ''],
])('shows of the key %s at most its last five characters', (key, shown) => {
  expect(maskKey(key)).toBe(shown);
});

it.each([
  ['http://user:secret@proxy:3128', 'http://user:***@proxy:3128'],
  ['https://user:p@ss:w@proxy/', 'https://user:***@proxy/'],
  ['user:secret@proxy:3128', 'user:***@proxy:3128'],
  ['http://proxy:3128', 'http://proxy:3128'],
  ['', ''],
])('hides the password in %s', (url, shown) => {
  expect(maskUrl(url)).toBe(shown);
});
