/** Matchers and assertions against a real test server; the expectations themselves are in expectation.test.ts. */
import { createSocket } from 'node:dgram';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import '../vitest.ts';
import { startTestServer } from '../test-server/start-test-server.ts';
import type { TestServer } from '../test-server/test-server.ts';
import { ExpectationError } from '../test-server/wait.ts';
import { assertReceivedMetric, assertReceivedNothing, assertReceivedOnly, matchers } from './matchers.ts';
import { showServer } from './snapshot-serializer.ts';

let dsd: TestServer;
const socket = createSocket('udp4');
beforeAll(async () => {
  dsd = await startTestServer();
});
afterEach(() => dsd.reset());
afterAll(async () => {
  socket.close();
  await dsd.close();
});

async function send(...lines: string[]): Promise<void> {
  const all = lines.length;
  socket.send(lines.join('\n'), dsd.port, dsd.host);
  await expect.poll(() => dsd.messages().length, { interval: 2 }).toBe(all);
}

describe('an expectation that makes no sense', () => {
  it('is a TypeError in every matcher, also after not', async () => {
    const wrong = { summ: 1 } as object;
    expect(() => expect(dsd).toHaveReceivedMetric('a', wrong)).toThrow(TypeError);
    expect(() => expect(dsd).not.toHaveReceivedMetric('a', wrong)).toThrow(/did you mean "sum"/);
    await expect(expect(dsd).not.toReceiveMetric('a', wrong)).rejects.toThrow(TypeError);
    await expect(expect(dsd).toReceiveMetric('a', { timeoutMs: 1 } as object)).rejects.toThrow(/options/);
    await expect(dsd.waitFor({ name: 'a' }, { timeout: 1 } as object)).rejects.toThrow(/"timeoutMs"\?/);
    await expect(dsd.waitFor({ name: 'a' }, { timeoutMs: Number.NaN })).rejects.toThrow(TypeError);
    expect(() => expect(dsd).toHaveReceivedEvent({})).toThrow(TypeError);
    expect(() => expect(dsd).not.toHaveReceivedServiceCheck({})).toThrow(TypeError);
    expect(() => assertReceivedMetric(dsd, undefined as unknown as string)).toThrow(/name is undefined/);
    expect(() => expect(dsd).toHaveReceivedOnly([])).toThrow(/toHaveReceivedNothing/);
  });

  it('needs a test server', () => {
    expect(() => expect(undefined).not.toHaveReceivedMetric('a')).toThrow(
      /given undefined, not a test server/,
    );
    expect(() => expect(startTestServer).not.toHaveReceivedNothing()).toThrow(/given a function/);
    expect(() => matchers.toHaveRejectedNothing(Promise.resolve() as never)).toThrow(/await startTestServer/);
  });

  it('is one for options and keys of the server too', async () => {
    await expect(startTestServer({ prot: 1 } as object)).rejects.toThrow(/did you mean "port"\?/);
    await expect(startTestServer({ port: '1' as unknown as number })).rejects.toThrow(/port is "1"/);
    for (const [key, near] of [
      ['statsd_metric_namespce', 'statsd_metric_namespace'],
      ['dogstatsd_tgas', 'dogstatsd_tags'],
      ['nothing_like_it', 'nothing_like_it is not a known key'],
    ]) {
      const starting = startTestServer({ config: { [key as string]: 'x' } });
      await expect(starting).rejects.toThrow(TypeError);
      await expect(starting).rejects.toThrow(near);
    }
  });
});

describe('matchers of the runner', () => {
  it('are accepted for every value', async () => {
    await send('a:1|c|#env:test,id:7', 'a:2|c|#env:test,id:8', 'u:x|s', '_e{1,2}:t|xx', '_sc|up|0');
    expect(dsd).toHaveReceivedMetric('a', { sum: expect.any(Number), type: expect.stringMatching(/count/) });
    expect(dsd).toHaveReceivedMetric(expect.stringContaining('a'), {
      tags: expect.arrayContaining(['env:test']),
      values: [expect.any(Number), 1],
    });
    expect(dsd).toHaveReceivedMetric('a', { values: expect.arrayContaining([2]), tags: { id: /\d/ } });
    expect(dsd).not.toHaveReceivedMetric('a', { values: [1, expect.any(String)] });
    expect(dsd).not.toHaveReceivedMetric('a', { sum: expect.any(String) });
    expect(dsd).toHaveReceivedMetric('u', { elements: [expect.any(String)] });
    expect(dsd).toHaveReceivedEvent({ title: expect.any(String), alertType: expect.anything() });
    expect(dsd).toHaveReceivedServiceCheck({ name: 'up', status: expect.any(Number) });
    expect(() => expect(dsd).toHaveReceivedMetric('a', { sum: expect.any(String) })).toThrow(
      /expected metric a, sum Any<String>/,
    );
  });
});

describe('only and nothing', () => {
  it('accept what is named and refuse everything else', async () => {
    expect(dsd).toHaveReceivedNothing();
    await send('a:1|c|#x:1', 'a:1|c|#x:2', 'b:2|g');
    expect(dsd).toHaveReceivedOnly(['a', { name: 'b', last: 2 }]);
    expect(dsd).not.toHaveReceivedOnly(['a']);
    expect(dsd).not.toHaveReceivedOnly([{ name: 'a', tags: ['x:1'] }, 'b']);
    expect(() => assertReceivedOnly(dsd, ['a', 'c'])).toThrow(
      'not received:\n  metric c\nalso received:\n  b  gauge    last 2',
    );
    expect(() => assertReceivedNothing(dsd)).toThrow(/received:\n {2}a:1\|c\|#x:1 {2}\(metric\)/);
    expect(() => assertReceivedNothing(dsd)).toThrow(ExpectationError);
  });

  it.each(['_e{1,2}:t|xx', '_sc|up|0', 'bad'])('%s is something else', async (line) => {
    await send('a:1|c', line);
    expect(dsd).not.toHaveReceivedOnly(['a']);
  });

  it('accept events and checks that are named', async () => {
    await send('a:1|c', '_e{1,2}:t|xx', '_sc|up|0');
    expect(dsd).toHaveReceivedOnly(['a'], { events: [{ title: 't' }], serviceChecks: [{ name: 'up' }] });
    expect(dsd).not.toHaveReceivedOnly(['a'], { events: [{ title: 'u' }], serviceChecks: [{ name: 'up' }] });
    expect(() => expect(dsd).toHaveReceivedOnly(['a'], { checks: [] } as object)).toThrow(TypeError);
  });
});

describe('a snapshot', () => {
  it('is sorted, and has no measured times', async () => {
    await send('b:1|c', 'a:12.7|ms|#env:test', 'bad', '_sc|up|1');
    expect(showServer(dsd)).toBe(
      [
        'metrics',
        '  a  timing  env:test  1 values',
        '  b  count  sum 1',
        'service checks',
        '  up  status 1',
        'rejected lines',
        '  bad  format',
      ].join('\n'),
    );
    expect(dsd).toMatchInlineSnapshot(`
      metrics
        a  timing  env:test  1 values
        b  count  sum 1
      service checks
        up  status 1
      rejected lines
        bad  format
    `);
  });
});

describe('a wait', () => {
  it('ends before the limit of the test, with its report', async ({ task }) => {
    // What the runner says of the limit; it really gives more, because a busy machine may be late.
    (task as { timeout: number }).timeout = Date.now() - (task.result?.startTime ?? 0) + 900;
    await expect(dsd.waitFor({ name: 'a' }, { timeoutMs: 60_000 })).rejects.toThrow(
      /nothing was received at all[\s\S]*waited for 0\.\d s of 60 s, because the test runner stops this test [\d.]+ s/,
    );
  });

  it('is as long as asked for when the test has time', async () => {
    await expect(dsd.waitFor({ name: 'a' }, { timeoutMs: 1 })).rejects.toThrow(/received at all$/);
  });

  it('ends by its signal, and when the server closes, with a report', async () => {
    const signal = AbortSignal.abort('enough');
    await expect(dsd.waitFor({ name: 'a' }, { signal })).rejects.toThrow(/expected metric a[\s\S]*: enough$/);
    const other = await startTestServer();
    const waiting = other.waitFor({ name: 'a' });
    await expect.poll(() => other.pending()).toEqual([expect.stringContaining('expected metric a')]);
    await Promise.all([other.close(), expect(waiting).rejects.toThrow(/the test server was closed/)]);
    expect(other.pending()).toEqual([]);
  });
});
