/** The loop at a real Unix socket, with a shard that only notes what it is given. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlWord, makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import { openUnixSocket } from '../sockets/unix-socket.ts';
import { loadLibc, MSG_DONTWAIT, SOCK_DGRAM } from '../system/libc.ts';
import { AF_UNIX, sockaddrUnix } from '../system/sockaddr.ts';
import { systemClock } from '../thread/clock.ts';
import type { ListenerShard } from '../thread/listener-shard.ts';
import { type DatagramLoop, runDatagramLoop } from './datagram-loop.ts';
import { LookAhead } from './look-ahead.ts';
import { ReceiveSlots } from './receive-slots.ts';

const SLOT_BYTES = 8192;
const libc = loadLibc();
let directory: string;
let runs = 0;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'whippet-loop-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

interface Run {
  /** What a full socket did not take. */
  readonly refused: number;
  /** How many packets each call of the shard was given. */
  readonly shares: number[];
}

interface Client {
  readonly packets: readonly string[];
  /** How many it sends before the loop receives, and how many while one of them is processed. */
  readonly first: number;
  readonly perPacket: number;
}

/** A client that never waits, and a loop that ends when everything has been sent and processed. */
function run({ packets, first, perPacket }: Client, slotCount = 256, looksAgain = true): Run {
  const path = join(directory, `${runs++}.sock`);
  const { fd } = openUnixSocket(libc, path, 0);
  const client = libc.socket(AF_UNIX, SOCK_DGRAM);
  libc.connect(client, sockaddrUnix(path));
  const control = new ControlWord(makeControlBuffer());
  const size = slotCount * (SLOT_BYTES + 256) + 65_536;
  const memory = Buffer.alloc(size);
  let taken = 0;
  const takeRegion = (bytes: number): number => {
    const at = taken;
    taken = Math.ceil((taken + bytes) / 64) * 64;
    return at;
  };
  const slots = new ReceiveSlots(libc, slotCount, SLOT_BYTES, takeRegion, () => memory);
  const waiting = [...packets];
  const sent: string[] = [];
  let refused = 0;
  const send = (count: number): void => {
    for (const text of waiting.splice(0, count)) {
      const bytes = Buffer.from(text, 'latin1');
      if (libc.send(client, libc.address(bytes), bytes.length, MSG_DONTWAIT) < 0) refused++;
      else sent.push(text);
    }
  };
  const processed: string[] = [];
  const shares: number[] = [];
  const shard = {
    hasBacklog: false,
    takeBatch: (_: ReceiveSlots, first: number, count: number): void => {
      shares.push(count);
      for (let i = first; i < first + count; i++)
        processed.push(memory.toString('latin1', slots.slotPtr(i), slots.slotPtr(i) + slots.length(i)));
      send(count * perPacket);
    },
    // Nothing is in the socket: whatever is left is sent at once.
    passTime: () => send(first),
    finish: () => undefined,
  } as unknown as ListenerShard;
  send(first);
  const loop: DatagramLoop = {
    libc,
    fd,
    older: [],
    isBorrowed: false,
    slots,
    shard,
    warmUp: { isPending: false, step: () => undefined },
    control,
    clock: systemClock(libc),
    limiter: undefined,
    forwarder: undefined,
    moderation: undefined,
    lookAhead: looksAgain ? new LookAhead() : undefined,
    onAttention: () => undefined,
    findOrigins: undefined,
    afterBatch: () => {
      if (waiting.length === 0 && processed.length === sent.length) control.requestStop();
    },
  };
  try {
    runDatagramLoop(loop);
  } finally {
    libc.close(client);
    libc.close(fd);
  }
  expect(processed).toEqual(sent);
  expect(control.counters.get('receiveCalls')).toBeGreaterThan(0);
  return { refused, shares };
}

const numbered = (count: number, bytes: number): string[] =>
  Array.from({ length: count }, (_, i) => `${i}:`.padEnd(bytes, 'x'));

describe('a client of a Unix socket that never waits', () => {
  it('loses nothing of a burst that comes twice as fast as it is processed', () => {
    const client = { packets: numbered(100, 2000), first: 10, perPacket: 2 };
    expect(run(client).refused).toBe(0);
    // Where the queue has the kernel's usual length, the same client loses some when the socket is not looked at meanwhile.
    const queue = Number(readFileSync('/proc/sys/net/unix/max_dgram_qlen', 'utf8'));
    if (queue <= 10) expect(run(client, 256, false).refused).toBeGreaterThan(8);
  });

  it('is processed in shares while there are more packets, and a single packet at once', () => {
    const sharesOf = (packets: readonly string[]) => run({ packets, first: 10, perPacket: 0 }).shares;
    expect(sharesOf(numbered(1, 100))).toEqual([1]);
    expect(sharesOf(numbered(8, 8000))).toEqual(Array.from({ length: 8 }, () => 1));
    expect(sharesOf(numbered(10, 10))).toEqual([8, 2]);
  });

  it('does not keep a batch from ending', () => {
    const { shares } = run({ packets: numbered(400, 8000), first: 10, perPacket: 1 });
    expect(shares).toHaveLength(400);
  });
});

it('is looked ahead in for bursts, and in few batches of a load that lasts', () => {
  const ahead = new LookAhead();
  let now = 1_700_000_000;
  /** In how many of so many batches, spread over so many seconds, the socket is looked at again. */
  const count = (batches: number, seconds: number, packets = 10): number => {
    let looked = 0;
    for (let i = 0; i < batches; i++) {
      now += seconds / batches;
      if (ahead.begins(packets, now)) looked++;
    }
    return looked;
  };
  expect(count(1000, 0)).toBe(32);
  const lasting = count(400_000, 10);
  expect(lasting).toBeGreaterThan(4_900);
  expect(lasting).toBeLessThan(5_100);
  expect(count(400, 1)).toBe(400);
  expect(count(10, 1, 1)).toBe(0);
  now -= 3600;
  expect(count(1000, 0)).toBeLessThanOrEqual(32);
  expect(count(400, 1)).toBe(400);
});

it('every packet is processed once and in order, whatever comes when, and however few slots there are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: SLOT_BYTES }), { minLength: 1, maxLength: 200, size: 'max' }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 1, max: 300 }),
      fc.boolean(),
      (sizes, first, perPacket, slotCount, looksAgain) => {
        const packets = sizes.map((bytes, i) => `${i}:`.padEnd(bytes, 'y').slice(0, bytes));
        run({ packets, first, perPacket }, slotCount, looksAgain);
      },
    ),
    { numRuns: 15 },
  );
});
