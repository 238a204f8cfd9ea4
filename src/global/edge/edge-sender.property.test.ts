/**
 * The order of chunks through every fault of the log and of the disk: a partition's chunks reach the log in ascending order,
 * repeats of the newest aside, and each of them does unless it was dropped and counted.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/time/clock.ts';
import { LossCounts } from '../../outputs/retry-queue/loss-counts.ts';
import { RetryQueue } from '../../outputs/retry-queue/retry-queue.ts';
import { RetryStore } from '../../outputs/retry-queue/retry-store.ts';
import type { Transaction } from '../../outputs/retry-queue/transaction.ts';
import { decodeRecord } from '../log/log-record.ts';
import { type AppendFault, MemoryCluster, MemoryLog } from '../log/memory-log.ts';
import { EdgeSender } from './edge-sender.ts';

const BODY_BYTES = 2000;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
/** Pauses after failures, and between two looks of a stop, are short; what a stop gives the disk is long enough for a busy machine. */
const PAUSES: ReadonlySet<number> = new Set([20, 200, 400, 800, 1600, 3200, 5000]);
const DISK_MS = 20_000;
const clock = {
  ...systemClock,
  after: (ms: number, call: () => void) => systemClock.after(PAUSES.has(ms) ? 2 : DISK_MS, call),
};
const folder = mkdtempSync(join(tmpdir(), 'whippet-edge-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const phase = fc.record({
  chunks: fc.integer({ min: 1, max: 25 }),
  /** What the log does meanwhile. */
  fault: fc.constantFrom<AppendFault>(undefined, 'refused', 'unacknowledged', 'twice'),
  /** The process stops in order afterwards, and another goes on. */
  restarts: fc.boolean(),
});

describe('an edge', () => {
  it('sends in order whatever the log and the disk do, across restarts', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(phase, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 3 }),
        async (phases, partitions) => {
          const cluster = new MemoryCluster();
          let fault: AppendFault;
          const losses = new LossCounts();
          const path = join(folder, String(run++));
          let createdAt = Date.now();
          let next = 0;
          const start = async (): Promise<EdgeSender<Transaction>> => {
            const store = new RetryStore({
              folder: path,
              bytesMax: 10_000_000,
              diskRatioMax: 1,
              ageMaxMs: 1e9,
              order: 'oldest',
              random: Math.random,
              clock,
              losses,
              log: quiet,
            });
            await store.open();
            // Room for a few chunks: the others go to disk.
            const queue = new RetryQueue({ bytesMax: 4 * BODY_BYTES, spillRatio: 0.5, clock, losses, store });
            const log = new MemoryLog(cluster, { clock, fail: () => fault });
            const sender = new EdgeSender<Transaction>({
              ...{ log, queue, clock, logger: quiet, route: '/partials' },
              openFormer: async () => undefined,
            });
            sender.start();
            return sender;
          };
          let sender = await start();
          for (const { chunks, fault: now, restarts } of phases) {
            fault = now;
            for (let i = 0; i < chunks; i++) {
              const body = Buffer.alloc(BODY_BYTES);
              body.writeUInt32LE(++next);
              createdAt += 0.25;
              sender.submit({
                kind: 'partials',
                route: '/partials',
                destination: String(next % partitions),
                priority: 'normal',
                createdAt,
                headers: {},
                body,
                itemCount: 1,
                pointCount: 1,
                errors: 0,
              });
              if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
            }
            if (!restarts) continue;
            await sender.stop(0);
            sender = await start();
          }
          fault = undefined;
          expect(await sender.stop(10_000)).toBe(0);
          const { items: lost } = losses.total;
          const seen = new Set<number>();
          for (let partition = 0; partition < partitions; partition++) {
            let newest = 0;
            for (const { bytes } of cluster.recordsOf('partials', partition)) {
              const record = decodeRecord(bytes);
              const number = record?.kind === 'chunk' ? record.chunk.readUInt32LE() : 0;
              // A repeat is of what is in the log already; something new is above all of it.
              if (!seen.has(number)) expect(number).toBeGreaterThan(newest);
              newest = Math.max(newest, number);
              seen.add(number);
            }
          }
          expect(seen.size + lost).toBe(next);
        },
      ),
      { numRuns: 25 },
    );
  });
});
