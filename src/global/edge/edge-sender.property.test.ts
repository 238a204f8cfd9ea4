/**
 * The order of chunks through every fault of the log and of the disk: a partition's chunks reach the log in ascending order,
 * repeats of the newest aside, and each of them does unless it was dropped and counted.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/time/clock.ts';
import { LossCounts } from '../../outputs/retry-queue/loss-counts.ts';
import { RetryQueue } from '../../outputs/retry-queue/retry-queue.ts';
import { RetryStore } from '../../outputs/retry-queue/retry-store.ts';
import type { Transaction } from '../../outputs/retry-queue/transaction.ts';
import { writeWhole } from '../../outputs/retry-queue/write-file.ts';
import { decodeRecord } from '../log/log-record.ts';
import { type AppendFault, MemoryCluster, MemoryLog } from '../log/memory-log.ts';
import { EdgeSender } from './edge-sender.ts';

const BODY_BYTES = 2000;
const START_MS = 1_800_000_000_000;
/** Longer than the pause after a failure of the disk. */
const PHASE_MS = 60_000;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const folder = mkdtempSync(join(tmpdir(), 'whippet-edge-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Pauses after failures, and between two looks of a stop, ms. */
const PAUSES: ReadonlySet<number> = new Set([20, 200, 400, 800, 1600, 3200, 5000]);

/** Time stands still within a phase, so nothing depends on how busy the machine is. */
class PhaseClock implements Clock {
  time = START_MS;
  /** Deadlines pass at once, as if the disk took for ever. */
  isHasty = false;
  now = (): number => this.time;
  after = (ms: number, call: () => void): (() => void) => {
    if (!PAUSES.has(ms) && !this.isHasty) return () => undefined;
    const timer = setTimeout(call, 1);
    return () => clearTimeout(timer);
  };
}

/** Chunks say their number as their points. */
class NotedLosses extends LossCounts {
  readonly numbers = new Set<number>();
  override add(...[reason, kind, ageMs, amount]: Parameters<LossCounts['add']>): void {
    this.numbers.add(amount.points);
    super.add(reason, kind, ageMs, amount);
  }
}

/** Closed once: by a stop, which may not wait for the end of it. */
class WatchedStore extends RetryStore {
  private closing: Promise<void> | undefined;
  override close(): Promise<void> {
    this.closing ??= super.close();
    return this.closing;
  }
}

type Disk = 'works' | 'slow' | 'full';
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

const phase = fc.record({
  chunks: fc.integer({ min: 1, max: 25 }),
  /** What the log does meanwhile. */
  fault: fc.constantFrom<AppendFault>(undefined, 'refused', 'unacknowledged', 'twice'),
  disk: fc.constantFrom<Disk>('works', 'works', 'slow', 'full'),
  /** The process stops in order afterwards, and another goes on. */
  restarts: fc.boolean(),
  /** It stops sooner than the disk is done. */
  isHasty: fc.boolean(),
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
          let disk: Disk = 'works';
          const clock = new PhaseClock();
          const losses = new NotedLosses();
          const path = join(folder, String(run++));
          let next = 0;
          let store!: WatchedStore;
          const writeFile: typeof writeWhole = async (...file) => {
            const of = disk;
            if (of === 'slow') for (let i = 0; i < 3; i++) await turn();
            if (of === 'full') throw new Error('ENOSPC: no space left on device');
            await writeWhole(...file);
            if (of === 'slow') await turn();
          };
          const start = async (): Promise<EdgeSender<Transaction>> => {
            store = new WatchedStore({
              folder: path,
              bytesMax: 10_000_000,
              diskRatioMax: 1,
              ageMaxMs: 1e12,
              order: 'oldest',
              random: Math.random,
              clock,
              losses,
              log: quiet,
              writeFile,
            });
            expect(await store.open()).toBe(true);
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
          /** A process that ends leaves nothing under way. */
          const stop = async (waitMs: number): Promise<void> => {
            await sender.stop(waitMs);
            await store.close();
          };
          let sender = await start();
          for (const { chunks, fault: now, disk: does, restarts, isHasty } of phases) {
            fault = now;
            disk = does;
            clock.time += PHASE_MS;
            for (let i = 0; i < chunks; i++) {
              const body = Buffer.alloc(BODY_BYTES);
              body.writeUInt32LE(++next);
              sender.submit({
                kind: 'partials',
                route: '/partials',
                destination: String(next % partitions),
                priority: 'normal',
                createdAt: clock.time + i / 4,
                headers: {},
                body,
                itemCount: 1,
                pointCount: next,
                errors: 0,
              });
              if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
            }
            if (!restarts) continue;
            clock.isHasty = isHasty;
            await stop(0);
            clock.isHasty = false;
            sender = await start();
          }
          fault = undefined;
          disk = 'works';
          clock.time += PHASE_MS;
          await stop(1);
          expect(store.amount.payloads).toBe(0);
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
          const everything = Array.from({ length: next }, (_, i) => i + 1);
          expect(everything.filter((one) => !seen.has(one) && !losses.numbers.has(one))).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });
});
