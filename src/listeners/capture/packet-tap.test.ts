import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PacketSource, readSegment, UNKNOWN_SOURCE } from '../../lib/packet-segment.ts';
import type { CapturedMessage } from '../../model/views/captured.ts';
import { PacketTap } from './packet-tap.ts';

/** A tap on a memory of its own, and what it said. */
class Tapped {
  readonly memory = Buffer.alloc(4096);
  readonly messages: CapturedMessage[] = [];
  readonly tap = new PacketTap(
    { postMessage: (message) => void this.messages.push(message) },
    () => this.memory,
  );

  take(text: string, seconds: number, source: PacketSource = UNKNOWN_SOURCE, ptr = 64): void {
    this.memory.write(text, ptr, 'latin1');
    this.tap.take(ptr, text.length, seconds, false, source);
  }

  /** Texts of all messages, and forgets them. */
  texts(): string[] {
    return this.messages
      .splice(0)
      .flatMap(({ segments }) => segments)
      .flatMap(({ buffer, length }) => [...readSegment(buffer, length)])
      .map(({ payload }) => Buffer.from(payload).toString('latin1'));
  }
}

const bytesPerSecond = 1e9;
const start = { do: 'start', segmentBytes: 1024, segmentsMax: 2, bytesPerSecond } as const;

describe('a live capture', () => {
  it('sends what is 100 ms old, and the rest when it stops', () => {
    const tapped = new Tapped();
    expect(tapped.tap.isOn).toBe(false);
    tapped.tap.accept(start);
    expect(tapped.tap.isOn).toBe(true);
    tapped.tap.flush(100);
    tapped.take('a:1|c', 100.01);
    tapped.tap.flush(100.05);
    expect(tapped.messages).toEqual([]);
    tapped.tap.flush(100.2);
    expect(tapped.texts()).toEqual(['a:1|c']);
    tapped.take('b:1|c', 100.3);
    tapped.tap.accept({ do: 'stop', request: 7 });
    expect(tapped.messages.map(({ of, isLast }) => [of, isLast])).toEqual([
      ['live', false],
      [7, true],
    ]);
    expect(tapped.texts()).toEqual(['b:1|c']);
    expect(tapped.tap.isOn).toBe(false);
  });

  it('keeps who sent a packet, and when', () => {
    const tapped = new Tapped();
    tapped.tap.accept(start);
    const peer = Buffer.from('10.0.0.1:5');
    tapped.take('a:1|c', 1_700_000_000.25, { pid: 7, uid: 8, gid: 9, listener: 3, peer, isSockaddr: true });
    tapped.tap.accept({ do: 'stop', request: 1 });
    const [segment] = tapped.messages[0]?.segments ?? [];
    const [packet] = segment === undefined ? [] : readSegment(segment.buffer, segment.length);
    expect(packet).toMatchObject({
      seconds: 1_700_000_000.25,
      pid: 7,
      uid: 8,
      gid: 9,
      listener: 3,
      isSockaddr: true,
    });
    expect(Buffer.from(packet?.peer ?? []).toString()).toBe('10.0.0.1:5');
  });

  it('counts what does not fit while nobody says that segments are written, and goes on when somebody does', () => {
    const tapped = new Tapped();
    tapped.tap.accept(start);
    // A segment of 1,024 bytes holds ten packets of 60 bytes with their headers; there are two.
    for (let i = 0; i < 30; i++) tapped.take(`x${String(i).padStart(59, '0')}`, 1);
    tapped.tap.flush(2);
    const sent = tapped.messages.flatMap(({ segments }) => segments);
    const dropped = tapped.messages.reduce((sum, { droppedPackets }) => sum + droppedPackets, 0);
    const kept = sent.reduce((sum, { packets }) => sum + packets, 0);
    expect(sent).toHaveLength(2);
    expect([kept, dropped]).toEqual([20, 10]);
    tapped.messages.length = 0;
    tapped.tap.accept({ do: 'written', buffers: sent.map(({ buffer }) => buffer) });
    tapped.take('a:1|c', 3);
    tapped.tap.flush(4);
    const again = tapped.messages.flatMap(({ segments }) => segments);
    expect(sent.map(({ buffer }) => buffer)).toContain(again[0]?.buffer);
    expect(tapped.texts()).toEqual(['a:1|c']);
  });

  it('copies so much of a tenth of a second, counts the rest, and goes on in the next', () => {
    const tapped = new Tapped();
    tapped.tap.accept({ do: 'start', segmentBytes: 65_536, segmentsMax: 8, bytesPerSecond: 1840 });
    // 60 bytes and 32 of the header: two fit into a tenth of a second.
    const packet = (i: number): string => `x${String(i).padStart(59, '0')}`;
    for (let i = 0; i < 5; i++) tapped.take(packet(i), 10);
    expect(tapped.tap.isSpent(10.05)).toBe(true);
    tapped.tap.leaveOut(7, 700);
    tapped.take(packet(5), 10.1);
    tapped.tap.accept({ do: 'stop', request: 1 });
    const [live] = tapped.messages;
    expect(live).toMatchObject({ droppedPackets: 10, droppedBytes: 880 });
    expect(tapped.texts()).toEqual([packet(0), packet(1), packet(5)]);
  });

  it('copies every packet as it is, whatever its length and place', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary-ascii', minLength: 0, maxLength: 500 }), fc.nat(1000)), {
          maxLength: 60,
        }),
        (packets) => {
          const tapped = new Tapped();
          tapped.tap.accept({ do: 'start', segmentBytes: 65_536, segmentsMax: 8, bytesPerSecond });
          for (const [text, ptr] of packets) tapped.take(text, 1, UNKNOWN_SOURCE, ptr);
          tapped.tap.accept({ do: 'stop', request: 1 });
          expect(tapped.texts()).toEqual(packets.map(([text]) => text));
        },
      ),
    );
  });
});

describe('the ring', () => {
  it('keeps the last packets and forgets an eighth at a time', () => {
    const tapped = new Tapped();
    tapped.tap.accept({ do: 'ring', bytes: 8 * 1024, bytesPerSecond });
    for (let i = 0; i < 500; i++) tapped.take(`x${String(i).padStart(59, '0')}`, i);
    expect(tapped.messages).toEqual([]);
    tapped.tap.accept({ do: 'dump', request: 3 });
    const numbers = tapped.texts().map((text) => Number(text.slice(1)));
    expect(numbers.at(-1)).toBe(499);
    expect(numbers.length).toBeGreaterThan(70);
    expect(numbers.length).toBeLessThanOrEqual(90);
    expect(numbers).toEqual(Array.from(numbers, (_, i) => 500 - numbers.length + i));
  });

  it('begins anew after it was saved, and ends when it is turned off', () => {
    const tapped = new Tapped();
    tapped.tap.accept({ do: 'ring', bytes: 8192, bytesPerSecond });
    tapped.take('a:1|c', 1);
    tapped.tap.accept({ do: 'dump', request: 1 });
    tapped.take('b:1|c', 2);
    tapped.tap.accept({ do: 'dump', request: 2 });
    expect(tapped.texts()).toEqual(['a:1|c', 'b:1|c']);
    tapped.tap.accept({ do: 'ring', bytes: 0, bytesPerSecond });
    expect(tapped.tap.isOn).toBe(false);
    tapped.tap.accept({ do: 'dump', request: 3 });
    expect(tapped.messages).toMatchObject([{ of: 3, segments: [], isLast: true }]);
  });

  it('says what it left out of the time it holds, and not of the time before', () => {
    const tapped = new Tapped();
    tapped.tap.accept({ do: 'ring', bytes: 8 * 1024, bytesPerSecond: 5000 });
    // Of 60 packets of 92 bytes a tenth of a second takes six; an eighth of the ring has room for eleven.
    for (let i = 0; i < 6000; i++) tapped.take('x'.repeat(60), Math.floor(i / 60) / 10);
    tapped.tap.accept({ do: 'dump', request: 1 });
    const [message] = tapped.messages;
    const kept = message?.segments.reduce((sum, { packets }) => sum + packets, 0) ?? 0;
    expect(kept).toBeGreaterThan(70);
    expect((message?.droppedPackets ?? 0) / kept).toBeCloseTo(54 / 6, -0.5);
    expect(message?.droppedBytes).toBe(60 * (message?.droppedPackets ?? 0));
    tapped.tap.accept({ do: 'dump', request: 2 });
    expect(tapped.messages[1]).toMatchObject({ segments: [], droppedPackets: 0 });
  });

  it('counts a packet longer than an eighth of it', () => {
    const tapped = new Tapped();
    tapped.tap.accept({ do: 'ring', bytes: 1024, bytesPerSecond });
    tapped.take('x'.repeat(300), 1);
    tapped.tap.accept({ do: 'dump', request: 1 });
    expect(tapped.messages).toMatchObject([{ droppedPackets: 1, droppedBytes: 300 }]);
  });
});
