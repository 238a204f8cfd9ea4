/**
 * The rate limiter in a real server, over a folder that looks like a cgroup whose memory the test decides.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BatchSender } from '../../src/listeners/system/send-batch.ts';
import { packetsOf } from '../support/packets.ts';
import {
  type ServerProcess,
  type ServerProcessOptions,
  withServer,
} from '../support/processes/server-process.ts';

const LIMIT = 1_000_000;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'whippet-cgroup-'));
  mkdirSync(join(root, 'proc/self'), { recursive: true });
  mkdirSync(join(root, 'sys/fs/cgroup/pod'), { recursive: true });
  writeFileSync(join(root, 'proc/self/cgroup'), '0::/pod\n');
  writeFileSync(join(root, 'sys/fs/cgroup/pod/memory.max'), `${LIMIT}\n`);
  use(0.5);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** From now on `ratio` of the memory is in use. */
function use(ratio: number): void {
  writeFileSync(join(root, 'sys/fs/cgroup/pod/memory.current'), `${ratio * LIMIT}\n`);
}

const options = (set: ServerProcessOptions['set'] = {}): ServerProcessOptions => ({
  unix: true,
  set: {
    'dogstatsd_mem_based_rate_limiter.enabled': true,
    // Memory is looked at before every receive, so that the test does not have to send a hundred packets first.
    'dogstatsd_mem_based_rate_limiter.rate_check.min': 1,
    'listeners.system_root': root,
    ...set,
  },
});

const packets = (server: ServerProcess): Promise<number> =>
  server.metricSum('whippet_listener_packets_total');
const reached = (server: ServerProcess, listener: string, limit: string): Promise<number | undefined> =>
  server.metric(
    `whippet_listener_rate_limiter_limits_reached_total{listener="${listener}",limit="${limit}"}`,
  );
const level = (server: ServerProcess, want: number): Promise<void> =>
  server.until(async () => {
    const levels = ['udp', 'unixgram'].map((listener) =>
      server.metric(`whippet_listener_rate_limiter_level{listener="${listener}"}`),
    );
    return (await Promise.all(levels)).every((one) => one === want);
  }, `both listeners are at level ${want}`);

const burst = (count: number): string[] => Array.from({ length: count }, (_, i) => `slow.n:1|c|#i:${i % 10}`);

it('receives nothing at 90 % of the limit, holds Unix senders back, and recovers', async () => {
  await withServer(options(), async (server) => {
    expect(server.log).toContainEqual(
      expect.objectContaining({
        msg: 'memory use limits how fast data is received',
        source: 'cgroup v2',
        limitBytes: LIMIT,
      }),
    );
    server.send('unix', burst(10));
    server.send('udp', burst(10));
    await server.until(async () => (await packets(server)) === 20, 'they are received');

    use(0.9);
    await level(server, 2);
    server.send('udp', burst(100));
    const sender = new BatchSender({ kind: 'unix', path: server.socketPath }, { timeoutMs: 100 });
    sender.send(packetsOf(burst(10_000)));
    const held = sender.packets;
    sender.close();
    // The kernel takes as many as its queue holds, and then the sender waits.
    expect(sender.stoppedBy).not.toBe(0);
    expect(held).toBeLessThan(1000);
    const before = await reached(server, 'udp', 'high');
    await server.until(
      async () => ((await reached(server, 'udp', 'high')) ?? 0) > (before ?? 0) + 10,
      'time passes',
    );
    expect(await packets(server)).toBe(20);
    const { text } = await server.get('/api/rate-limiter');
    expect(JSON.parse(text)).toMatchObject({
      memory: { kind: 'cgroup v2' },
      threads: [
        { listener: 'unixgram', level: 'high', memoryRatio: 0.9, waitMs: 10 },
        { listener: 'udp', level: 'high', memoryRatio: 0.9, waitMs: 10 },
      ],
    });

    await server.until(
      () => server.log.some(({ msg }) => msg.startsWith('memory is short')),
      'the log says so',
    );
    use(0.5);
    await server.until(async () => (await packets(server)) === 120 + held, 'what waited is received');
    await level(server, 0);
    expect(await server.stop()).toBe(0);
    expect(server.total('slow.n')).toBe(120 + held);
    const told = server.log.filter(({ msg }) => msg.includes('memory is short'));
    expect(told.map(({ msg }) => msg.slice(0, 16))).toEqual(['memory is short:', 'over: memory is ']);
    expect(told[0]).toMatchObject({ level: 40, memoryRatio: 0.9 });
  });
});

it('pauses between receives at 75 %, gives memory back now and then, and receives everything', async () => {
  const set = { 'dogstatsd_mem_based_rate_limiter.soft_limit_freeos_check.min': 0.1 };
  await withServer(options(set), async (server) => {
    use(0.75);
    await level(server, 1);
    for (let round = 0; round < 5; round++) server.send('unix', burst(100));
    await server.until(async () => (await packets(server)) === 500, 'they are received');
    await server.until(
      async () => (await server.metricSum('whippet_listener_rate_limiter_reclaims_total')) > 0,
      'memory is given back',
    );
    expect(await reached(server, 'unixgram', 'high')).toBe(0);
    expect(await server.metricSum('whippet_listener_rate_limiter_waited_seconds_total')).toBeGreaterThan(0);
  });
});

it('seals buckets and stops at once while nothing is received, and drains what waited', async () => {
  await withServer(options(), async (server) => {
    server.send('unix', ['before.n:1|c']);
    await server.until(async () => (await packets(server)) === 1, 'it is received');
    use(0.95);
    await level(server, 2);
    await server.until(() => server.total('before.n') === 1, 'the bucket is flushed');
    server.send('udp', burst(50));
    expect(await server.stop()).toBe(0);
    expect(server.total('slow.n')).toBe(50);
  });
});

it('limits the portable listener as well', async () => {
  const set = { dogstatsd_socket: '', 'listeners.portable': true };
  await withServer(options(set), async (server) => {
    use(0.9);
    // The packet in which it is noticed is received; those behind it wait in the kernel.
    await server.sendUdp('127.0.0.1', burst(20));
    await server.until(async () => ((await reached(server, 'udp', 'high')) ?? 0) > 5, 'it holds back');
    expect(await packets(server)).toBe(1);
    use(0.5);
    await server.until(async () => (await packets(server)) === 20, 'what waited is received');
    expect(await server.stop()).toBe(0);
    expect(server.total('slow.n')).toBe(20);
  });
});

it('is not slowed when memory cannot be read any more', async () => {
  await withServer(options(), async (server) => {
    writeFileSync(join(root, 'sys/fs/cgroup/pod/memory.current'), 'nonsense\n');
    server.send('unix', burst(10));
    await server.until(async () => (await packets(server)) === 10, 'they are received');
    await server.until(
      async () => (await server.metricSum('whippet_listener_rate_limiter_read_errors_total')) > 0,
      'it is counted',
    );
  });
});
