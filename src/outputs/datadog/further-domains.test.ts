import { expect, it } from 'vitest';
import { folderOf, shownDomain } from './intake-domains.ts';

const url = 'https://app.datadoghq.com';

it('a domain of the first output is its URL, for people and on disk', () => {
  expect(shownDomain({ url })).toBe(url);
  expect(folderOf({ url, keys: ['a'] })).toBe(folderOf({ url, keys: ['b'] }));
});

it('those of further outputs are told apart by name, and on disk by key, wherever they stand in the list', () => {
  expect(shownDomain({ url, output: 'datadog_2' })).toBe(`${url} (datadog_2)`);
  const folder = folderOf({ url, keys: ['a'], output: 'datadog_2' });
  expect(folder).toBe(folderOf({ url, keys: ['a'], output: 'datadog_3' }));
  const others = [folderOf({ url, keys: ['b'], output: 'datadog_2' }), folderOf({ url, keys: ['a'] })];
  expect(others).not.toContain(folder);
  const inFile = (key: string) =>
    folderOf({ url, keys: [key], fileKey: { path: '/key', key }, output: 'datadog_2' });
  expect(inFile('before')).toBe(inFile('after'));
});
