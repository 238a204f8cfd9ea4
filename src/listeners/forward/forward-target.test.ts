import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ForwardTargetFinder, isSameSocket, type TargetNews } from './forward-target.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A finder for `name` whose lookups answer one after the other; the last answer stays. */
function finderFor(name: string, answers: readonly (readonly string[] | Error)[]) {
  const left = [...answers];
  const news: string[] = [];
  let lookups = 0;
  const finder = new ForwardTargetFinder({
    host: name,
    port: 8125,
    onNews: (one: TargetNews) => news.push(one.kind === 'found' ? one.target.host : one.error.message),
    lookUp: async () => {
      lookups++;
      const answer = (left.length > 1 ? left.shift() : left[0]) as readonly string[] | Error;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { finder, news, lookups: () => lookups };
}

const gone = new Error('ENOTFOUND');

describe('the forward target', () => {
  it('is an address as it is, looked up by no one', async () => {
    const { finder, lookups } = finderFor('::1', [gone]);
    await finder.start();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(finder.target).toEqual({ host: '::1', port: 8125 });
    expect(lookups()).toBe(0);
  });

  it('is looked up at the start and every 30 seconds, and followed', async () => {
    const { finder, news, lookups } = finderFor('agent', [['10.0.0.1'], ['10.0.0.1'], ['10.0.0.2']]);
    await finder.start();
    expect(finder.target).toEqual({ host: '10.0.0.1', port: 8125 });
    await vi.advanceTimersByTimeAsync(29_000);
    expect(lookups()).toBe(1);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(lookups()).toBe(3);
    expect(finder.target).toEqual({ host: '10.0.0.2', port: 8125 });
    expect(news).toEqual(['10.0.0.1', '10.0.0.2']);
    finder.stop();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(lookups()).toBe(3);
  });

  it('stays while it is one of several addresses', async () => {
    const { finder, news } = finderFor('agent', [
      ['10.0.0.1', '10.0.0.2'],
      ['10.0.0.2', '10.0.0.1'],
      ['10.0.0.2'],
    ]);
    await finder.start();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(finder.target?.host).toBe('10.0.0.1');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(news).toEqual(['10.0.0.1', '10.0.0.2']);
    finder.stop();
  });

  it('is looked for every 5 seconds while it has no address, and the log is told once', async () => {
    const { finder, news, lookups } = finderFor('agent', [gone, gone, [], ['10.0.0.1'], gone]);
    await finder.start();
    expect(finder.target).toBeUndefined();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(lookups()).toBe(3);
    expect(news).toEqual(['ENOTFOUND']);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(finder.target?.host).toBe('10.0.0.1');
    // A name that is lost later keeps its address.
    await vi.advanceTimersByTimeAsync(90_000);
    expect(finder.target?.host).toBe('10.0.0.1');
    expect(news).toEqual(['ENOTFOUND', '10.0.0.1', 'ENOTFOUND']);
    finder.stop();
  });

  it('does not hold the start up when nobody answers, and takes a late answer', async () => {
    let answer: (addresses: string[]) => void = () => undefined;
    const finder = new ForwardTargetFinder({
      host: 'agent',
      port: 1,
      onNews: () => undefined,
      lookUp: () => new Promise((resolve) => (answer = resolve)),
    });
    const started = finder.start();
    await vi.advanceTimersByTimeAsync(2_000);
    await started;
    expect(finder.target).toBeUndefined();
    answer(['10.0.0.9']);
    await vi.advanceTimersByTimeAsync(0);
    expect(finder.target?.host).toBe('10.0.0.9');
    finder.stop();
  });
});

describe('a target is a socket of this server', () => {
  const same = (target: string, bound: string, ports: readonly [number, number] = [1, 1]): boolean =>
    isSameSocket({ host: target, port: ports[0] }, { host: bound, port: ports[1] });

  it('when address and port are the same', () => {
    expect(same('127.0.0.1', '127.0.0.1')).toBe(true);
    expect(same('127.0.0.1', '127.0.0.1', [1, 2])).toBe(false);
    expect(same('127.0.0.2', '127.0.0.1')).toBe(false);
    expect(same('::1', '::1')).toBe(true);
    expect(same('::1', '127.0.0.1')).toBe(false);
  });

  it('when it is any address of this machine and the server listens on all', () => {
    expect(same('127.0.0.1', '0.0.0.0')).toBe(true);
    expect(same('127.3.2.1', '::')).toBe(true);
    expect(same('::1', '::')).toBe(true);
    for (const { address } of Object.values(networkInterfaces()).flatMap((all) => all ?? []))
      expect(same(address, '::')).toBe(true);
    expect(same('192.0.2.7', '0.0.0.0')).toBe(false);
  });

  it('when it is "any address", which is this machine', () => {
    expect(same('0.0.0.0', '127.0.0.1')).toBe(true);
    expect(same('0.0.0.0', '::')).toBe(true);
    expect(same('::', '::1')).toBe(true);
  });
});
