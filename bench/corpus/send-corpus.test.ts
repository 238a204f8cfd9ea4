import { describe, expect, it } from 'vitest';
import { LimitReceiver } from '../limit-receiver.ts';
import { buildCorpus } from './corpus.ts';
import { CorpusSender } from './send-corpus.ts';
import { SHAPES } from './shapes.ts';

/** Small enough to wait in the receive buffer: sender and receiver share this thread. */
const SMALL = { seed: 3, bytes: 32_768, packetBytesMax: 1_432 };

describe.runIf(process.platform === 'linux')('CorpusSender and LimitReceiver', () => {
  const send = (order: { passes?: number; seconds?: number; packetsPerSecond?: number }) => {
    const any = { kind: 'udp', host: '127.0.0.1', port: 0 } as const;
    const receiver = new LimitReceiver({ destination: any, receiveBufferBytes: 4 << 20 });
    try {
      const destination = { ...any, port: receiver.port };
      const sent = new CorpusSender(buildCorpus(SHAPES.prod, SMALL)).send({ ...order, destination });
      return { sent, received: receiver.receiveUntilIdle() };
    } finally {
      receiver.close();
    }
  };

  it('receive what the totals announce', () => {
    const { sent, received } = send({ passes: 2 });
    expect(sent.failure).toBe('');
    expect(received).toEqual({ packets: sent.totals.packets, bytes: sent.totals.bytes });
    expect(sent.totals.packets).toBeGreaterThan(20);
  });

  it('keep to the rate', () => {
    const { sent, received } = send({ passes: 2, packetsPerSecond: 500 });
    expect(sent.seconds).toBeGreaterThanOrEqual(received.packets / 500 - 0.001);
  });

  it('send nothing of a churn twice, also where an order ended within the corpus', () => {
    const corpus = buildCorpus(SHAPES.churn, { ...SMALL, bytes: 1 << 20 });
    const sender = new CorpusSender(corpus);
    const values = (): string[] => {
      const { bytes, offsets, lengths } = corpus.packets;
      const text = Array.from(offsets, (at, i) =>
        Buffer.from(bytes.subarray(at, at + (lengths[i] as number))).toString('latin1'),
      ).join('\n');
      return text.match(/churn:\d+-\d+/g) ?? [];
    };
    const any = { kind: 'udp', host: '127.0.0.1', port: 0 } as const;
    const receiver = new LimitReceiver({ destination: any, receiveBufferBytes: 4 << 20 });
    try {
      const destination = { ...any, port: receiver.port };
      const sent: string[][] = [];
      // None of them reaches the end of the corpus: the time of each is over after a few packets.
      for (let order = 0; order < 3; order++) {
        sender.send({ seconds: 0.001, packetsPerSecond: 1_000, destination });
        sent.push(values());
      }
      expect(sent[0]?.length).toBeGreaterThan(10);
      expect(new Set(sent.flat()).size).toBe(sent.flat().length);
    } finally {
      receiver.close();
    }
  });

  it('count no time in which the next pass is prepared', () => {
    const corpus = buildCorpus(SHAPES.prod, SMALL);
    corpus.turnPage = () => {
      const until = performance.now() + 30;
      while (performance.now() < until);
    };
    const any = { kind: 'udp', host: '127.0.0.1', port: 0 } as const;
    const receiver = new LimitReceiver({ destination: any, receiveBufferBytes: 4 << 20 });
    try {
      const startedAt = performance.now();
      const { seconds } = new CorpusSender(corpus).send({
        ...{ passes: 3, packetsPerSecond: 10_000 },
        destination: { ...any, port: receiver.port },
      });
      expect((performance.now() - startedAt) / 1000 - seconds).toBeGreaterThanOrEqual(0.089);
    } finally {
      receiver.close();
    }
  });

  it('end in time', () => {
    const { sent } = send({ seconds: 0.02, packetsPerSecond: 2_000 });
    expect(sent.seconds).toBeGreaterThanOrEqual(0.02);
    expect(sent.seconds).toBeLessThan(1);
  });

  it('report a receiver that is gone', () => {
    const destination = { kind: 'unix', path: `@whippet-bench-${process.pid}` } as const;
    const sender = new CorpusSender(buildCorpus(SHAPES.prod, SMALL));
    expect(() => sender.send({ passes: 1, destination })).toThrow('ECONNREFUSED');
  });
});
