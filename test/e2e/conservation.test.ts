/**
 * Nothing gets lost and nothing is counted twice: what the file adds up to is what was sent.
 */
import { expect, it } from 'vitest';
import { packLines } from '../support/packets.ts';
import { withServer } from '../support/processes/server-process.ts';
import { wideBucketSeconds } from '../support/wide-bucket.ts';

const LINES = 200_000;

it.each([0, 1, 3])('keeps 200,000 counter lines with dogstatsd_workers_count=%i', async (workers) => {
  await withServer({ unix: true, set: { dogstatsd_workers_count: workers } }, async (server) => {
    const lines = Array.from(
      { length: LINES },
      (_, i) => `all.count:${i % 10}|c|#shard:${i % 1000},kind:${i % 3}`,
    );
    server.send('unix', packLines(lines, 8192));
    expect(await server.stop()).toBe(0);
    expect(server.total('all.count')).toBe(900_000);
    const tags = new Set(server.series('all.count').map((series) => [...series.tags].sort().join()));
    expect(tags.size).toBe(3000);
  });
});

it('keeps sets and distributions whole over three workers', async () => {
  await withServer(
    { unix: true, set: { dogstatsd_workers_count: 3, bucket_seconds: wideBucketSeconds() } },
    async (server) => {
      const lines = Array.from(
        { length: 30_000 },
        (_, i) => `all.set:user-${i % 2500}|s\nall.d:${i % 100}|d`,
      );
      server.send('unix', packLines(lines, 2000));
      expect(await server.stop()).toBe(0);
      expect(server.series('all.set').map(({ value }) => value)).toEqual([2500]);
      expect(server.series('all.d').map(({ sketch }) => sketch)).toMatchObject([
        { cnt: 30_000, sum: 300 * 4950, min: 0, max: 99 },
      ]);
    },
  );
});

it('loses nothing of a burst of new contexts over UDP', async () => {
  await withServer({}, async (server) => {
    // Small datagrams, each a context of its own, as fast as one sender can: 200 fit the kernel's buffer.
    for (let round = 0; round < 20; round++) {
      const packets = Array.from({ length: 200 }, (_, i) => `new.contexts:1|c|#id:${round}-${i}`);
      server.send('udp', packets);
      const sent = (round + 1) * 200;
      await server.until(
        async () => (await server.metric('whippet_listener_packets_total{listener="udp"}')) === sent,
        `${sent} datagrams are received`,
      );
    }
    expect(await server.stop()).toBe(0);
    expect(server.total('new.contexts')).toBe(4000);
  });
});
