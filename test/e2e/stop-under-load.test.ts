/**
 * SIGTERM while clients send as fast as they can: everything that the kernel had accepted when the signal was sent is
 * in the output. Senders are threads, so that they go on sending while the test looks on, and count what the kernel took.
 */
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { type ServerProcess, withServer } from '../support/processes/server-process.ts';

const PACKETS = 50;

/** UDP waits for room, because the kernel drops what does not fit its buffer; the others are held back by the server. */
const SENDERS = [
  {
    ...{ kind: 'udp', packets: 10, pauseMs: 10, enough: 500 },
    target: ({ udpPort: port }: ServerProcess) => ({ kind: 'udp', host: '127.0.0.1', port }),
  },
  {
    ...{ kind: 'gram', packets: PACKETS, pauseMs: 0, enough: 50_000 },
    target: ({ socketPath: path }: ServerProcess) => ({ kind: 'unix', path }),
  },
  {
    ...{ kind: 'stream', packets: PACKETS, pauseMs: 0, enough: 50_000 },
    target: ({ streamPath }: ServerProcess) => streamPath,
  },
];

it('delivers what the kernel had accepted before SIGTERM, over UDP, Unix datagram and Unix stream', async () => {
  await withServer({ unix: true, stream: true }, async (server) => {
    const counts = new Int32Array(new SharedArrayBuffer(4 * (SENDERS.length + 1)));
    const now = (): number[] => SENDERS.map((_, i) => Atomics.load(counts, i));
    const ends = SENDERS.map(({ target, enough: _, ...sender }, index) => {
      const workerData = { ...sender, index, counts, target: target(server) };
      const worker = new Worker(new URL('../support/processes/load-sender.mjs', import.meta.url), {
        workerData,
      });
      return new Promise<number>((resolve) => worker.once('exit', resolve));
    });
    await server.until(
      () => SENDERS.every(({ enough }, i) => (now()[i] as number) > enough),
      'all of them send',
    );
    const before = now();
    server.child.kill('SIGTERM');
    expect(await server.end()).toBe(0);
    Atomics.store(counts, SENDERS.length, 1);
    Atomics.notify(counts, SENDERS.length);
    expect(await Promise.all(ends)).toEqual([0, 0, 0]);
    const last = server.log.at(-1);
    expect(last).toMatchObject({ msg: 'stopped', undelivered: 0 });
    const totals = SENDERS.map(({ kind }) => server.total(`load.${kind}`));
    for (const [i, { kind, packets }] of SENDERS.entries()) {
      // It may have taken more than there was at the signal, and never more than was sent: the sender does not know
      // how much of its last call to a stream was taken.
      expect(totals[i], kind).toBeGreaterThanOrEqual(before[i] as number);
      expect(totals[i], kind).toBeLessThanOrEqual((now()[i] as number) + packets);
    }
    expect(last?.receivedPackets).toBe(totals.reduce((sum, total) => sum + total, 0));
    expect(last?.delivered).toMatchObject({ file: expect.any(Number) });
  });
});

it.each([
  1, 2, 3, 4, 5,
])('takes all that a sender with pauses of 0.2 ms got rid of over Unix, stop %i', async () => {
  await withServer({ unix: true }, async (server) => {
    const counts = new Int32Array(new SharedArrayBuffer(8));
    const target = { kind: 'unix', path: server.socketPath };
    const workerData = { kind: 'gram', index: 0, counts, target, packets: 1, pauseMs: 0.2 };
    const worker = new Worker(new URL('../support/processes/load-sender.mjs', import.meta.url), {
      workerData,
    });
    const ended = new Promise<number>((resolve) => worker.once('exit', resolve));
    await server.until(() => Atomics.load(counts, 0) > 500, 'it sends');
    expect(await server.stop()).toBe(0);
    // The sender ends by itself: it is told that nobody receives.
    expect(await ended).toBe(0);
    expect(server.total('load.gram')).toBe(Atomics.load(counts, 0));
  });
});
