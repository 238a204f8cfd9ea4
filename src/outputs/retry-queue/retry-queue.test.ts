import { describe, expect, it } from 'vitest';
import { nameOf, transaction } from '../../../test/support/decode/transactions.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { Deadline } from '../../lib/time/deadline.ts';
import { LossCounts, NOTHING } from './loss-counts.ts';
import { RetryQueue } from './retry-queue.ts';
import type { RetryStore } from './retry-store.ts';
import { compareForSending, costOf, type Transaction } from './transaction.ts';

/** What a transaction counts for beside its bytes. */
const OVERHEAD = costOf(transaction(''));

/** A store that keeps in memory what it is given, and fails when told to. */
class FakeStore {
  readonly writes: string[][] = [];
  readonly putBacks: string[] = [];
  works = true;
  isReady = true;

  readonly amount = NOTHING;

  write(transactions: readonly Transaction[], onStored: () => void): Promise<boolean> {
    if (this.works) {
      this.writes.push(transactions.map(nameOf));
      onStored();
    }
    this.isReady = this.works;
    return Promise.resolve(this.works);
  }

  putBack({ file }: { file: string }): boolean {
    this.putBacks.push(file);
    return true;
  }

  abandon(): void {
    this.works = false;
  }

  get status(): unknown {
    return { failing: this.works ? undefined : 'broken' };
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function make(payloadBytes: number, store?: FakeStore, spillRatio = 0.5) {
  const losses = new LossCounts();
  const clock = new VirtualClock(1000);
  const options = { bytesMax: payloadBytes, spillRatio, clock, losses };
  const queue = new RetryQueue({ ...options, store: store as unknown as RetryStore | undefined });
  return { queue, losses };
}

const sized = (
  name: string,
  bytes: number,
  createdAt: number,
  other: Partial<Transaction> = {},
): Transaction => transaction(name, { bytes: bytes - OVERHEAD, createdAt, ...other });

const waiting = (queue: RetryQueue): string[] => queue.takeAll().sort(compareForSending).map(nameOf);

describe('a retry queue without a disk', () => {
  it('drops the oldest when it is full, normal priority before high', () => {
    const { queue, losses } = make(3000);
    queue.add(sized('high', 1000, 1, { priority: 'high' }));
    queue.add(sized('old', 1000, 2));
    queue.add(sized('new', 1000, 4));
    queue.add(sized('mid', 1000, 3));
    expect(waiting(queue)).toEqual(['high', 'new', 'mid']);
    expect(losses.list()).toEqual([
      {
        reason: 'memory_full',
        kind: 'series',
        age: 'under_1m',
        payloads: 1,
        items: 1,
        points: 2,
        bytes: 1000 - OVERHEAD,
      },
    ]);
  });

  it('drops what is larger than all of it, and keeps the rest', () => {
    const { queue, losses } = make(2000);
    queue.add(sized('a', 1000, 1));
    queue.add(sized('huge', 3000, 2));
    expect(waiting(queue)).toEqual(['a']);
    expect(losses.total.payloads).toBe(1);
  });

  it('says what it holds', () => {
    const { queue } = make(10_000);
    queue.add(sized('a', 1000, 7));
    queue.add(sized('b', 2000, 5));
    expect(queue.status).toEqual({
      payloads: 2,
      items: 2,
      points: 4,
      bytes: 3000,
      oldestAt: 5,
      disk: undefined,
    });
  });

  it('counts what is left at a stop', async () => {
    const { queue, losses } = make(10_000);
    queue.add(sized('a', 1000, 1));
    expect(await queue.stop(new Deadline(1000))).toMatchObject({
      kept: { payloads: 0 },
      lost: { payloads: 1 },
    });
    expect(losses.list()).toMatchObject([{ reason: 'stopped', payloads: 1 }]);
  });
});

describe('a retry queue with a disk', () => {
  it('writes the oldest up to its share as one file (the example of docs/delivery.md)', async () => {
    const store = new FakeStore();
    const { queue, losses } = make(10_000, store, 0.6);
    const sizes = [1000, 2000, 3000, 4000];
    for (const [i, bytes] of sizes.entries()) queue.add(sized(`t${bytes}`, bytes, i));
    expect(store.writes).toEqual([]);
    queue.add(sized('t1500', 1500, 9));
    await queue.settled();
    expect(store.writes).toEqual([['t1000', 't2000', 't3000']]);
    expect(waiting(queue)).toEqual(['t1500', 't4000']);
    expect(losses.list()).toEqual([]);
  });

  it('falls back to memory when writing fails, and drops only what does not fit', async () => {
    const store = new FakeStore();
    store.works = false;
    const { queue, losses } = make(3000, store);
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) queue.add(sized(name, 1000, i));
    await queue.settled();
    expect(waiting(queue)).toEqual(['d', 'c', 'b']);
    expect(losses.list()).toMatchObject([{ reason: 'disk_failed', payloads: 1 }]);
  });

  it('holds no more than its bounds while the disk is slow', () => {
    const store = new FakeStore();
    store.write = () => new Promise<boolean>(() => undefined);
    const { queue, losses } = make(10_000, store);
    for (let i = 0; i < 1000; i++) {
      queue.add(sized(`t${i}`, 1000, i));
      expect(queue.bytes).toBeLessThanOrEqual(16_000);
    }
    expect(losses.list()).toMatchObject([{ reason: 'memory_full' }]);
    expect(losses.total.payloads + queue.status.payloads).toBe(1000);
  });

  it('gives back to its file what came from one, for nothing', async () => {
    const store = new FakeStore();
    const { queue, losses } = make(2000, store);
    queue.add(sized('stored', 1000, 1, { stored: { file: 'f', index: 0 } }));
    queue.add(sized('a', 1000, 2));
    queue.add(sized('b', 1000, 3));
    await queue.settled();
    expect(store.putBacks).toEqual(['f']);
    expect([store.writes, losses.list()]).toEqual([[], []]);
    expect(waiting(queue)).toEqual(['b', 'a']);
  });

  it('writes everything at a stop', async () => {
    const store = new FakeStore();
    const { queue } = make(10_000, store);
    queue.add(sized('a', 1000, 1));
    queue.add(sized('stored', 1000, 1, { stored: { file: 'f', index: 0 } }));
    expect(await queue.stop(new Deadline(1000))).toMatchObject({ lost: { payloads: 0 } });
    expect([store.writes, store.putBacks]).toEqual([[['a']], ['f']]);
  });
});
