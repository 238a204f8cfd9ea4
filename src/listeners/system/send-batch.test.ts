import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { ownPort } from '../../../test/support/own-port.ts';
import { EAGAIN, ECONNREFUSED, loadLibc, MSG_DONTWAIT, SOCK_DGRAM } from './libc.ts';
import { MessageVector } from './message-vector.ts';
import {
  BatchSender,
  type Destination,
  formatDestination,
  type PacketList,
  parseDestination,
} from './send-batch.ts';
import { AF_UNIX, sockaddrUnix } from './sockaddr.ts';

function packetList(texts: readonly string[]): PacketList {
  const lengths = Uint32Array.from(texts, (text) => text.length);
  let offset = 0;
  const offsets = lengths.map((length) => {
    offset += length;
    return offset - length;
  });
  return { bytes: Buffer.from(texts.join(''), 'latin1'), offsets, lengths };
}

describe('destination', () => {
  const accepts = (text: string, want: Destination, back = text): void => {
    expect(parseDestination(text)).toEqual(want);
    expect(formatDestination(want)).toBe(back);
  };
  const rejects = (text: string): void => expect(() => parseDestination(text)).toThrow('not a destination');

  it('reads UDP and Unix addresses', () => {
    accepts('udp://127.0.0.1:9125', { kind: 'udp', host: '127.0.0.1', port: 9125 });
    accepts('udp://agent.local', { kind: 'udp', host: 'agent.local', port: 8125 }, 'udp://agent.local:8125');
    accepts('udp://[::1]:8125', { kind: 'udp', host: '::1', port: 8125 });
    accepts('unix:///run/dsd.socket', { kind: 'unix', path: '/run/dsd.socket' });
    accepts(
      'unixgram:///run/dsd.socket',
      { kind: 'unix', path: '/run/dsd.socket' },
      'unix:///run/dsd.socket',
    );
    accepts('unix://@abstract', { kind: 'unix', path: '@abstract' });
  });

  it('rejects everything else', () => {
    rejects('');
    rejects('127.0.0.1:8125');
    rejects('tcp://127.0.0.1:8125');
    rejects('udp://');
    rejects('udp://:8125');
    rejects('udp://a:0');
    rejects('udp://a:65536');
    rejects('udp://::1:8125');
    rejects('unix://');
  });
});

describe.runIf(process.platform === 'linux')('BatchSender', () => {
  const path = `@whippet-send-batch-${process.pid}`;
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  function openSender(destination: Destination, timeoutMs = 50): BatchSender {
    const sender = new BatchSender(destination, { timeoutMs });
    closing.push(() => sender.close());
    return sender;
  }

  /** A Unix datagram socket, and how to take what is queued there. */
  function openReceiver(): { receive: () => string[]; close: () => void } {
    const libc = loadLibc();
    const fd = libc.socket(AF_UNIX, SOCK_DGRAM);
    let open = true;
    const close = (): void => {
      if (open) libc.close(fd);
      open = false;
    };
    closing.push(close);
    libc.bind(fd, sockaddrUnix(path));
    const slots = Buffer.alloc(64 * 64);
    const vector = new MessageVector(libc, 64);
    for (let i = 0; i < 64; i++) vector.setBuffer(i, libc.address(slots) + 64 * i, 64);
    const receive = (): string[] => {
      const received = Math.max(0, libc.recvmmsg(fd, vector.headers, 64, MSG_DONTWAIT));
      return Array.from({ length: received }, (_, i) =>
        slots.toString('latin1', 64 * i, 64 * i + vector.length(i)),
      );
    };
    return { receive, close };
  }

  it('delivers every datagram over UDP in order, over several batches', async () => {
    const receiver: Socket = createSocket('udp4');
    closing.push(() => receiver.close());
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    const texts = Array.from({ length: 150 }, (_, i) => `m${i}:1|c`);
    const arrived: string[] = [];
    const all = new Promise<void>((resolve) => {
      receiver.on('message', (message) => {
        arrived.push(message.toString('latin1'));
        if (arrived.length === texts.length) resolve();
      });
    });
    const sender = openSender({ kind: 'udp', host: '127.0.0.1', port: receiver.address().port });
    expect(sender.send(packetList(texts))).toBe(150);
    await all;
    expect(arrived).toEqual(texts);
    expect(sender.packets).toBe(150);
    expect(sender.bytes).toBe(texts.join('').length);
    sender.noteRefusal();
    expect(sender.refused).toBe(0);
  });

  it('sends a range, and goes on where a full Unix socket stopped it', () => {
    const { receive } = openReceiver();
    const sender = openSender({ kind: 'unix', path });
    const texts = Array.from({ length: 40 }, (_, i) => `packet ${i}`);
    const packets = packetList(texts);
    const arrived: string[] = [];
    let next = 5;
    let stops = 0;
    while (next < 30) {
      next = sender.send(packets, next, 30);
      if (next < 30) expect(sender.stoppedBy).toBe(EAGAIN);
      if (next < 30) stops++;
      arrived.push(...receive());
    }
    expect(stops).toBeGreaterThan(0);
    expect(sender.stoppedBy).toBe(0);
    expect(arrived).toEqual(texts.slice(5, 30));
  });

  it('skips a datagram that is too long and counts it', () => {
    const { receive } = openReceiver();
    const sender = openSender({ kind: 'unix', path });
    const long = 'x'.repeat(4 * 1024 * 1024);
    expect(sender.send(packetList(['a', long, 'b']))).toBe(3);
    expect(sender.oversized).toBe(1);
    expect(sender.packets).toBe(2);
    expect(receive()).toEqual(['a', 'b']);
  });

  it('says that no one listens', async () => {
    expect(() => openSender({ kind: 'unix', path: `${path}-nobody` })).toThrow('ECONNREFUSED');

    const { close } = openReceiver();
    const unix = openSender({ kind: 'unix', path });
    close();
    expect(unix.send(packetList(['a']))).toBe(0);
    expect(unix.stoppedBy).toBe(ECONNREFUSED);

    const udp = openSender({ kind: 'udp', host: '127.0.0.1', port: await ownPort() });
    expect(udp.send(packetList(['a', 'b', 'c']))).toBe(3);
    udp.noteRefusal();
    expect(udp.refused).toBeGreaterThan(0);
  });
});
