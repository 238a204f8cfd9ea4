/**
 * Who looks on, and what is done for them: once a second the threads seal a part of their open bucket, the parts are
 * counted, and everyone is told.
 *
 *   second ─▶ threads seal a part ─▶ parts are merged ─▶ counted up to here ─▶ every viewer
 *
 * A viewer may look at one metric: that is then kept by the second (statistics/fine-series.ts), for KEEP_SECONDS more
 * than somebody looks at it, so that a page that is reloaded finds it.
 *
 * Limits  VIEWERS_MAX streams; FINE_MAX metrics by the second. Sealing takes a tenth of the time at most: when merging
 *         the parts took 300 ms, the next ones are sealed 3 s later.
 */
import type { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import { toByteString } from '../../model/text.ts';
import { FineSeries } from '../../statistics/fine-series.ts';
import type { Inbox } from '../threads/inbox.ts';
import type { LiveStatistics } from './live-statistics.ts';

export const VIEWERS_MAX = 16;
const FINE_MAX = 8;
const KEEP_SECONDS = 30;
const TICK_MS = 1000;
/** Parts are asked for so long after a second has begun. */
const AFTER_MS = 10;
/** How long a tick waits for threads that are busy, ms. */
const PATIENCE_MS = 400;
/** The same for one answer. */
const BUSY_PATIENCE_MS = 15;
const IDLE_PATIENCE_MS = 300;
const COST_SHARE = 10;

export interface LookersOptions {
  readonly statistics: LiveStatistics;
  readonly threads: readonly Pick<ListenerThread, 'sealPart'>[];
  readonly inbox: Pick<Inbox, 'run'>;
  /** Unix seconds with fraction. */
  readonly clock: () => number;
}

export class Lookers {
  private readonly options: LookersOptions;
  private readonly viewers = new Set<() => void>();
  /** Until when a metric is kept by the second. */
  private readonly lookedAt = new Map<string, { readonly series: FineSeries; until: number }>();
  private timer: NodeJS.Timeout | undefined;
  private nextPartsAt = 0;
  private _countedAt = Number.NEGATIVE_INFINITY;
  /** The parts that are being sealed. */
  private underWay: Promise<void> | undefined;
  private sealedAt = Number.NEGATIVE_INFINITY;

  constructor(options: LookersOptions) {
    this.options = options;
  }

  get count(): number {
    return this.viewers.size;
  }

  /** When everyone was told last, ms of performance.now(): what was made before is of another second. */
  get countedAt(): number {
    return this._countedAt;
  }

  /** Calls `onTick` every second; what it returns ends that. Undefined when too many look on already. */
  add(onTick: () => void): (() => void) | undefined {
    if (this.viewers.size >= VIEWERS_MAX) return undefined;
    this.viewers.add(onTick);
    if (this.timer === undefined) this.schedule();
    return () => void this.viewers.delete(onTick);
  }

  /** Somebody looks at a metric: it is kept by the second from now on, and a while longer. */
  lookAt(metric: string): FineSeries | undefined {
    const now = this.options.clock();
    const known = this.lookedAt.get(metric);
    if (known !== undefined) {
      known.until = now + KEEP_SECONDS;
      return known.series;
    }
    this.dropUnseen(now);
    if (this.lookedAt.size >= FINE_MAX) return undefined;
    const series = new FineSeries(toByteString(metric), Math.floor(now) + 1);
    this.lookedAt.set(metric, { series, until: now + KEEP_SECONDS });
    this.publish();
    if (this.timer === undefined) this.schedule();
    return series;
  }

  /**
   * Counts what came up to now, for an answer that is asked for once; at most once a second. A server that is busy is
   * not waited for long: the answer may then be a second old. An idle thread looks at its messages every 250 ms.
   */
  async refresh(isBusy: boolean): Promise<void> {
    if (
      this.underWay !== undefined ||
      performance.now() < Math.max(this.nextPartsAt, this.sealedAt + TICK_MS)
    )
      return;
    await this.sealParts(this.options.clock(), isBusy ? BUSY_PATIENCE_MS : IDLE_PATIENCE_MS);
  }

  /**
   * Has what came up to now merged, for a scrape: whatever is sealed already is waited for, and otherwise sealed, unless
   * that has taken its share of the time.
   */
  async mergeOpen(): Promise<void> {
    if (this.underWay !== undefined) return waitFor(this.underWay, PATIENCE_MS);
    if (performance.now() >= this.nextPartsAt) await this.sealParts(this.options.clock());
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.viewers.clear();
    this.lookedAt.clear();
  }

  private schedule(): void {
    const inSecond = (this.options.clock() * 1000) % TICK_MS;
    this.timer = setTimeout(() => void this.tick(), TICK_MS - inSecond + AFTER_MS);
    this.timer.unref();
  }

  private async tick(): Promise<void> {
    const now = this.options.clock();
    this.dropUnseen(now);
    if (this.viewers.size === 0 && this.lookedAt.size === 0) {
      this.timer = undefined;
      return;
    }
    if (this.underWay === undefined && performance.now() >= this.nextPartsAt) await this.sealParts(now);
    this._countedAt = performance.now();
    for (const onTick of [...this.viewers]) onTick();
    if (this.timer !== undefined) this.schedule();
  }

  /** Resolves when the parts are counted, or when that takes too long; it then goes on by itself. */
  private sealParts(now: number, patienceMs = PATIENCE_MS): Promise<void> {
    const { threads, inbox, statistics } = this.options;
    const begun = performance.now();
    this.sealedAt = begun;
    const counted = Promise.all(threads.map((thread) => thread.sealPart()))
      // What they told is in the inbox before this.
      .then(() => inbox.run(nothing))
      .then(() => statistics.coverParts(now))
      .finally(() => {
        this.underWay = undefined;
        const cost = performance.now() - begun;
        // Up to 250 ms a thread that waits for packets does not look at its messages; that is no work.
        this.nextPartsAt = begun + Math.max(0, (cost - 270) * COST_SHARE);
      });
    this.underWay = counted;
    return waitFor(counted, patienceMs);
  }

  private dropUnseen(now: number): void {
    let any = false;
    for (const [metric, { until }] of this.lookedAt) {
      if (until > now) continue;
      this.lookedAt.delete(metric);
      any = true;
    }
    if (any) this.publish();
  }

  private publish(): void {
    this.options.statistics.fine = [...this.lookedAt.values()].map(({ series }) => series);
  }
}

/** Resolves with `work`, or when that takes too long. */
function waitFor(work: Promise<void>, patienceMs: number): Promise<void> {
  return Promise.race([work, new Promise<void>((resolve) => setTimeout(resolve, patienceMs).unref())]);
}

function* nothing(): Generator<void, void, void> {}
