/**
 * Saves what the server remembers when something happens, so that the cause is on disk when somebody looks.
 *
 *   every second: counters ─▶ rejects │ spike │ drop │ contexts ─▶ whippet-<time>-<trigger>.dog, the oldest removed
 *
 * After a save there is a pause, because an incident has many such seconds. A file that cannot be written is said in the
 * log, and counted.
 */
import { createWriteStream, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { CaptureTrigger } from '../../config/keys/capture-keys.ts';
import { CORE_COUNTERS } from '../../telemetry/counters/core-counters.ts';
import type { ThreadCounts } from '../../telemetry/counters/thread-counts.ts';
import type { LedgerReport } from '../../telemetry/ledger/ledger-report.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { CaptureService } from './capture-service.ts';
import { FileSink } from './file-sink.ts';

/** Sums since the start. */
export interface TriggerCounts {
  readonly packets: number;
  readonly lines: number;
  readonly rejected: number;
  readonly dropped: number;
  readonly newContexts: number;
}

/** From what the threads published, and what the ledger calls lost. */
export function triggerCounts(
  counts: readonly ThreadCounts[],
  { losses }: Pick<LedgerReport, 'losses'>,
): TriggerCounts {
  const sum = (of: (one: ThreadCounts) => number): number =>
    counts.reduce((total, one) => total + of(one), 0);
  return {
    packets: sum(({ counters }) => counters.get('receivedPackets')),
    lines: sum(({ core }) => core[CORE_COUNTERS.lines] as number),
    rejected: sum(({ counters }) => counters.rejections().reduce((total, { count }) => total + count, 0)),
    dropped: losses.reduce((total, { count }) => total + count, 0),
    newContexts: sum(({ counters }) => counters.get('newContexts')),
  };
}

export interface TriggerOptions {
  readonly service: CaptureService;
  readonly settings: {
    readonly triggers: readonly CaptureTrigger[];
    readonly directory: string;
    readonly files_max: number;
    readonly pause_seconds: number;
    readonly reject_percent: number;
    readonly spike_factor: number;
    readonly contexts_per_second: number;
  };
  readonly counts: () => TriggerCounts;
  readonly log: Logger;
  /** Unix seconds. */
  readonly clock: () => number;
}

const EVERY_MS = 1000;
const REJECTS_MIN = 10;
const SPIKE_PACKETS_MIN = 1000;
/** Seconds before a usual rate is known, and before new contexts are no start. */
const SPIKE_AFTER_SECONDS = 10;
const CONTEXTS_AFTER_SECONDS = 60;
/** How much of the usual rate a second changes. */
const SMOOTHING = 0.1;
/** All that is remembered. */
const EVERYTHING_MS = 24 * 3600 * 1000;
const FILE = /^whippet-[\dTZ.-]+-(?:rejects|spike|drop|contexts)\.dog$/;

export class CaptureTriggers {
  private readonly options: TriggerOptions;
  private readonly startedAt: number;
  private timer: NodeJS.Timeout | undefined;
  private before: TriggerCounts | undefined;
  private usualPackets: number | undefined;
  private seconds = 0;
  private quietUntil = 0;

  constructor(options: TriggerOptions) {
    this.options = options;
    this.startedAt = options.clock();
  }

  start(): void {
    const { triggers, directory } = this.options.settings;
    if (triggers.length === 0 || directory === '') return;
    this.timer = setInterval(() => this.look(), EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Looks at the last second; what it found, if that is to be saved. */
  look(): CaptureTrigger | undefined {
    const now = this.options.counts();
    const { before } = this;
    this.before = now;
    if (before === undefined) return undefined;
    this.seconds++;
    const found = this.find(before, now);
    const packets = now.packets - before.packets;
    this.usualPackets = (this.usualPackets ?? packets) * (1 - SMOOTHING) + packets * SMOOTHING;
    const at = this.options.clock();
    if (found === undefined || at < this.quietUntil) return undefined;
    this.quietUntil = at + this.options.settings.pause_seconds;
    this.save(found);
    return found;
  }

  private find(before: TriggerCounts, now: TriggerCounts): CaptureTrigger | undefined {
    const { triggers, reject_percent, spike_factor, contexts_per_second } = this.options.settings;
    const lines = now.lines - before.lines;
    const rejected = now.rejected - before.rejected;
    const packets = now.packets - before.packets;
    const conditions: Readonly<Record<CaptureTrigger, () => boolean>> = {
      drop: () => now.dropped > before.dropped,
      rejects: () => rejected >= REJECTS_MIN && rejected * 100 >= lines * reject_percent,
      spike: () =>
        this.seconds > SPIKE_AFTER_SECONDS &&
        packets >= SPIKE_PACKETS_MIN &&
        packets >= (this.usualPackets ?? packets) * spike_factor,
      contexts: () =>
        this.options.clock() - this.startedAt >= CONTEXTS_AFTER_SECONDS &&
        now.newContexts - before.newContexts >= contexts_per_second,
    };
    return triggers.find((trigger) => conditions[trigger]());
  }

  private save(trigger: CaptureTrigger): void {
    const { service, settings, log, clock } = this.options;
    const at = new Date(clock() * 1000).toISOString().replaceAll(':', '-');
    const path = join(settings.directory, `whippet-${at}-${trigger}.dog`);
    const sink = new FileSink(createWriteStream(path, { flags: 'wx', mode: 0o600 }), (error) =>
      log.error({ path, err: error }, 'cannot write the capture that a trigger asked for'),
    );
    const request = { durationMs: EVERYTHING_MS, isLast: true, compress: false, filter: [], reason: trigger };
    const started = service.start(request, sink);
    if (typeof started === 'string') {
      sink.end();
      log.warn({ trigger, why: started }, 'a trigger could not save the most recent packets');
      return;
    }
    void started.done.then(async ({ packets, held_seconds }) => {
      // Only then does the file count as one of those that are kept.
      await sink.closed;
      log.warn({ trigger, path, packets, seconds: held_seconds }, 'saved the most recent packets');
      this.removeOldest();
    });
  }

  private removeOldest(): void {
    const { directory, files_max } = this.options.settings;
    try {
      const files = readdirSync(directory)
        .filter((name) => FILE.test(name))
        .sort();
      for (const name of files.slice(0, Math.max(files.length - files_max, 0)))
        unlinkSync(join(directory, name));
    } catch (error) {
      this.options.log.error({ directory, err: error }, 'cannot remove old captures');
    }
  }
}
