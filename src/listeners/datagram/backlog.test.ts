import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backlog } from './backlog.ts';

const REGION = 4096;
const SMALL = 1024;

/** A shard's memory with a backlog in it and a place to put packets. */
function makeBacklog(bytes: number) {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 8, shared: true });
  const view = (): Buffer => Buffer.from(memory.buffer);
  const backlog = new Backlog(view, REGION, bytes);
  const append = (packet: Buffer, origin = 0, at = 0, truncated = false): boolean => {
    view().set(packet, 0);
    return backlog.append(0, packet.length, origin, at, truncated);
  };
  const take = () => {
    const record = backlog.peek();
    if (record === undefined) return undefined;
    const { ptr, length, origin, receivedAt, truncated } = record;
    const packet = Buffer.from(view().subarray(ptr, ptr + length));
    backlog.remove();
    return { packet: packet.toString('latin1'), origin, receivedAt, truncated };
  };
  return { memory, backlog, append, take };
}

describe('a backlog', () => {
  it('gives back what it took, with origin, time and truncation', () => {
    const { append, take } = makeBacklog(SMALL);
    append(Buffer.from('one'), 7, 1_700_000_000.25, false);
    append(Buffer.from('two'), 8, 1_700_000_001.5, true);
    expect(take()).toEqual({ packet: 'one', origin: 7, receivedAt: 1_700_000_000.25, truncated: false });
    expect(take()).toEqual({ packet: 'two', origin: 8, receivedAt: 1_700_000_001.5, truncated: true });
    expect(take()).toBeUndefined();
  });

  it('says what a burst used once it is empty, and forgets it then', () => {
    const { append, take, backlog } = makeBacklog(SMALL);
    expect(backlog.takeUnused()).toBeUndefined();
    append(Buffer.from('one'));
    append(Buffer.from('two'));
    expect(backlog.takeUnused()).toBeUndefined();
    take();
    take();
    expect(backlog.takeUnused()).toEqual({ ptr: REGION, bytes: 64 });
    expect(backlog.takeUnused()).toBeUndefined();
  });

  it('shows the oldest packet as often as it is asked', () => {
    const { append, backlog } = makeBacklog(SMALL);
    append(Buffer.from('one'));
    expect(backlog.peek()?.length).toBe(3);
    expect(backlog.peek()?.length).toBe(3);
    expect(backlog.heldPackets).toBe(1);
  });

  it('takes an empty packet', () => {
    const { append, take, backlog } = makeBacklog(SMALL);
    expect(append(Buffer.alloc(0))).toBe(true);
    expect(backlog.isEmpty).toBe(false);
    expect(take()?.packet).toBe('');
  });

  it('refuses what does not fit and keeps what it has', () => {
    const { append, take, backlog } = makeBacklog(SMALL);
    const packet = Buffer.alloc(100, 'x');
    let taken = 0;
    while (append(packet)) taken++;
    // 1,024 bytes less the padding hold records of 16 + 112 bytes.
    expect(taken).toBe(7);
    expect(backlog.heldBytes).toBe(7 * 128);
    expect(append(Buffer.alloc(2000))).toBe(false);
    for (let i = 0; i < taken; i++) expect(take()?.packet).toBe(packet.toString());
    expect(backlog.heldBytes).toBe(0);
  });

  it('starts again at the front when it is empty', () => {
    const { append, take, backlog } = makeBacklog(SMALL);
    for (let i = 0; i < 50; i++) {
      append(Buffer.alloc(500, i));
      expect(backlog.peek()?.ptr).toBe(REGION + 16);
      take();
    }
  });

  it('wraps around its end', () => {
    const { append, take } = makeBacklog(SMALL);
    const expected: string[] = [];
    for (let i = 0; i < 200; i++) {
      const packet = Buffer.alloc(100 + (i % 90), i);
      expect(append(packet)).toBe(true);
      expected.push(packet.toString('latin1'));
      if (expected.length === 3) expect(take()?.packet).toBe(expected.shift());
    }
  });

  it('stays inside its region', () => {
    const { append, take, memory } = makeBacklog(SMALL);
    const after = Buffer.from(memory.buffer).subarray(REGION + SMALL, REGION + SMALL + 256);
    const before = Buffer.from(memory.buffer).subarray(REGION - 256, REGION);
    for (let i = 0; i < 500; i++) {
      append(Buffer.alloc((i * 37) % 400, 0xff));
      if (i % 3 === 0) take();
    }
    expect(after.every((byte) => byte === 0)).toBe(true);
    expect(before.every((byte) => byte === 0)).toBe(true);
  });

  it('keeps what it holds when the memory grows', () => {
    const { append, take, memory } = makeBacklog(SMALL);
    append(Buffer.from('before'), 1, 2);
    (memory as unknown as { grow(pages: number): number }).grow(2);
    append(Buffer.from('after'), 3, 4, true);
    expect(take()).toEqual({ packet: 'before', origin: 1, receivedAt: 2, truncated: false });
    expect(take()).toEqual({ packet: 'after', origin: 3, receivedAt: 4, truncated: true });
  });

  it('equals a queue, whatever is put in and taken out', () => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ length: fc.nat(300), byte: fc.nat(255), truncated: fc.boolean() }),
      },
      { weight: 2, arbitrary: fc.constant('take' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.constantFrom(512, 1024, 2048), (steps, bytes) => {
        const { append, take, backlog } = makeBacklog(bytes);
        const queue: { packet: string; origin: number; receivedAt: number; truncated: boolean }[] = [];
        for (const [i, one] of steps.entries()) {
          if (one === 'take') {
            expect(take()).toEqual(queue.shift());
          } else {
            const packet = Buffer.alloc(one.length, one.byte);
            if (append(packet, i, i / 4, one.truncated))
              queue.push({
                packet: packet.toString('latin1'),
                origin: i,
                receivedAt: i / 4,
                truncated: one.truncated,
              });
            // An empty backlog refuses only what could never fit.
            else if (queue.length === 0) expect(16 + one.length).toBeGreaterThan(bytes - 128 - 16);
          }
          expect(backlog.heldPackets).toBe(queue.length);
        }
        while (queue.length > 0) expect(take()).toEqual(queue.shift());
        expect(backlog.isEmpty).toBe(true);
      }),
    );
  });
});
