import { describe, expect, test } from 'vitest';
import { type Amounts, Totals } from './totals.ts';

const NONE: Amounts = {
  ...{ messages: 0, samples: 0, bytes: 0, packets: 0, newContexts: 0, rejected: 0, filtered: 0, dropped: 0 },
  kernelLost: 0,
};
const readings = (udp: Partial<Amounts>, tcp: Partial<Amounts> = {}) =>
  new Map([
    ['udp', { ...NONE, ...udp }],
    ['tcp', { ...NONE, ...tcp }],
  ]);

describe('Totals', () => {
  test('what was there before the first reading did not come in its second', () => {
    const totals = new Totals();
    totals.take(1000, readings({ messages: 500 }), 7);
    expect(totals.history(1001, 1).total.messages).toEqual([0]);
    expect(totals.tickRates().messages).toBe(0);
  });

  test('rates and cells are differences of readings, by listener and in sum', () => {
    const totals = new Totals();
    totals.take(1000, readings({}), 0);
    totals.take(1001, readings({ messages: 30, bytes: 300, rejected: 2 }, { messages: 10 }), 5);
    expect(totals.tickRates()).toMatchObject({ messages: 40, bytes: 300, rejected: 2 });
    totals.take(1002, readings({ messages: 30, bytes: 300, rejected: 2 }, { messages: 60 }), 6);
    const history = totals.history(1002, 2);
    expect(history).toMatchObject({ from: 1000, step: 1, cells: 2, contexts: [0, 5] });
    expect(history.total.messages).toEqual([40, 50]);
    expect(history.byListener.udp?.messages).toEqual([30, 0]);
    expect(history.byListener.tcp?.messages).toEqual([10, 50]);
  });

  test('more than five minutes are answered in cells of ten seconds', () => {
    const totals = new Totals();
    for (let i = 0; i <= 60; i++) totals.take(1000 + i, readings({ messages: i * 3 }), 0);
    const history = totals.history(1060, 301);
    expect(history).toMatchObject({ step: 10, cells: 31 });
    expect(history.total.messages.slice(-6)).toEqual([30, 30, 30, 30, 30, 30]);
    expect(history.total.messages[0]).toBeNull();
  });

  test('a counter that goes back gives no negative rate', () => {
    const totals = new Totals();
    totals.take(1000, readings({ messages: 100 }), 0);
    totals.take(1001, readings({ messages: 50 }), 0);
    expect(totals.tickRates().messages).toBe(0);
  });

  test('new contexts of the last minute', () => {
    const totals = new Totals();
    for (let i = 0; i <= 90; i++) totals.take(1000 + i, readings({ newContexts: i * 2 }), 0);
    expect(totals.newContextsPerMinute(1090)).toBe(120);
  });
});
