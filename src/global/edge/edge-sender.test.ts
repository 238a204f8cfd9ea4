/** What a sender does with chunks that turn up on disk after newer ones were sent. */
import { expect, it } from 'vitest';
import { systemClock } from '../../lib/time/clock.ts';
import { decodeRecord } from '../log/log-record.ts';
import { MemoryCluster, MemoryLog } from '../log/memory-log.ts';
import type { ChunkQueue, QueuedChunk } from './chunk-queue.ts';
import { EdgeSender } from './edge-sender.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const chunk = (createdAt: number, stored?: object): QueuedChunk => ({
  ...{ route: '/partials', destination: '0', body: Buffer.from(String(createdAt)), itemCount: 1 },
  ...{ createdAt, stored },
});

/** A queue whose disk shows what it has when a test says so. */
class OddQueue implements ChunkQueue<QueuedChunk> {
  waiting: QueuedChunk[] = [];
  onDisk: QueuedChunk[] = [];
  readonly givenUp: (readonly [createdAt: number, reason: string])[] = [];
  /** Whether reading the disk gives anything. */
  isReadable = true;
  reads = 0;
  readonly isSpilling = false;
  get hasUnread(): boolean {
    return this.onDisk.length > 0;
  }
  get bytes(): number {
    return this.waiting.length;
  }
  add(one: QueuedChunk): void {
    this.waiting.push(one);
  }
  takeAll(): QueuedChunk[] {
    return this.waiting.splice(0);
  }
  async takeStored(receive: (chunks: readonly QueuedChunk[]) => void): Promise<void> {
    this.reads++;
    if (this.reads === 3) this.isReadable = true;
    if (this.isReadable) receive(this.onDisk.splice(0));
  }
  giveUp({ createdAt }: QueuedChunk, reason: string): void {
    this.givenUp.push([createdAt, reason]);
  }
  store = async (): Promise<void> => undefined;
  settle = (): void => undefined;
  settled = async (): Promise<void> => undefined;
  sweep = (): void => undefined;
  stop = async () => ({ lost: { items: 0 } });
}

function begin(): { cluster: MemoryCluster; queue: OddQueue; sender: EdgeSender<QueuedChunk> } {
  const cluster = new MemoryCluster();
  const queue = new OddQueue();
  const clock = {
    ...systemClock,
    after: (ms: number, call: () => void) => systemClock.after(Math.min(ms, 1), call),
  };
  const log = new MemoryLog(cluster, { clock });
  const sender = new EdgeSender<QueuedChunk>({
    ...{ log, queue, clock, logger: quiet, route: '/partials' },
    openFormer: async () => undefined,
  });
  return { cluster, queue, sender };
}

const sent = (cluster: MemoryCluster): string[] =>
  cluster.recordsOf('partials', 0).map(({ bytes }) => {
    const record = decodeRecord(bytes);
    return record?.kind === 'chunk' ? record.chunk.toString() : 'other';
  });

it('waits for a disk that has older chunks and cannot be read', async () => {
  const { cluster, queue, sender } = begin();
  queue.onDisk.push(chunk(1, {}), chunk(2, {}));
  queue.isReadable = false;
  sender.start();
  sender.submit(chunk(3));
  await sender.stop(10_000);
  expect(sent(cluster)).toEqual(['1', '2', '3']);
  expect(queue.givenUp).toEqual([]);
});

it('counts chunks that turn up on disk when newer ones are in the log: owners would take them for repeats', async () => {
  const { cluster, queue, sender } = begin();
  sender.start();
  sender.submit(chunk(3));
  await expect.poll(() => sent(cluster)).toEqual(['3']);
  queue.onDisk.push(chunk(2, {}), chunk(4, {}));
  await sender.stop(10_000);
  expect(sent(cluster)).toEqual(['3', '4']);
  expect(queue.givenUp).toEqual([[2, 'out_of_order']]);
});
