/**
 * The ledger of a running server: it adds up whenever it is read, and knows what the kernel dropped.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BatchSender } from '../../src/listeners/system/send-batch.ts';
import { totalsIn } from '../support/ledger.ts';
import { packetsOf } from '../support/packets.ts';
import { type ServerProcess, withServer } from '../support/processes/server-process.ts';

const STOPPED_MS = 1000;

/** Sends the packets again and again over UDP for a time; how many there were. */
async function sendFor(server: ServerProcess, packets: readonly string[], ms: number): Promise<number> {
  const sender = new BatchSender({ kind: 'udp', host: '127.0.0.1', port: server.udpPort });
  try {
    for (const end = performance.now() + ms; performance.now() < end; await sleep(5))
      sender.send(packetsOf(packets));
    return sender.packets;
  } finally {
    sender.close();
  }
}

describe('what the kernel drops', () => {
  it.each([
    ['with system calls', {}, 'so_meminfo'],
    ['in portable mode', { 'listeners.portable': true }, 'proc_net_udp'],
  ])('is sent minus received, exactly, when the receiver stands still for a second, %s', async (_, set, source) => {
    await withServer({ set }, async (server) => {
      server.child.kill('SIGSTOP');
      const packets = Array.from({ length: 200 }, (_, i) => `stopped:1|c|#i:${i % 10}`);
      const sent = await sendFor(server, packets, STOPPED_MS);
      server.child.kill('SIGCONT');
      await server.until(async () => {
        const report = await server.ledger();
        const dropped = report.listeners[0]?.kernel?.droppedPackets ?? 0;
        return totalsIn(report, 'listener', 'udp', 'packets').accepted + dropped >= sent;
      }, 'all that the kernel kept is processed');
      const report = await server.ledger();
      const { received } = totalsIn(report, 'listener', 'udp', 'packets');
      const kernel = report.listeners[0]?.kernel;
      expect(kernel?.droppedPackets).toBe(sent - received);
      expect(kernel?.droppedPackets).toBeGreaterThan(0);
      expect(kernel).toMatchObject({ source, queuedBytes: 0 });
      expect(report.losses).toContainEqual(
        expect.objectContaining({ stage: 'kernel', name: 'udp', count: sent - received }),
      );
      expect(await server.metric('whippet_kernel_packets_dropped_total{listener="udp"}')).toBe(
        sent - received,
      );
      await server.stop();
      expect(server.total('stopped')).toBe(received);
    });
  });
});

/** Reads of the ledger while messages come. */
const READS_MIN = 4;

describe('the ledger', () => {
  it('adds up whenever it is read, under load of every kind of message', async () => {
    const set = {
      metric_filterlist: '["out.filtered"]',
      dogstatsd_workers_count: 2,
      dogstatsd_buffer_size: 512,
    };
    await withServer({ unix: true, set }, async (server) => {
      let round = 0;
      let reads = 0;
      const end = performance.now() + 1500;
      const isReading = (): boolean => performance.now() < end || reads < READS_MIN;
      const reading = (async () => {
        while (isReading()) {
          await server.ledger();
          reads++;
        }
      })();
      const sender = new BatchSender({ kind: 'unix', path: server.socketPath });
      try {
        for (; isReading(); await sleep(1))
          sender.send(packetsOf(Array.from({ length: 20 }, () => mixedPacket(round++))));
      } finally {
        sender.close();
      }
      await reading;
      await server.until(async () => {
        const report = await server.ledger();
        const { accepted, dropped } = totalsIn(report, 'listener', 'unixgram', 'packets');
        const { held } = totalsIn(report, 'listener', 'unixgram', 'messages');
        return accepted + dropped === sender.packets && held === 0;
      }, 'all packets are processed, and their messages');
      const report = await server.ledger();
      // Seven lines a packet, of which one is empty; every tenth packet is too long and has a cut line.
      const long = Math.ceil(round / 10);
      expect(totalsIn(report, 'listener', 'unixgram', 'packets')).toMatchObject({
        ...{ received: round, accepted: round - long, dropped: long },
      });
      const messages = totalsIn(report, 'listener', 'unixgram', 'messages');
      expect(messages).toMatchObject({
        received: 6 * round + long,
        rejected: round,
        filtered: round,
        held: 0,
      });
      // An event or check that finds the queue of the control thread full is dropped; a busy machine has many of them.
      expect(messages.accepted + messages.dropped).toBe(4 * round + long);
      expect(messages.dropped).toBeGreaterThanOrEqual(round + long);
      expect(totalsIn(report, 'listener', 'unixgram', 'values')).toMatchObject({
        received: 4 * round,
        accepted: 3 * round,
        dropped: round,
      });
    });
  });
});

/** One metric with two values, one of them not a number; an event; a bad line, a filtered one, one that cannot be. */
function mixedPacket(round: number): string {
  const lines = [
    `in.count:1:2:3:nan|c|#round:${round % 1000}`,
    '_e{5,4}:title|text',
    'bad line',
    'out.filtered:1|c',
    '',
    'out.timestamped:1|h|T1700000000',
    '_sc|db.up|0',
  ];
  if (round % 10 !== 0) return lines.join('\n');
  return `${lines.join('\n')}\nlong:${'1'.repeat(600)}|c`;
}
