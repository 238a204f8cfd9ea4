/**
 * Flushes: what closed buckets hold goes to the outputs, and with `global.role` the fleet's results between two flushes.
 *
 *   ticker ─▶ flush ─▶ inbox: the server's own counts, sampler ─▶ outputs ─▶ contexts that fit again, status, memory
 *
 * Never two at a time: everything that delivers goes through the ticker.
 *
 * Thread  the control thread.
 */
import type { Registry } from '../../aggregate/contexts/registry.ts';
import type { FlushOptions, FlushResult, TimeSampler } from '../../aggregate/sampler.ts';
import type { Steps } from '../../lib/time/steps.ts';
import type { Ticker } from '../../lib/time/ticker.ts';
import type { Aggregate } from '../../model/series.ts';
import type { FanOut } from '../../outputs/fan-out.ts';
import type { FlushInfo } from '../../outputs/output.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type OwnMetric, ownMetric } from '../../telemetry/metric.ts';
import type { EdgePart } from '../global/edge-part.ts';
import type { LiveStatistics } from '../live/live-statistics.ts';
import { giveMemoryBack } from '../threads/give-way.ts';
import type { Inbox } from '../threads/inbox.ts';
import type { ListenerThreads } from '../threads/listener-threads.ts';
import type { Merging } from '../threads/merging.ts';
import type { CardinalityWatch } from '../watches/cardinality-watch.ts';
import type { SelfTelemetry } from '../watches/self-telemetry.ts';
import type { UnknownFieldWatch } from '../watches/unknown-field-watch.ts';

export interface FlusherParts {
  readonly log: Logger;
  /** `bucket_seconds`. */
  readonly bucketSeconds: number;
  readonly threads: ListenerThreads;
  readonly ticker: Ticker;
  readonly inbox: Inbox;
  readonly registry: Registry;
  readonly sampler: TimeSampler;
  readonly outputs: FanOut;
  /** Present where the server is an edge of a fleet. */
  readonly edge: EdgePart | undefined;
  readonly merging: Merging;
  readonly self: SelfTelemetry;
  readonly statistics: LiveStatistics;
  readonly cardinality: CardinalityWatch;
  readonly unknownFields: UnknownFieldWatch;
}

export class Flusher {
  private readonly parts: FlusherParts;
  private flushes = 0;
  private underWay = false;

  constructor(parts: FlusherParts) {
    this.parts = parts;
  }

  /** Flushes since the start. */
  get count(): number {
    return this.flushes;
  }

  /** Whether a flush has begun and not ended: what it took is neither in open buckets nor with all outputs. */
  get isFlushing(): boolean {
    return this.underWay;
  }

  /** Delivers the buckets that have closed; false when there can be none. */
  async flushClosed(): Promise<boolean> {
    const at = Date.now() / 1000;
    if (!this.parts.sampler.isDue(at)) return false;
    await this.flush(at, { final: false });
    return true;
  }

  /** Delivers what open buckets hold, without waiting for their end; resolves with the number of aggregates. */
  async flushOpen(): Promise<number> {
    const { threads, ticker } = this.parts;
    await Promise.all(threads.list.map((thread) => thread.seal()));
    return ticker.between(() => this.flush(Date.now() / 1000, { final: false, openToo: true }));
  }

  /** The flush before the outputs close, when the ticker has stopped. */
  async flushLast(): Promise<void> {
    await this.flush(Date.now() / 1000, { final: true });
  }

  metrics(): OwnMetric[] {
    return [ownMetric('counter', 'whippet_aggregate_flushes_total', 'Flushes.', this.flushes)];
  }

  private async flush(at: number, options: FlushOptions): Promise<number> {
    const { log, inbox, registry, sampler, outputs, edge, merging, self, statistics, unknownFields } =
      this.parts;
    this.underWay = true;
    const { batches, forgotten } = await inbox.run(() => this.flushSteps(at, options));
    const aggregates = await outputs.deliver(
      flushInfo(at, this.parts.bucketSeconds, options.final, sampler),
      statistics.watch(self.watch(batches), forgotten),
      forgotten,
    );
    this.underWay = false;
    edge?.endFlush(forgotten);
    merging.readmit();
    this.flushes++;
    giveMemoryBack();
    unknownFields.warn();
    log.debug({ aggregates, contexts: registry.size, forgotten: forgotten.length }, 'flushed');
    return aggregates;
  }

  private *flushSteps(at: number, options: FlushOptions): Steps<FlushResult> {
    const { self, cardinality, sampler } = this.parts;
    yield* self.beforeFlush(at, options.final);
    cardinality.settle();
    return yield* sampler.flushSteps(at, options);
  }
}

/**
 * Gives batches that no flush made, such as the fleet's merged results, to the outputs between two flushes. Resolves with
 * false when they were not delivered, because they were no longer current when their turn came.
 */
export function deliverBetweenFlushes(
  batches: Iterable<Aggregate[]>,
  isCurrent: () => boolean,
  {
    ticker,
    outputs,
    sampler,
    bucketSeconds,
  }: Pick<FlusherParts, 'ticker' | 'outputs' | 'sampler' | 'bucketSeconds'>,
): Promise<boolean> {
  return ticker.between(async () => {
    if (!isCurrent()) return false;
    await outputs.deliver(flushInfo(Date.now() / 1000, bucketSeconds, false, sampler), batches);
    return true;
  });
}

function flushInfo(at: number, interval: number, final: boolean, sampler: TimeSampler): FlushInfo {
  return { at, interval, final, expirySecondsOf: (id) => sampler.expirySecondsOf(id) };
}
