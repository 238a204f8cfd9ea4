import { describe, expect, it } from 'vitest';
import { Senders } from './senders.ts';

const A = 'container_id://a';
const B = 'container_id://b';

describe('Senders', () => {
  it('gives each container a number of its own, and the unknown sender 0', () => {
    const senders = new Senders();
    const [a, b] = [senders.numberOf(A), senders.numberOf(B)];
    expect(new Set([a, b, 0]).size).toBe(3);
    expect(senders.numberOf(A)).toBe(a);
    expect(senders.numberOf('')).toBe(0);
    expect(senders.senderOf(a)).toEqual({ socket: A, pid: 0 });
    expect(senders.senderOf(0)).toEqual({ socket: '', pid: 0 });
  });

  it('gives a container another number when what is known of it changes, and still knows the one before', () => {
    const senders = new Senders();
    const before = senders.numberOf(A);
    const { edition } = senders;
    senders.renew(A);
    senders.renew(B);
    const after = senders.numberOf(A);
    expect(after).not.toBe(before);
    expect(senders.edition).toBe(edition + 1);
    expect(senders.senderOf(before).socket).toBe(A);
    expect([before, after, 0].map((number) => senders.current(number))).toEqual([after, after, 0]);
  });

  it('gives up the container that was longest unused, and never uses a number again', () => {
    const senders = new Senders(2);
    const a = senders.numberOf(A);
    const b = senders.numberOf(B);
    senders.numberOf(A);
    const c = senders.numberOf('container_id://c');
    expect([senders.evicted, senders.count]).toEqual([1, 2]);
    expect(senders.numberOf(A)).toBe(a);
    // A packet of the backlog has the number from before: it is still the container's.
    expect(senders.senderOf(b).socket).toBe(B);
    const again = senders.current(b);
    expect([a, b, c]).not.toContain(again);
    expect(senders.senderOf(again).socket).toBe(B);
  });

  it('counts packets whose number is from too long ago, and takes their sender for unknown', () => {
    const senders = new Senders(10, 2);
    const first = senders.numberOf(A);
    for (let i = 0; i < 3; i++) senders.renew(A);
    expect(senders.current(first)).toBe(0);
    expect(senders.forgotten).toBe(1);
  });

  it('stays within its limits, however many containers come and change', () => {
    const senders = new Senders(100, 100);
    for (let i = 0; i < 10_000; i++) {
      senders.numberOf(`container_id://${i}`);
      senders.renew(`container_id://${i % 50}`);
    }
    expect(senders.count).toBe(100);
    const known = Array.from({ length: 20_001 }, (_, number) => senders.senderOf(number)).filter(
      ({ socket }) => socket !== '',
    );
    expect(known.length).toBeLessThanOrEqual(200);
  });
});
