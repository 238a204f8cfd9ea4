import { describe, expect, it } from 'vitest';
import { loadConfig } from '../load.ts';
import { percentileWarnings } from './percentile-warnings.ts';

const warns = (percentiles: string[], want: (string | RegExp)[]) =>
  it(`${percentiles} makes ${want.length} warnings`, () =>
    expect(percentileWarnings(percentiles)).toEqual(want.map((text) => expect.stringMatching(text))));

describe('histogram_percentiles', () => {
  warns(['0.5', '0.95', '0.29', '1', '0'], []);
  warns(['0.999'], [/0\.999 is rounded to \.100percentile.*docs\/rules\.md/]);
  warns(['0.95', '0.950'], [/0\.95 and 0\.950 both make \.95percentile/]);
  warns(['0.99', '0.994'], [/0\.99 and 0\.994 both/, /0\.994 is rounded to \.99percentile/]);
  warns(['0.999', '1'], [/0\.999 is rounded/, /0\.999 and 1 both make \.100percentile/]);

  it('warns of them when the configuration is loaded', () => {
    const { warnings } = loadConfig({ values: { histogram_percentiles: ['0.999'] } });
    expect(warnings).toEqual([expect.stringContaining('histogram_percentiles: 0.999 is rounded')]);
  });
});
