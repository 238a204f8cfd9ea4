/**
 * Delivers what one output makes to one receiver, in order: a lane, its retry queue and its files, and what they tell about
 * themselves.
 *
 *   output ──submit(make)──▶ lane ─▶ courier ─▶ receiver
 *                              └─ retry queue ─▶ FOLDER/<output>-<hash of the receiver>/*.retry
 *
 * Thread   the control thread. submit() never waits.
 * Memory   bytesMax, and one file read back from disk.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { Deadline } from '../../lib/time/deadline.ts';
import { outcomes, type Totals } from '../../telemetry/ledger/ledger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import { type BackoffSettings, DEFAULT_BACKOFF } from '../delivery/backoff.ts';
import type { DeliveryReport } from '../output.ts';
import { type Amount, LossCounts, NOTHING, sumOf } from '../retry-queue/loss-counts.ts';
import { RetryQueue } from '../retry-queue/retry-queue.ts';
import { RetryStore } from '../retry-queue/retry-store.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import type { Courier } from './courier.ts';
import { deliveryMetrics } from './delivery-metrics.ts';
import { Lane, type LaneStatus } from './lane.ts';

/** Below the storage path, beside the files for Datadog. */
const STORAGE_FOLDER = 'whippet-outputs';
const SPILL_RATIO = 0.5;
/** Of the time of a stop: what is left for the disk, or without one for closing connections. */
const DISK_SHARE = 0.3;
const RESERVE = 0.05;
/** Time the disk has at a stop at least, ms. */
const DISK_MS_MIN = 1000;
/** With a disk, sending at a stop takes this long at most: the rest waits for the next start. */
const SEND_MS_MAX = 2000;

export interface QueueSettings {
  /** Memory for what is not delivered yet. */
  readonly bytesMax: number;
  /** Undefined keeps everything in memory. */
  readonly storage: OrderedStorage | undefined;
}

export interface OrderedStorage {
  readonly path: string;
  readonly bytesMax: number;
  readonly diskRatioMax: number;
  readonly ageMaxMs: number;
}

export interface OrderedSurroundings {
  readonly log: Log;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly backoff?: BackoffSettings;
}

export interface OrderedDeliveryOptions extends OrderedSurroundings {
  /** The output's name. */
  readonly output: string;
  /** The receiver for people, without secrets. */
  readonly endpoint: string;
  /** The receiver for the folder of its files: the same after a restart. */
  readonly identity: string;
  readonly courier: Courier;
  readonly queue: QueueSettings;
}

export class OrderedDelivery {
  private readonly options: OrderedDeliveryOptions;
  private readonly lane: Lane;
  private readonly store: RetryStore | undefined;
  private readonly losses = new LossCounts();
  private started: Promise<void> = Promise.resolve();
  private isClosing = false;

  constructor(options: OrderedDeliveryOptions) {
    this.options = options;
    const { clock, random, log, queue, courier, endpoint, backoff = DEFAULT_BACKOFF } = options;
    const losses = this.losses;
    this.store = queue.storage && this.makeStore(queue.storage);
    this.lane = new Lane({
      name: endpoint,
      courier,
      queue: new RetryQueue({
        bytesMax: queue.bytesMax,
        spillRatio: SPILL_RATIO,
        clock,
        losses,
        store: this.store,
      }),
      losses,
      backoff,
      clock,
      random,
      log,
    });
  }

  /** Takes over what an earlier process left on disk, and begins to send. */
  start(): Promise<void> {
    const { log, endpoint, output } = this.options;
    log.info({ output, endpoint }, 'sending to this receiver');
    this.started = (async () => {
      await this.store?.open();
      // It may have been closed meanwhile, and a timer would never end.
      if (!this.isClosing) this.lane.start();
    })();
    return this.started;
  }

  /** Takes what `make` makes for the time it is given. */
  submit(make: (createdAt: number) => Transaction): void {
    this.lane.submit(make(this.lane.nextTime()));
  }

  /** Resolves when nothing is under way; for tests. */
  idle(): Promise<void> {
    return this.lane.idle();
  }

  get status(): LaneStatus & { readonly output: string } {
    return { ...this.lane.status, output: this.options.output };
  }

  /** Unhealthy when somebody has to correct the configuration, or retry files cannot be used. */
  health(): { readonly healthy: boolean; readonly detail?: string } {
    const { fault, lastError, disk, endpoint } = this.lane.status;
    if (fault === 'configuration')
      return { healthy: false, detail: `${endpoint} takes no data: ${lastError?.text ?? ''}` };
    if (disk?.failing !== undefined)
      return { healthy: false, detail: `retry files cannot be used: ${disk.failing}` };
    return { healthy: true };
  }

  /** What became of everything, in payloads, in series, events or checks (items), and in points. */
  totals(): Totals[] {
    const status = this.lane.status;
    const { counts, losses, queue, disk } = status;
    const heldPoints = this.lane.heldPoints;
    const held = { payloads: queue.payloads, items: queue.items, points: heldPoints };
    return (['payloads', 'items', 'points'] as const).map((unit): Totals => {
      const dropped: Record<string, number> = {};
      for (const { reason, [unit]: lost } of losses) dropped[reason] = (dropped[reason] ?? 0) + lost;
      const accepted = Object.entries(counts.delivered).map(
        ([kind, amount]) => [kind, amount[unit]] as const,
      );
      return {
        stage: 'delivery',
        name: `${this.options.output} ${status.endpoint}`,
        unit,
        received: totalOf(counts.submitted)[unit] + (disk?.found[unit] ?? 0),
        ...outcomes({
          accepted: Object.fromEntries(accepted),
          dropped,
          held: { memory: held[unit], disk: disk?.[unit] ?? 0 },
        }),
      };
    });
  }

  metrics(): OwnMetric[] {
    return deliveryMetrics(this.options.output, this.lane.status, this.lane.heldPoints);
  }

  /** Sends what waits until the deadline, then keeps the rest on disk or counts it as lost. Never rejects. */
  async close(deadlineMs: number): Promise<DeliveryReport> {
    const { storage } = this.options.queue;
    const deadline = new Deadline(deadlineMs);
    const disk = new Deadline(Math.max(deadlineMs, DISK_MS_MIN));
    this.isClosing = true;
    await deadline.race(this.started);
    const share = deadline.leftMs * (storage === undefined ? 1 - RESERVE : 1 - DISK_SHARE);
    const sendMs = storage === undefined ? share : Math.min(SEND_MS_MAX, share);
    const { kept, lost } = await this.lane.stop(deadline.within(sendMs), disk);
    return this.report(kept, lost);
  }

  private report(kept: Amount, lost: Amount): DeliveryReport {
    const { endpoint, output } = this.options;
    const undelivered = this.losses.total.items;
    const reasons = [
      ...(undelivered === 0
        ? []
        : [`${undelivered} series, events and checks could not be delivered to ${endpoint}`]),
      ...(lost.payloads === 0
        ? []
        : [
            `${lost.payloads} payloads with ${lost.items} items for ${endpoint} were lost because the server stopped before they were delivered (forwarder_storage_max_size_in_bytes keeps them on disk)`,
          ]),
    ];
    return {
      undelivered,
      lostAtStop: lost.items,
      keptOnDisk: kept.items,
      ...(reasons.length > 0 && { reason: `${output}: ${reasons.join('; ')}` }),
      ...(kept.payloads > 0 && {
        kept: [
          `${kept.payloads} payloads with ${kept.items} items for ${endpoint} wait in ${this.store?.status.folder} for the next start`,
        ],
      }),
    };
  }

  private makeStore({ path, bytesMax, diskRatioMax, ageMaxMs }: OrderedStorage): RetryStore {
    const { identity, clock, random, log } = this.options;
    return new RetryStore({
      folder: join(path, STORAGE_FOLDER, folderOf(identity)),
      bytesMax,
      diskRatioMax,
      ageMaxMs,
      order: 'oldest',
      losses: this.losses,
      clock,
      random,
      log,
    });
  }
}

function totalOf(amounts: Readonly<Record<string, Amount>>): Amount {
  return Object.values(amounts).reduce(sumOf, NOTHING);
}

function folderOf(identity: string): string {
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}
