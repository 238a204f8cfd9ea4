/**
 * How the server ends: in order at the first signal, at once at the second, at any time.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { HttpReceiver } from '../support/fakes/http-receiver.ts';
import { packLines } from '../support/packets.ts';
import { ServerProcess, withServer } from '../support/processes/server-process.ts';
import { wideBucketSeconds } from '../support/wide-bucket.ts';

it.each(['SIGTERM', 'SIGINT'] as const)('delivers a burst it was sent right before %s', async (signal) => {
  await withServer({ unix: true }, async (server) => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `stop.burst:2|c|#shard:${i % 500}`);
    server.send('unix', packLines(lines, 8192));
    expect(await server.stop(signal)).toBe(0);
    expect(server.total('stop.burst')).toBe(40_000);
    expect(server.log.at(-1)).toMatchObject({ msg: 'stopped', undelivered: 0 });
  });
});

it('drains the UDP socket too', async () => {
  await withServer({}, async (server) => {
    server.send(
      'udp',
      Array.from({ length: 100 }, () => 'stop.udp:1|c'),
    );
    expect(await server.stop()).toBe(0);
    expect(server.total('stop.udp')).toBe(100);
  });
});

it('drains portable UDP too', async () => {
  await withServer({ set: { 'listeners.portable': true } }, async (server) => {
    await server.sendUdp(
      '127.0.0.1',
      Array.from({ length: 100 }, () => 'stop.portable:1|c'),
    );
    expect(await server.stop()).toBe(0);
    expect(server.total('stop.portable')).toBe(100);
  });
});

it('leaves the open bucket out when dogstatsd_flush_incomplete_buckets is off', async () => {
  const set = { bucket_seconds: wideBucketSeconds(), dogstatsd_flush_incomplete_buckets: false };
  await withServer({ unix: true, set }, async (server) => {
    server.send('unix', ['stop.left:1|c']);
    expect(await server.stop()).toBe(0);
    expect(server.series('stop.left')).toEqual([]);
  });
});

it('removes its socket file', async () => {
  await withServer({ unix: true }, async (server) => {
    expect(existsSync(server.socketPath)).toBe(true);
    expect(await server.stop()).toBe(0);
    expect(existsSync(server.socketPath)).toBe(false);
  });
});

// From before it has read anything to after it listens; every stop must be one of the two clean ends.
it.each([
  0, 50, 100, 150, 200, 250, 300, 400,
])('ends cleanly when SIGTERM comes %i ms after the start', async (delayMs) => {
  const server = new ServerProcess({ unix: true });
  try {
    await sleep(delayMs);
    const code = await server.stop();
    // 0 once the server handles signals; before that Node itself ends the process by the signal.
    expect([0, null]).toContain(code);
    expect(existsSync(server.socketPath)).toBe(false);
  } finally {
    await server.dispose();
  }
});

it('ends at once at the second signal', async () => {
  // An output that waits for an answer which never comes: the stop is not over when the second signal comes.
  const receiver = new HttpReceiver();
  receiver.answer = () => ({ hangs: true });
  const set = { 'outputs.webhook.url': await receiver.start(), stop_timeout_seconds: 300 };
  try {
    await withServer({ unix: true, set }, async (server) => {
      server.send('unix', ['_e{4,5}:stop|twice']);
      await server.until(() => receiver.requests.length > 0, 'the output waits for its answer');
      server.child.kill('SIGTERM');
      await server.until(() => server.log.some(({ msg }) => msg === 'stopping'), 'it is stopping');
      server.child.kill('SIGTERM');
      expect(await server.end()).toBe(1);
      expect(server.log.some(({ msg }) => msg === 'stopped')).toBe(false);
    });
  } finally {
    await receiver.close();
  }
});

it('says what it could not deliver, and ends with 4', async () => {
  // The device that is always full.
  await withServer({ unix: true, set: { 'outputs.file.path': '/dev/full' } }, async (server) => {
    server.send('unix', ['stop.full:1|c']);
    await server.until(
      async () => ((await server.metric('whippet_file_write_errors_total')) ?? 0) > 0,
      'the failure is counted',
    );
    expect(await server.stop()).toBe(4);
    expect(server.log.at(-2)?.msg).toContain('aggregates, events and checks could not be written');
    // The counter, and perhaps zeros of it from later buckets.
    expect(Number(server.log.at(-1)?.undelivered)).toBeGreaterThan(0);
  });
});
