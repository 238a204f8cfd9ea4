/**
 * Several threads for UDP (`dogstatsd_workers_count`), each with a socket of its own at one address: nothing is lost,
 * packets of a client stay in order, drops of all sockets count, and sockets are handed over.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { BatchSender } from '../../src/listeners/system/send-batch.ts';
import { packetsOf } from '../support/packets.ts';
import { ServerProcess, withServer } from '../support/processes/server-process.ts';

const CLIENTS = 24;
/** Small enough for the smallest receive buffer that a test machine has, whichever sockets the clients get. */
const ROUND_PACKETS = 4;

const clientsOf = (port: number): BatchSender[] =>
  Array.from({ length: CLIENTS }, () => new BatchSender({ kind: 'udp', host: '127.0.0.1', port }));

it('keeps every packet, those of a client in order, and what its sockets hold at the stop', async () => {
  const set = { dogstatsd_workers_count: 3, bucket_seconds: 3600 };
  await withServer({ set }, async (server) => {
    expect(server.log).toContainEqual(
      expect.objectContaining({ msg: 'listening', listener: 'udp', sockets: 3 }),
    );
    const clients = clientsOf(server.udpPort);
    const rounds = 10;
    for (let round = 1; round <= rounds; round++) {
      for (const [i, client] of clients.entries()) {
        const values = Array.from({ length: ROUND_PACKETS }, (_, at) => round * ROUND_PACKETS + at);
        client.send(packetsOf(values.map((value) => `ordered.g:${value}|g|#client:${i}\nordered.n:1|c`)));
      }
      const sent = round * CLIENTS * ROUND_PACKETS;
      // The last round is still in the sockets when the server is told to stop.
      if (round === rounds) break;
      const arrived = async (): Promise<boolean> =>
        (await server.metricSum('whippet_listener_packets_total')) === sent;
      await server.until(arrived, `${sent} packets have arrived`);
    }
    for (const client of clients) client.close();
    server.child.kill('SIGTERM');
    expect(await server.end()).toBe(0);
    expect(server.total('ordered.n')).toBe(rounds * CLIENTS * ROUND_PACKETS);
    const last = server.series('ordered.g').map(({ value }) => value);
    expect(last).toEqual(Array(CLIENTS).fill((rounds + 1) * ROUND_PACKETS - 1));
  });
});

it('counts what the kernel drops at each of its sockets', async () => {
  const set = { dogstatsd_workers_count: 3, dogstatsd_so_rcvbuf: 4096 };
  await withServer({ set }, async (server) => {
    server.child.kill('SIGSTOP');
    const clients = clientsOf(server.udpPort);
    const each = 100;
    for (const client of clients) client.send(packetsOf(Array.from({ length: each }, () => 'dropped.n:1|c')));
    for (const client of clients) client.close();
    server.child.kill('SIGCONT');
    const sums = async (): Promise<[received: number, dropped: number]> => [
      await server.metricSum('whippet_listener_packets_total'),
      await server.metricSum('whippet_kernel_packets_dropped_total'),
    ];
    await server.until(async () => {
      const [received, dropped] = await sums();
      return received + dropped === CLIENTS * each;
    }, 'all are received or dropped');
    const [received, dropped] = await sums();
    expect(dropped).toBeGreaterThan(received);
    expect(await server.stop()).toBe(0);
    expect(server.total('dropped.n')).toBe(received);
  });
});

it('refuses a second server at its port, also one with several threads', async () => {
  const set = { dogstatsd_workers_count: 2 };
  await withServer({ set }, async (server) => {
    const start = ServerProcess.start({ set: { ...set, dogstatsd_port: server.udpPort } });
    await expect(start).rejects.toThrow('ERR_LISTEN_IN_USE');
  });
});

it('hands its sockets to a server with more threads, and to one with fewer, and loses nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'whippet-workers-'));
  const servers: ServerProcess[] = [];
  const start = async (dogstatsd_workers_count: number, dogstatsd_port: number): Promise<ServerProcess> => {
    const server = await ServerProcess.start({
      set: { 'hot_restart.socket': join(folder, 'dispatch'), dogstatsd_workers_count, dogstatsd_port },
    });
    servers.push(server);
    return server;
  };
  try {
    const { udpPort } = await start(2, 0);
    const clients = clientsOf(udpPort);
    let sent = 0;
    let isSending = true;
    const sending = (async () => {
      for (; isSending; await sleep(2)) {
        for (const client of clients) client.send(packetsOf(['handed.n:1|c']));
        sent += CLIENTS;
      }
    })();
    const threads: unknown[] = [];
    for (const workers of [3, 1]) {
      const before = servers.at(-1) as ServerProcess;
      await before.until(() => before.total('handed.n') > 0, 'packets arrive');
      const next = await start(workers, udpPort);
      expect(await before.end()).toBe(0);
      threads.push((JSON.parse((await next.get('/api/status')).text) as { threads: unknown }).threads);
      expect(next.log).toContainEqual(
        expect.objectContaining({ msg: 'listening', listener: 'udp', sockets: 2, passedOn: true }),
      );
    }
    isSending = false;
    await sending;
    for (const client of clients) client.close();
    expect(await servers.at(-1)?.stop()).toBe(0);
    // Three threads for two sockets; then both sockets have to be read.
    expect(threads).toEqual([
      ['udp', 'udp', 'udp'],
      ['udp', 'udp'],
    ]);
    expect(servers.reduce((sum, server) => sum + server.total('handed.n'), 0)).toBe(sent);
  } finally {
    for (const server of servers) await server.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
