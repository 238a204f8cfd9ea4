/**
 * Always-on statistics of a server, put together: what feeds them and when they are counted up.
 *
 *   sealed part of a bucket ──takePart──▶ metrics, series by the second
 *   aggregates of a flush ───watch─────▶ history of series, last values
 *   every second ────────────look──────▶ totals, rejected lines, losses, spikes
 *   threads' messages ───────▶ rejected lines, events, contexts over a limit
 *
 * While somebody looks on (watch.ts), threads seal a part of their open bucket every second, so that what came is counted
 * within a second. Nothing is done for a sample, or for a packet.
 *
 * Thread  the control thread.
 * Memory  that of its parts; docs/architecture.md lists them.
 */
import type { Registry } from '../../aggregate/contexts/registry.ts';
import type { Steps } from '../../lib/time/steps.ts';
import type { EventMark, Spike } from '../../model/live/series-views.ts';
import type { LossView } from '../../model/live/stream-views.ts';
import type { EventMessage } from '../../model/message.ts';
import type { SealedBucket } from '../../model/sealed-bucket.ts';
import type { Aggregate } from '../../model/series.ts';
import type { OverLimit, RejectedLine } from '../../model/shard-message.ts';
import { toText } from '../../model/text.ts';
import type { HashSeed } from '../../statistics/distinct-counter.ts';
import type { FineSeries } from '../../statistics/fine-series.ts';
import { MetricTable } from '../../statistics/metric-table.ts';
import { RejectedLog } from '../../statistics/rejected-log.ts';
import { SpaceSaving } from '../../statistics/space-saving.ts';
import { TagTable } from '../../statistics/tag-table.ts';
import { ValueLog } from '../../statistics/value-log.ts';
import type { ThreadCounts } from '../../telemetry/counters/thread-counts.ts';
import type { LedgerReport } from '../../telemetry/ledger/ledger-report.ts';
import { type OwnMetric, ownMetric } from '../../telemetry/metric.ts';
import { LISTENER_STAGE, readingsOf, Totals } from './totals.ts';

const LOOK_MS = 1000;
/** Of new contexts a step takes half a millisecond. */
const STEP_SLOTS = 128;
const EVENTS_MAX = 64;
const SPIKES_MAX = 32;
/** A spike is at least so many messages. */
const SPIKE_MIN = 50;
const SPIKE_METRICS = 3;
/** Contexts refused by a limit: counters of SpaceSaving. */
const REFUSED_MAX = 256;

export interface LiveSources {
  readonly registry: Registry;
  /** What every listener thread published. */
  readonly threads: () => readonly ThreadCounts[];
  readonly report: () => LedgerReport;
  /** Everything received before this Unix second is counted, as far as buckets are closed. */
  readonly passed: () => number;
  /** Width of the buckets that threads seal, seconds. */
  readonly tickSeconds: number;
  /** `history.memory_bytes`. */
  readonly memoryBytes: number;
  /** Drawn at start. */
  readonly seed: HashSeed;
  /** Unix seconds with fraction. */
  readonly clock: () => number;
}

export interface ShardSlotIds {
  idOf(slot: number): number;
}

export class LiveStatistics {
  readonly startedAt: number;
  readonly metrics: MetricTable;
  readonly values: ValueLog;
  readonly totals = new Totals();
  readonly rejected = new RejectedLog();
  readonly refused = new SpaceSaving(REFUSED_MAX);
  /** Metrics that somebody looks at; set by who lets them in. */
  fine: readonly FineSeries[] = [];
  private readonly sources: LiveSources;
  private readonly tags: TagTable;
  private readonly events: EventMark[] = [];
  private readonly spikes: Spike[] = [];
  private readonly lossesAt = new Map<string, { count: number; lastAt: number | null }>();
  /** When the last part of each shard was sealed. */
  private readonly partEnds = new Map<number, number>();
  /** How far parts are counted that were sealed before their bucket had closed. */
  private partsCovered = 0;
  private lastReport: LedgerReport | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(sources: LiveSources) {
    this.sources = sources;
    this.startedAt = sources.clock();
    this.tags = new TagTable(sources.seed);
    this.metrics = new MetricTable(sources.registry, this.tags);
    this.values = new ValueLog(this.metrics, sources.memoryBytes);
  }

  start(): void {
    this.look();
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.timer.unref();
  }

  /** Nobody looks on any more: what still comes is not counted, which makes the last flush of a server shorter. */
  stop(): void {
    this.isStopped = true;
    clearInterval(this.timer);
  }

  /** The ledger as of the last second. */
  get report(): LedgerReport {
    this.lastReport ??= this.sources.report();
    return this.lastReport;
  }

  /** Takes what a shard sealed, before it is merged; `sealed` is borrowed. */
  *takePart(shard: number, sealed: SealedBucket, slots: ShardSlotIds): Steps {
    if (this.isStopped) return;
    const now = this.sources.clock();
    const { registry, tickSeconds } = this.sources;
    const bucketEnd = sealed.start + tickSeconds;
    const from = Math.min(Math.max(sealed.start, this.partEnds.get(shard) ?? 0), bucketEnd);
    const to = Math.max(Math.min(now, bucketEnd), from + 0.001);
    this.partEnds.set(shard, Math.min(now, bucketEnd));
    let left = STEP_SLOTS;
    for (const slot of sealed.slots) {
      const id = slots.idOf(slot);
      if (id >= 0) this.metrics.add(id, sealed.samples(slot), from, to, sealed.lastSeen(slot));
      if (left-- > 0) continue;
      yield;
      left = STEP_SLOTS;
    }
    const addTimestamped = (slot: number): void => {
      const id = slots.idOf(slot);
      if (id >= 0) this.metrics.add(id, 1, from, to, to);
    };
    for (let start = 0; start < sealed.timestampedCount; start += STEP_SLOTS) {
      sealed.forEachTimestamped(addTimestamped, start, start + STEP_SLOTS);
      yield;
    }
    if (this.fine.length === 0) return;
    const second = Math.round(Math.min(now, bucketEnd)) - 1;
    const source = {
      idOf: (slot: number) => slots.idOf(slot),
      nameOf: (id: number) => registry.nameOf(id),
      typeOf: (id: number) => registry.typeOf(id),
    };
    for (const fine of this.fine) {
      yield;
      fine.add(sealed, source, second);
    }
  }

  /** All threads have sealed what came before `at`, and it is counted. */
  coverParts(at: number): void {
    this.partsCovered = Math.max(this.partsCovered, at);
    for (const fine of this.fine) fine.moveTo(Math.round(at));
    this.cover();
  }

  /** Looks through the aggregates of a flush, and hands them on. `forgotten` grows meanwhile: ids that are free again. */
  *watch(batches: Iterable<Aggregate[]>, forgotten: readonly number[]): Generator<Aggregate[]> {
    if (this.isStopped) {
      yield* batches;
      return;
    }
    let told = 0;
    for (const batch of this.values.watch(batches)) {
      this.forget(forgotten.slice(told));
      told = forgotten.length;
      yield batch;
    }
    this.forget(forgotten.slice(told));
    this.settle();
  }

  onRejected({ messageType, error, line, at }: RejectedLine, listener: string): void {
    this.rejected.addLine(`${messageType}:${error}`, {
      line: toText(line),
      // A caret stands under a character, not under a byte.
      at: toText(line.slice(0, at)).length,
      listener,
      seenAt: this.sources.clock(),
    });
  }

  onEvent(event: EventMessage, receivedAt: number): void {
    this.events.push({
      at: event.timestamp > 0 ? event.timestamp : receivedAt,
      title: toText(event.title).slice(0, 200),
      alertType: event.alertType,
      tags: event.tags.slice(0, 16).map(toText),
    });
    if (this.events.length > EVENTS_MAX) this.events.shift();
  }

  onOverLimit({ name, tags }: OverLimit): void {
    this.metrics.noteRefused(name, tags);
    this.refused.add([name, ...tags].join('\n').slice(0, 2048));
  }

  /** What the server tells of its statistics on its own page. */
  ownMetrics(viewers: number): OwnMetric[] {
    const { metrics, values, tags } = this;
    const { held, refused } = values.series.counts;
    const gauge = (name: string, help: string, value: number): OwnMetric =>
      ownMetric('gauge', name, help, value);
    return [
      gauge('whippet_statistics_metrics', 'Metrics that the statistics count exactly.', metrics.size),
      gauge(
        'whippet_statistics_tag_keys_left_out',
        'Pairs of metric and tag key there was no room for.',
        tags.leftOut,
      ),
      gauge('whippet_statistics_series_held', 'Series with a history.', held),
      gauge(
        'whippet_statistics_series_left_out',
        'Series without one, because the memory is used up by busier ones.',
        refused,
      ),
      gauge(
        'whippet_statistics_memory_bytes',
        'Memory of the history.',
        values.series.memoryBytes + values.metrics.memoryBytes,
      ),
      gauge('whippet_statistics_viewers', 'Readers of /api/stream.', viewers),
    ];
  }

  get threadCount(): number {
    return this.sources.threads().length;
  }

  /** The last events, oldest first. */
  get eventMarks(): readonly EventMark[] {
    return this.events;
  }

  /** Newest first. */
  get spikeMarks(): readonly Spike[] {
    return [...this.spikes].reverse();
  }

  /** What was lost, with when it last grew. */
  losses(): LossView[] {
    return this.report.losses.map((loss) => ({
      ...loss,
      lastAt: this.lossesAt.get(keyOf(loss))?.lastAt ?? null,
    }));
  }

  /** Real bytes on the wire for each byte that is estimated of lines. */
  get bytesScale(): number {
    let estimated = 0;
    for (const { lineBytes } of this.metrics.values()) estimated += lineBytes;
    const { bytes } = this.totals.received;
    if (estimated === 0 || bytes === 0) return 1;
    // Beyond these something else than metrics came, or much of it was not counted yet.
    return Math.min(4, Math.max(0.05, bytes / estimated));
  }

  private look(): void {
    const { sources } = this;
    const now = sources.clock();
    const report = sources.report();
    this.lastReport = report;
    this.totals.take(now, readingsOf(sources.threads(), report), sources.registry.size);
    const reasons = new Map<string, number>();
    for (const { stage, unit, rejected } of report.totals) {
      if (stage !== LISTENER_STAGE || unit !== 'messages') continue;
      for (const [reason, count] of Object.entries(rejected))
        reasons.set(reason, (reasons.get(reason) ?? 0) + count);
    }
    for (const [reason, count] of reasons) this.rejected.count(reason, count, now);
    this.noteLosses(report, now);
    this.noteSpike(Math.floor(now) - 1);
    this.cover();
  }

  private cover(): void {
    const passed = this.sources.passed();
    this.metrics.covered = Math.max(
      this.partsCovered,
      Number.isFinite(passed) ? passed : 0,
      this.metrics.covered,
    );
  }

  private forget(ids: readonly number[]): void {
    if (ids.length === 0) return;
    this.metrics.forget(ids);
    this.values.series.forget(ids);
  }

  private settle(): void {
    const now = this.sources.clock();
    this.cover();
    this.values.settle(now);
    this.metrics.sweep(now);
    this.explainSpikes();
  }

  private noteLosses({ losses }: LedgerReport, now: number): void {
    for (const loss of losses) {
      const key = keyOf(loss);
      const known = this.lossesAt.get(key);
      if (known === undefined) this.lossesAt.set(key, { count: loss.count, lastAt: now });
      else if (loss.count > known.count) this.lossesAt.set(key, { count: loss.count, lastAt: now });
    }
  }

  /** The Agent's rule: a second with more messages than the four before together. */
  private noteSpike(second: number): void {
    const messages = this.totals.messagesAt(second) ?? 0;
    if (messages < SPIKE_MIN || this.spikes.at(-1)?.at === second) return;
    const before = [1, 2, 3, 4].map((back) => this.totals.messagesAt(second - back));
    if (before.some((one) => one === null)) return;
    const sum = before.reduce<number>((total, one) => total + (one ?? 0), 0);
    if (messages <= sum) return;
    this.spikes.push({ at: second, messages, before: sum / 4, metrics: [] });
    if (this.spikes.length > SPIKES_MAX) this.spikes.shift();
  }

  /** Once their bucket is counted: which metrics grew. */
  private explainSpikes(): void {
    const { covered } = this.metrics;
    this.spikes.forEach((spike, i) => {
      if (spike.metrics.length > 0 || spike.at + 20 > covered + 10) return;
      const start = Math.floor(spike.at / 10) * 10;
      const grown = [...this.metrics.values()]
        .map(({ name, cells }) => ({
          name: toText(name),
          samples: Math.round(cells.sum(start, start + 10) - cells.sum(start - 10, start)),
        }))
        .filter(({ samples }) => samples > 0)
        .sort((a, b) => b.samples - a.samples);
      this.spikes[i] = { ...spike, metrics: grown.slice(0, SPIKE_METRICS) };
    });
  }
}

function keyOf({
  stage,
  name,
  unit,
  reason,
}: {
  stage: string;
  name: string;
  unit: string;
  reason: string;
}): string {
  return `${stage} ${name} ${unit} ${reason}`;
}
