/**
 * Output `plugin`: an ES module of the user's own that is given flushes, in a thread of its own.
 *
 *   batch ─▶ FlushedSeries ──message──▶ thread: module.write(flush) ──written, failed──▶ counted
 *              at most seriesMax and FLUSHES_MAX ahead
 *
 * Nothing the module does can stall the server: what it has not taken yet is limited, a write that takes longer than
 * timeoutMs ends its thread, and so does a heap above its limit. The thread is then started again after a pause.
 *
 * Full     further series, or the whole flush, are dropped and counted (`queue_full`).
 * Failure  a write that rejects loses its flush (`failed`); one that hangs or crashes loses what was ahead of it as well
 *          (`hung`, `crashed`). What comes while there is no thread is `not_running`.
 * Thread   the control thread.
 */
import { Worker } from 'node:worker_threads';
import type { Log } from '../../lib/log.ts';
import { describeCause } from '../../lib/text/describe-cause.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { Deadline } from '../../lib/time/deadline.ts';
import type { EventMessage, ServiceCheckMessage } from '../../model/message.ts';
import type { Aggregate } from '../../model/series.ts';
import { type Outcomes, outcomes } from '../../telemetry/ledger/ledger.ts';
import { type BackoffSettings, backoffMs, DEFAULT_BACKOFF, errorsMax } from '../delivery/backoff.ts';
import {
  type FlushedEvent,
  type FlushedSeries,
  type FlushedServiceCheck,
  flushedCheck,
  flushedEvent,
  flushedSeries,
} from '../flushed.ts';
import type { DeliveryReport, FlushInfo, Output } from '../output.ts';
import { PluginError } from './plugin-error.ts';
import type { PluginCommand, PluginMessage, PluginSettings } from './plugin-messages.ts';

const FLUSHES_MAX = 8;
/** Series of one message: each is copied in one go. */
const PART_MAX = 2000;
/** Events and checks between two flushes. */
const MESSAGES_MAX = 10_000;

export interface PluginOptions extends PluginSettings {
  readonly name: string;
  readonly timeoutMs: number;
  /** Heap of the thread, MiB. */
  readonly memoryMib: number;
  /** Series, events and checks that the module has not taken yet. */
  readonly seriesMax: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff?: BackoffSettings;
}

type Loss = 'queue_full' | 'failed' | 'hung' | 'crashed' | 'not_running';

const NO_LOSSES: Readonly<Record<Loss, number>> = {
  queue_full: 0,
  failed: 0,
  hung: 0,
  crashed: 0,
  not_running: 0,
};

/** A flush that the module has not taken yet. */
interface Ahead {
  /** When it was given to the module, ms since 1970. */
  readonly at: number;
  readonly number: number;
  /** Aggregates, events and checks. */
  readonly items: number;
  readonly size: number;
}

export class PluginOutput implements Output {
  readonly name: string;
  readonly retentionSeconds = 0;
  private readonly options: PluginOptions;
  private worker: Worker | undefined;
  private ahead: Ahead[] = [];
  /** Size of everything ahead, and of the flush under way. */
  private size = 0;
  private openBatch = { items: 0, size: 0, isDropped: false };
  private events: FlushedEvent[] = [];
  private checks: FlushedServiceCheck[] = [];
  private number = 0;
  private cancelWatch: (() => void) | undefined;
  private cancelRestart: (() => void) | undefined;
  private errors = 0;
  private restarts = 0;
  private problem: string | undefined;
  private whenIdle: (() => void) | undefined;
  private whenClosed: (() => void) | undefined;
  private isClosed = false;
  private written = 0;
  private flushes = 0;
  private lastSuccessAt: number | undefined;
  private lastError: { readonly at: number; readonly text: string } | undefined;
  private downSince: number | undefined;
  private restartAt = 0;
  private toldFull = false;
  /** Aggregates, events and checks. */
  private readonly lost: Record<Loss, number> = { ...NO_LOSSES };
  private readonly lostFlushes: Record<Loss, number> = { ...NO_LOSSES };

  private constructor(options: PluginOptions) {
    this.options = options;
    this.name = options.name;
  }

  /** Starts the thread; rejects with a PluginError when the module cannot be loaded in time. */
  static async open(options: PluginOptions): Promise<PluginOutput> {
    const output = new PluginOutput(options);
    const { timeoutMs, path } = options;
    const reason = await new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(
        () => resolve(`it is not loaded within ${timeoutMs / 1000} seconds`),
        timeoutMs,
      );
      output.start((problem) => {
        clearTimeout(timer);
        resolve(problem);
      });
    });
    if (reason === undefined) return output;
    await output.close(0);
    throw new PluginError(path, reason);
  }

  begin(): void {
    this.openBatch.isDropped = this.ahead.length >= FLUSHES_MAX;
    this.toldFull = false;
  }

  write(batch: readonly Aggregate[]): void {
    let part: FlushedSeries[] = [];
    for (const aggregate of batch) {
      if (!this.hasRoom(aggregate.series.length)) continue;
      part.push(...flushedSeries(aggregate));
      if (part.length < PART_MAX) continue;
      this.post({ kind: 'series', series: part });
      part = [];
    }
    if (part.length > 0) this.post({ kind: 'series', series: part });
  }

  event(event: EventMessage, receivedAt: number): void {
    if (this.isFullOfMessages) this.lose('queue_full', 1);
    else if (this.hasRoom(1)) this.events.push(flushedEvent(event, receivedAt));
  }

  serviceCheck(check: ServiceCheckMessage, receivedAt: number): void {
    if (this.isFullOfMessages) this.lose('queue_full', 1);
    else if (this.hasRoom(1)) this.checks.push(flushedCheck(check, receivedAt));
  }

  end({ at, final }: FlushInfo): void {
    const { items, size } = this.openBatch;
    const [events, serviceChecks] = [this.events, this.checks];
    this.events = [];
    this.checks = [];
    this.openBatch = { items: 0, size: 0, isDropped: false };
    if (this.worker === undefined) {
      this.size -= size;
      this.lose('not_running', items, items > 0 ? 1 : 0);
      return;
    }
    const number = ++this.number;
    this.ahead.push({ at: this.options.clock.now(), number, items, size });
    this.post({ kind: 'end', number, events, serviceChecks, at, final });
    if (this.ahead.length === 1) this.watch();
  }

  outcomes(): Outcomes {
    const held = this.ahead.reduce((sum, { items }) => sum + items, this.openBatch.items);
    return outcomes({
      accepted: { written: this.written },
      dropped: { ...this.lost },
      held: { queue: held },
    });
  }

  /** As receivers over the network have it (delivery/endpoint-status.ts): a flush is a payload, a write a request. */
  status(): readonly object[] {
    const { path, seriesMax, clock } = this.options;
    const isRunning = this.worker !== undefined && this.problem === undefined;
    const now = clock.now();
    const held = this.ahead.reduce((sum, { items }) => sum + items, 0);
    return [
      {
        endpoint: path,
        state: isRunning ? 'unblocked' : this.worker === undefined ? 'blocked' : 'half-blocked',
        downSince: this.downSince,
        targets: [{ route: '/', retryAt: this.worker === undefined ? this.restartAt : 0 }],
        queue: {
          payloads: this.ahead.length,
          items: held,
          bytes: 0,
          oldestAgeSeconds: Math.max(now - (this.ahead[0]?.at ?? now), 0) / 1000,
        },
        seriesAhead: this.size,
        seriesMax,
        restarts: this.restarts,
        lastError: this.lastError,
        lastSuccessAt: this.lastSuccessAt,
        counts: { delivered: { plugin: { payloads: this.flushes, items: this.written, bytes: 0 } } },
        losses: Object.entries(this.lost)
          .filter(([, items]) => items > 0)
          .map(([reason, items]) => ({
            reason,
            kind: 'plugin',
            payloads: this.lostFlushes[reason as Loss],
            items,
            bytes: 0,
          })),
      },
    ];
  }

  health(): { readonly healthy: boolean; readonly detail?: string } {
    if (this.problem === undefined) return { healthy: true };
    return { healthy: false, detail: `the plugin ${this.options.path} does not work: ${this.problem}` };
  }

  async close(deadlineMs: number): Promise<DeliveryReport> {
    const deadline = new Deadline(deadlineMs);
    this.cancelRestart?.();
    if (this.worker !== undefined && deadlineMs > 0) {
      if (this.ahead.length > 0)
        await deadline.race(
          new Promise<void>((resolve) => {
            this.whenIdle = resolve;
          }),
        );
      if (this.worker !== undefined && this.ahead.length === 0) {
        const closed = new Promise<void>((resolve) => {
          this.whenClosed = resolve;
        });
        this.post({ kind: 'close', deadlineMs: deadline.leftMs });
        await deadline.race(closed);
      }
    }
    this.isClosed = true;
    this.cancelWatch?.();
    const worker = this.worker;
    this.worker = undefined;
    await worker?.terminate();
    const held = this.ahead.reduce((sum, { items }) => sum + items, this.openBatch.items);
    const lost = Object.values(this.lost).reduce((sum, count) => sum + count, 0);
    if (held + lost === 0) return { undelivered: 0 };
    return {
      undelivered: held + lost,
      lostAtStop: held,
      reason: `${this.name}: ${held + lost} aggregates, events and checks were not taken by ${this.options.path}`,
    };
  }

  private start(onReady?: (problem: string | undefined) => void): void {
    const { path, options, memoryMib, name } = this.options;
    const worker = new Worker(new URL('./plugin.worker.js', import.meta.url), {
      workerData: { path, options } satisfies PluginSettings,
      name,
      resourceLimits: { maxOldGenerationSizeMb: memoryMib },
    });
    this.worker = worker;
    worker.on('message', (message: PluginMessage) => {
      if (worker !== this.worker) return;
      if (message.kind === 'ready') onReady?.(undefined);
      else if (message.kind === 'unusable') {
        onReady?.(message.error);
        this.endWorker('crashed', message.error);
      } else this.hear(message);
    });
    let error: string | undefined;
    worker.on('error', (cause) => {
      error = describeCause(cause);
    });
    worker.on('exit', (code) => {
      const why = error ?? `its thread ended with code ${code}`;
      onReady?.(why);
      if (worker === this.worker) this.endWorker('crashed', why);
    });
  }

  private hear(message: Exclude<PluginMessage, { kind: 'ready' | 'unusable' }>): void {
    if (message.kind === 'closed') {
      this.whenClosed?.();
      return;
    }
    const [first] = this.ahead;
    if (first === undefined || first.number !== message.number) return;
    this.ahead.shift();
    this.size -= first.size;
    if (message.kind === 'written') {
      this.written += first.items;
      this.flushes++;
      this.lastSuccessAt = this.options.clock.now();
      this.downSince = undefined;
      if (this.problem !== undefined) this.options.log.info({ output: this.name }, 'the plugin works again');
      this.problem = undefined;
      this.errors = 0;
    } else {
      this.lose('failed', first.items, 1);
      this.fail(message.error);
    }
    this.cancelWatch?.();
    if (this.ahead.length > 0) this.watch();
    else this.whenIdle?.();
  }

  /** The first flush ahead has its time from now on. */
  private watch(): void {
    const { clock, timeoutMs } = this.options;
    this.cancelWatch = clock.after(timeoutMs, () =>
      this.endWorker('hung', `write() did not end within ${timeoutMs / 1000} seconds`),
    );
  }

  /** The thread has ended, or has to. */
  private endWorker(why: 'hung' | 'crashed', error: string): void {
    const worker = this.worker;
    this.worker = undefined;
    this.cancelWatch?.();
    void worker?.terminate();
    for (const { items, size } of this.ahead) {
      this.lose(why, items, 1);
      this.size -= size;
    }
    this.ahead = [];
    // Parts of the flush under way are gone with the thread.
    this.lose(why, this.openBatch.items);
    this.size -= this.openBatch.size;
    this.openBatch = { items: 0, size: 0, isDropped: false };
    this.events = [];
    this.checks = [];
    this.whenIdle?.();
    this.whenClosed?.();
    if (this.isClosed) return;
    this.fail(error);
    const { backoff = DEFAULT_BACKOFF, random, clock } = this.options;
    this.errors = Math.min(this.errors + 1, errorsMax(backoff));
    const pause = backoffMs(this.errors, backoff, random());
    this.restartAt = clock.now() + pause;
    this.cancelRestart = clock.after(pause, () => {
      this.restarts++;
      this.start();
    });
  }

  private fail(error: string): void {
    const isNew = this.problem === undefined;
    this.problem = error;
    const at = this.options.clock.now();
    this.lastError = { at, text: error };
    this.downSince ??= at;
    if (isNew)
      this.options.log.error(
        { output: this.name, error },
        'the plugin failed; later failures are only counted',
      );
  }

  private get isFullOfMessages(): boolean {
    return this.events.length + this.checks.length >= MESSAGES_MAX;
  }

  /** Counts one aggregate, event or check into the flush under way, if there is room for its series. */
  private hasRoom(size: number): boolean {
    if (this.worker === undefined) {
      this.lose('not_running', 1);
      return false;
    }
    if (this.openBatch.isDropped || this.size + size > this.options.seriesMax) {
      this.lose('queue_full', 1);
      if (!this.toldFull)
        this.options.log.error(
          { output: this.name },
          'the plugin is too slow; dropping what does not fit in its queue',
        );
      this.toldFull = true;
      return false;
    }
    this.openBatch.items++;
    this.openBatch.size += size;
    this.size += size;
    return true;
  }

  private lose(why: Loss, items: number, flushes = 0): void {
    this.lost[why] += items;
    this.lostFlushes[why] += flushes;
  }

  private post(command: PluginCommand): void {
    this.worker?.postMessage(command);
  }
}
