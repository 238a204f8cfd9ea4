/** Lists that say something else than was most likely meant. */
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../load.ts';

const fromVariable = (text: string) => loadConfig({ env: { DD_DOGSTATSD_TAGS: text } });

describe('a comma in a list that is separated by spaces', () => {
  test('is a warning that says what may have been meant, and the list is taken as it is', () => {
    const { config, warnings } = fromVariable('env:prod, team:web');
    expect(config.dogstatsd_tags).toEqual(['env:prod,', 'team:web']);
    expect(warnings).toEqual([
      'dogstatsd_tags: "env:prod," is one entry with a comma in it, because entries are separated by spaces; write "env:prod team:web" if that was meant (env DD_DOGSTATSD_TAGS)',
    ]);
  });
  test.each(['env:prod,team:web', ',env:prod', 'a b,c'])('is a warning in "%s"', (text) => {
    expect(fromVariable(text).warnings).toHaveLength(1);
  });
  test('is a warning in a list of a file and in JSON', () => {
    const want =
      'dogstatsd_tags: "env:prod,team:web" is one entry with a comma in it; write each as an entry of its own if several were meant';
    expect(loadConfig({ values: { dogstatsd_tags: ['env:prod,team:web'] } }).warnings).toEqual([
      `${want} (given values)`,
    ]);
    expect(fromVariable('["env:prod,team:web"]').warnings).toEqual([`${want} (env DD_DOGSTATSD_TAGS)`]);
  });
  test('is the reason given when the entries have to be words', () => {
    expect(() => loadConfig({ env: { DD_HISTOGRAM_AGGREGATES: 'max, avg' } })).toThrow(
      'allowed: a list of max, min, median, avg, sum, count; entries are separated by spaces, not commas',
    );
    expect(() => loadConfig({ env: { DD_HISTOGRAM_PERCENTILES: '0.5,0.9' } })).toThrow('not commas');
  });
  test('is nothing to warn of where commas separate', () => {
    const { config, warnings } = loadConfig({ env: { NO_PROXY: 'a.example.com, b.example.com' } });
    expect([config.proxy.no_proxy, warnings]).toEqual([['a.example.com', 'b.example.com'], []]);
  });
});

test('quotes around an entry are a warning', () => {
  expect(fromVariable('"env:prod" team:web').warnings).toEqual([
    'dogstatsd_tags: the quotes of "\\"env:prod\\"" are part of the entry; write it without them if that was not meant (env DD_DOGSTATSD_TAGS)',
  ]);
});

test('lists without commas and quotes are no matter for a warning', () => {
  expect(fromVariable('env:prod team:web').warnings).toEqual([]);
});
