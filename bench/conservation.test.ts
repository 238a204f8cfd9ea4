import { describe, expect, it } from 'vitest';
import { addRecord, type Balance, balance, type Observed } from './conservation.ts';
import { byType, noTotals, type Totals } from './totals.ts';

const sent: Totals = {
  ...noTotals(),
  lines: 100,
  counterSum: 1_000,
  histogramWeight: 40,
  distributionWeight: 50,
  contexts: { c: 2, g: 1, h: 1, d: 1, s: 1 },
  fresh: { c: 1, g: 0, h: 0, d: 0, s: 0 },
};

/** The output of a server that lost nothing, over two buckets. */
const complete = [
  { metric: 'c.one', type: 'rate', tags: ['a', 'b'], count: 400 },
  { metric: 'c.one', type: 'rate', tags: ['b', 'a'], count: 100 },
  { metric: 'c.one', type: 'rate', tags: ['a', 'churn:1'], count: 300 },
  { metric: 'c.two', type: 'rate', tags: [], count: 200 },
  { metric: 'c.two', type: 'rate', tags: [], count: 0 },
  { metric: 'g.one', type: 'gauge', tags: [] },
  { metric: 's.one', type: 'gauge', tags: [] },
  { metric: 'h.one.max', type: 'gauge', tags: [] },
  { metric: 'h.one.count', type: 'rate', tags: [], count: 40 },
  { metric: 'd.one', type: 'distribution', tags: [], sketch: { cnt: 50 } },
  { metric: 'datadog.dogstatsd.packets', type: 'rate', tags: [], count: 7 },
  { metric: 'whippet.uptime', type: 'gauge', tags: [] },
];

function balanceOf(records: typeof complete): Balance {
  const observed: Observed = {
    counterSum: 0,
    histogramWeight: 0,
    distributionWeight: 0,
    contexts: byType(() => 0),
  };
  const seen = new Set<number>();
  for (const record of records) addRecord(observed, seen, record);
  return balance(sent, observed);
}

describe('balance', () => {
  it('is even when everything sent is in the output', () => {
    expect(balanceOf(complete)).toEqual({ loss: 0, counterShare: 1, differences: [] });
  });

  it('finds whatever is missing', () => {
    for (const [i, record] of complete.entries()) {
      // Zeros, further series of a histogram and the server's own metrics prove nothing.
      if (record.count === 0 || /^(h.one.max|datadog|whippet)/.test(record.metric)) continue;
      const { loss, differences } = balanceOf(complete.toSpliced(i, 1));
      expect(differences.length, record.metric).toBeGreaterThan(0);
      expect(loss, record.metric).toBeGreaterThan(0);
    }
  });

  it('says how much of the counters came through', () => {
    const { loss, counterShare, differences } = balanceOf(complete.slice(1));
    expect(counterShare).toBe(0.6);
    expect(loss).toBe(0.4);
    expect(differences).toEqual(['sum of counters: sent 1000, reported 600']);
  });

  it('complains of what was never sent, without calling it loss', () => {
    const { loss, differences } = balanceOf([
      ...complete,
      { metric: 'c.one', type: 'rate', tags: ['a', 'b'], count: 5 },
    ]);
    expect(loss).toBe(0);
    expect(differences).toEqual(['sum of counters: sent 1000, reported 1005']);
  });
});
