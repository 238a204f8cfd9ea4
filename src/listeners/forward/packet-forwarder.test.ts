import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { ownPort } from '../../../test/support/own-port.ts';
import { ControlWord, makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import { FORWARD_FAILURES } from '../../telemetry/counters/forward-counters.ts';
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';
import { EAGAIN, ECONNREFUSED, EMSGSIZE, type Libc, loadLibc } from '../system/libc.ts';
import { BatchPacketForwarder, type PacketForwarder, wholeLines } from './packet-forwarder.ts';
import { PortablePacketForwarder } from './portable-packet-forwarder.ts';

const ENETUNREACH = 101;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const newCounters = (): ShardCounters => new ControlWord(makeControlBuffer()).counters;

/** Counters that are not 0. */
function counted(counters: ShardCounters): Record<string, number> {
  const names = [
    'forwardedPackets',
    'forwardedBytes',
    'forwardRefusals',
    ...FORWARD_FAILURES.map((reason) => `forward:${reason}` as const),
  ] as const;
  return Object.fromEntries(
    names.flatMap((name) => (counters.get(name) === 0 ? [] : [[name, counters.get(name)]])),
  );
}

class Target {
  readonly got: Buffer[] = [];
  readonly socket: Socket;
  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', (packet) => this.got.push(packet));
    closing.push(() => socket.close());
  }

  static async open(host: string): Promise<Target> {
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 << 20 });
    socket.bind(0, host);
    await once(socket, 'listening');
    return new Target(socket);
  }

  get port(): number {
    return this.socket.address().port;
  }

  async until(packets: number): Promise<void> {
    while (this.got.length < packets) await once(this.socket, 'message');
  }
}

/** Puts packets into memory one behind the other and hands them on. */
function forwardAll(
  forwarder: PacketForwarder,
  memory: Buffer,
  packets: readonly (string | Buffer)[],
  truncated = false,
): void {
  let at = 0;
  for (const packet of packets) {
    const bytes = Buffer.from(packet as string, 'latin1');
    bytes.copy(memory, at);
    forwarder.add(at, bytes.length, truncated);
    at += bytes.length;
  }
  forwarder.flush();
}

const MEMORY_BYTES = 1 << 20;
type Made = {
  readonly forwarder: PacketForwarder;
  readonly counters: ShardCounters;
  readonly memory: Buffer;
};

const KINDS: readonly (readonly [string, () => Made])[] = [
  [
    'in batches',
    () => {
      const memory = Buffer.from(new SharedArrayBuffer(MEMORY_BYTES));
      const counters = newCounters();
      const forwarder = new BatchPacketForwarder({ libc: loadLibc(), memory: () => memory, counters });
      closing.push(() => forwarder.close());
      return { forwarder, counters, memory };
    },
  ],
  [
    'through Node',
    () => {
      const memory = Buffer.alloc(MEMORY_BYTES);
      const counters = newCounters();
      const forwarder = new PortablePacketForwarder(() => memory, counters);
      closing.push(() => forwarder.close());
      return { forwarder, counters, memory };
    },
  ],
];

describe.runIf(process.platform === 'linux').each(KINDS)('a forwarder %s', (name, make) => {
  it.each(['127.0.0.1', '::1'])('sends packets on unchanged and in order to %s', async (host) => {
    const target = await Target.open(host);
    const { forwarder, counters, memory } = make();
    forwarder.aim({ host, port: target.port });
    const packets = [
      'a.b:1|c',
      '',
      'x\ny\n',
      Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
      'no sense',
    ];
    forwardAll(forwarder, memory, packets);
    const more = Array.from({ length: 200 }, (_, i) => `more.${i}:1|c|#a:b`);
    forwardAll(forwarder, memory, more);
    await target.until(205);
    const want = [...packets, ...more].map((packet) => Buffer.from(packet as string, 'latin1'));
    expect(target.got.map(String)).toEqual(want.map(String));
    expect(Buffer.concat(target.got).equals(Buffer.concat(want))).toBe(true);
    expect(counted(counters)).toEqual({
      forwardedPackets: 205,
      forwardedBytes: want.reduce((sum, { length }) => sum + length, 0),
    });
  });

  it('sends the longest datagram and no longer one', async () => {
    const target = await Target.open('127.0.0.1');
    const { forwarder, counters, memory } = make();
    forwarder.aim({ host: '127.0.0.1', port: target.port });
    forwardAll(forwarder, memory, ['x'.repeat(65_508), 'y'.repeat(65_507)]);
    await target.until(1);
    expect(target.got.map(({ length }) => length)).toEqual([65_507]);
    expect(counted(counters)).toEqual({
      forwardedPackets: 1,
      forwardedBytes: 65_507,
      'forward:too_long': 1,
    });
  });

  it('sends the whole lines of a packet that was cut', async () => {
    const target = await Target.open('127.0.0.1');
    const { forwarder, counters, memory } = make();
    forwarder.aim({ host: '127.0.0.1', port: target.port });
    forwardAll(forwarder, memory, ['a:1|c\nb:12', 'no line end', ''], true);
    await target.until(1);
    expect(String(target.got[0])).toBe('a:1|c\n');
    expect(counted(counters)).toEqual({ forwardedPackets: 1, forwardedBytes: 6, 'forward:truncated': 2 });
  });

  it('counts what comes while there is no address, and follows a new one', async () => {
    const [first, second] = [await Target.open('127.0.0.1'), await Target.open('::1')];
    const { forwarder, counters, memory } = make();
    forwarder.aim(undefined);
    forwardAll(forwarder, memory, ['lost', 'lost']);
    forwarder.aim({ host: '127.0.0.1', port: first.port });
    forwardAll(forwarder, memory, ['one']);
    forwarder.aim({ host: '::1', port: second.port });
    forwardAll(forwarder, memory, ['two']);
    await first.until(1);
    await second.until(1);
    expect([String(first.got[0]), String(second.got[0])]).toEqual(['one', 'two']);
    expect(counted(counters)).toEqual({ forwardedPackets: 2, forwardedBytes: 6, 'forward:unresolved': 2 });
  });

  it('counts an address that cannot be reached', async () => {
    const { forwarder, counters, memory } = make();
    // A socket that was not told so may not broadcast.
    forwarder.aim({ host: '255.255.255.255', port: 9 });
    forwardAll(forwarder, memory, ['a', 'b', 'c']);
    while (Object.keys(counted(counters)).length === 0 || counters.get('forward:unreachable') < 3)
      await new Promise((resolve) => setImmediate(resolve));
    expect(counted(counters)).toEqual({ 'forward:unreachable': 3 });
  });

  it('is not held up by a target that does not read', async () => {
    const target = await Target.open('127.0.0.1');
    const { forwarder, counters, memory } = make();
    forwarder.aim({ host: '127.0.0.1', port: target.port });
    target.socket.setRecvBufferSize(4096);
    const packets = Array.from({ length: 1000 }, () => 'x'.repeat(1000));
    // Nothing is read before this test gives the event loop time.
    forwardAll(forwarder, memory, packets);
    if (name === 'in batches') expect(counted(counters).forwardedPackets).toBe(1000);
    while (counters.get('forwardedPackets') < 1000) await new Promise((resolve) => setImmediate(resolve));
    expect(counted(counters)).toEqual({ forwardedPackets: 1000, forwardedBytes: 1_000_000 });
  });
});

describe.runIf(process.platform === 'linux')('a forwarder whose target refuses', () => {
  it('gives most of a batch up, accounts for all of it, and finds a target that comes back', async () => {
    const port = await ownPort();
    const memory = Buffer.from(new SharedArrayBuffer(MEMORY_BYTES));
    const counters = newCounters();
    const forwarder = new BatchPacketForwarder({ libc: loadLibc(), memory: () => memory, counters });
    closing.push(() => forwarder.close());
    forwarder.aim({ host: '127.0.0.1', port });
    for (let i = 0; i < 10; i++)
      forwardAll(
        forwarder,
        memory,
        Array.from({ length: 64 }, () => 'x'),
      );
    const { forwardedPackets = 0, forwardRefusals = 0, 'forward:refused': refused = 0 } = counted(counters);
    expect(forwardedPackets + refused).toBe(640);
    expect(refused).toBeGreaterThan(500);
    expect(forwardRefusals).toBeGreaterThan(10);

    const socket = createSocket('udp4');
    closing.push(() => socket.close());
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    const before = counters.get('forward:refused');
    const arrived = once(socket, 'message');
    forwardAll(
      forwarder,
      memory,
      Array.from({ length: 64 }, () => 'back'),
    );
    expect(String((await arrived)[0])).toBe('back');
    expect(counters.get('forward:refused')).toBe(before);
  });
});

describe('a forwarder and a kernel', () => {
  /** A libc whose sendmmsg gives one answer after the other; then it takes everything. */
  function forwarderOver(answers: readonly number[]) {
    const memory = Buffer.alloc(1024);
    const counters = newCounters();
    const left = [...answers];
    let calls = 0;
    let sockets = 0;
    const real = process.platform === 'linux' ? loadLibc() : undefined;
    const libc = {
      address: (view: ArrayBufferView) => real?.address(view) ?? 0,
      socket: () => ++sockets,
      setOption: () => undefined,
      connect: () => undefined,
      close: () => undefined,
      sendmmsg: (_fd: number, _headers: number | bigint, count: number) => {
        calls++;
        return Math.min(left.shift() ?? count, count);
      },
    } as unknown as Libc;
    const forwarder = new BatchPacketForwarder({ libc, memory: () => memory, counters });
    forwarder.aim({ host: '127.0.0.1', port: 1 });
    return { forwarder, memory, counters, calls: () => calls, sockets: () => sockets };
  }
  const run = (answers: readonly number[], packets: number) => {
    const made = forwarderOver(answers);
    forwardAll(
      made.forwarder,
      made.memory,
      Array.from({ length: packets }, () => ''),
    );
    return { ...counted(made.counters), calls: made.calls() };
  };

  it('gives up the rest of a batch when the send buffer is full', () => {
    expect(run([3, -EAGAIN], 10)).toEqual({ forwardedPackets: 3, 'forward:would_block': 7, calls: 2 });
  });

  it('skips a packet that is too long for the way', () => {
    expect(run([-EMSGSIZE, 2, -EMSGSIZE], 5)).toEqual({
      forwardedPackets: 3,
      'forward:too_long': 2,
      calls: 4,
    });
  });

  it('tries again after a refusal of an earlier packet', () => {
    expect(run([-ECONNREFUSED], 5)).toEqual({ forwardedPackets: 5, forwardRefusals: 1, calls: 2 });
    expect(run([2], 5)).toEqual({ forwardedPackets: 5, forwardRefusals: 1, calls: 2 });
  });

  it('makes another socket when the way is lost, not more than one a second', () => {
    const made = forwarderOver([-ENETUNREACH, -ENETUNREACH, -ENETUNREACH]);
    for (let i = 0; i < 3; i++) forwardAll(made.forwarder, made.memory, ['', '']);
    expect(counted(made.counters)).toEqual({ 'forward:unreachable': 6 });
    expect(made.sockets()).toBe(1);
  });

  it('loses track of no packet, whatever the kernel answers', () => {
    const answer = fc.oneof(
      fc.integer({ min: 1, max: 64 }),
      fc.constantFrom(-EAGAIN, -ECONNREFUSED, -EMSGSIZE, -ENETUNREACH),
    );
    fc.assert(
      fc.property(
        fc.array(answer, { maxLength: 200 }),
        fc.integer({ min: 0, max: 200 }),
        (answers, packets) => {
          const { forwardRefusals: _, calls, ...outcomes } = run(answers, packets) as Record<string, number>;
          expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(packets);
          expect(calls).toBeLessThanOrEqual(2 * packets + 8);
        },
      ),
    );
  });
});

describe('the whole lines of a cut packet', () => {
  it('end with its last line feed', () => {
    const memory = Buffer.from('..a\nbc\nd..');
    expect(wholeLines(memory, 2, 6)).toBe(5);
    expect(wholeLines(memory, 2, 5)).toBe(5);
    expect(wholeLines(memory, 2, 4)).toBe(2);
    expect(wholeLines(memory, 2, 1)).toBe(0);
    expect(wholeLines(memory, 4, 2)).toBe(0);
    expect(wholeLines(memory, 2, 0)).toBe(0);
  });
});
