import { beforeEach, describe, expect, it } from 'vitest';
import { eventOf } from '../../../test/support/decode/aggregates.ts';
import type { ReceivedExport } from '../../../test/support/fakes/otlp-receiver.ts';
import {
  counter,
  lossesOf,
  make,
  now,
  open,
  startReceiver,
  T,
  useOtlpBench,
} from '../../../test/support/otlp-bench.ts';

useOtlpBench();

describe('answers over HTTP', () => {
  beforeEach(() => startReceiver('http'));

  it.each([429, 502, 503, 504])('%i is sent again', async (status) => {
    const bench = open();
    now.receiver.answer = () => ({ status: now.receiver.exports.length === 1 ? status : 200 });
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    await now.clock.advance(64_000);
    await bench.metrics.idle();
    expect(now.receiver.exports).toHaveLength(2);
    expect(lossesOf(bench)).toEqual([]);
    bench.ledgerHolds();
  });

  it('Retry-After is waited for', async () => {
    const bench = open();
    now.receiver.answer = () =>
      now.receiver.exports.length === 1 ? { status: 503, headers: { 'retry-after': '120' } } : {};
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    await now.clock.advance(119_000);
    await bench.metrics.idle();
    expect(now.receiver.exports).toHaveLength(1);
    await now.clock.advance(1000);
    await bench.metrics.idle();
    expect(now.receiver.exports).toHaveLength(2);
  });

  it.each([400, 408, 415, 500, 501])('%i is refused for good', async (status) => {
    const bench = open();
    now.receiver.answer = () => ({
      status,
      headers: { 'content-type': 'text/plain' },
      body: 'no\u001b[31m way\n',
    });
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    expect(lossesOf(bench)).toEqual([['refused', 1]]);
    expect(bench.metrics.status.lastError?.text).toBe(`status ${status}: no [31m way`);
    bench.ledgerHolds();
  });

  it.each([301, 401, 403, 404, 405])('%i waits for somebody to correct the configuration', async (status) => {
    const bench = open();
    now.receiver.answer = () => ({ status, headers: { location: 'http://elsewhere/' } });
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    expect(bench.output.health().healthy).toBe(false);
    expect(bench.metrics.status.queue.items).toBe(1);
    now.receiver.answer = () => ({});
    await now.clock.advance(64_000);
    await bench.metrics.idle();
    expect(bench.output.health().healthy).toBe(true);
    expect(lossesOf(bench)).toEqual([]);
    bench.ledgerHolds();
  });

  it('a web page with status 200 is no answer', async () => {
    const bench = open();
    now.receiver.answer = () => ({ headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<html>' });
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    expect(bench.output.health().detail).toContain('web page');
    bench.ledgerHolds();
  });

  it('nonsense with status 200 is taken, with a warning', async () => {
    const bench = open();
    now.receiver.answer = () => ({ body: 'OK, thank you' });
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    expect(now.log.lines.some(({ sentence }) => sentence.includes('its response is not OTLP'))).toBe(true);
    bench.ledgerHolds();
  });

  it('rejections in JSON count as well', async () => {
    const bench = open();
    const body = JSON.stringify({ partialSuccess: { rejectedDataPoints: '1', errorMessage: 'no' } });
    now.receiver.answer = () => ({ headers: { 'content-type': 'application/json' }, body });
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    expect(lossesOf(bench)).toEqual([['refused', 1]]);
  });

  it('a refused temporality is explained once and counted by its name', async () => {
    const bench = open();
    now.receiver.answer = () => ({
      status: 500,
      headers: { 'content-type': 'text/plain' },
      body: 'invalid temporality and type combination',
    });
    const context = make('a', 'counter');
    for (const at of [10, 20]) await bench.flush(T + at, [counter(context, 1, T + at - 10)]);
    expect(lossesOf(bench)).toEqual([['temporality', 2]]);
    const told = now.log.lines.filter(({ sentence }) => sentence.includes('ERR_OTLP_TEMPORALITY'));
    expect(told).toHaveLength(1);
    expect(told[0]?.sentence).toContain('set outputs.otlp.temporality to cumulative');
  });

  it('a receiver without logs refuses events and takes metrics', async () => {
    const bench = open();
    now.receiver.answer = ({ records }: ReceivedExport) => ({ status: records.length > 0 ? 404 : 200 });
    bench.output.event(eventOf('deploy'), T);
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    expect(bench.logs.status.losses.map(({ reason }) => reason)).toEqual(['unsupported']);
    expect(bench.output.health().healthy).toBe(true);
    expect(lossesOf(bench)).toEqual([]);
    bench.ledgerHolds();
  });

  it('what is too large goes in halves, and later requests are smaller', async () => {
    const bench = open();
    now.receiver.answer = ({ points }) => ({ status: points.length > 3 ? 413 : 200 });
    const batch = Array.from({ length: 20 }, (_, i) =>
      counter(make(`m${i % 7}`, 'counter', [`i:${i}`, `x:${'y'.repeat(3000)}`], `h${i % 2}`), i + 1),
    );
    await bench.flush(T + 10, batch);
    const taken = now.receiver.exports
      .filter(({ points }) => points.length <= 3)
      .flatMap(({ points }) => [...points]);
    expect(taken.map(({ value }) => value).sort((a = 0, b = 0) => a - b)).toEqual(batch.map((_, i) => i + 1));
    for (const { value, name, resource, attributes } of taken) {
      const i = (value ?? 0) - 1;
      expect([name, resource['host.name'], attributes.i]).toEqual([`m${i % 7}`, `h${i % 2}`, String(i)]);
    }
    expect(lossesOf(bench)).toEqual([]);
    bench.ledgerHolds();
    const before = now.receiver.exports.length;
    await bench.flush(
      T + 20,
      batch.map(({ context }) => counter(context, 1, T + 10)),
    );
    expect(now.receiver.exports.slice(before).every(({ points }) => points.length <= 4)).toBe(true);
  });

  it('one point that is too large is refused, the others are taken', async () => {
    const bench = open({ pointsMax: 2000 });
    now.receiver.answer = ({ points }) => ({ status: points.some(({ name }) => name === 'big') ? 413 : 200 });
    const names = ['a', 'b', 'big', 'c', 'd'];
    await bench.flush(
      T + 10,
      names.map((name) => counter(make(name, 'counter'), 1)),
    );
    expect(lossesOf(bench)).toEqual([['refused', 1]]);
    bench.ledgerHolds();
  });

  it('halves that fail are sent again, what was taken is not', async () => {
    const bench = open();
    let downs = 1;
    now.receiver.answer = ({ points }) => {
      if (points.length > 2) return { status: 413 };
      return { status: points.some(({ name }) => name === 'c') && downs-- > 0 ? 503 : 200 };
    };
    await bench.flush(
      T + 10,
      ['a', 'b', 'c', 'd'].map((name) => counter(make(name, 'counter'), 1)),
    );
    await now.clock.advance(64_000);
    await bench.metrics.idle();
    const taken = now.receiver.exports
      .filter(({ points }) => points.length <= 2)
      .map(({ points }) => points.map(({ name }) => name));
    expect(taken).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ]);
    expect(lossesOf(bench)).toEqual([]);
    bench.ledgerHolds();
  });
});
