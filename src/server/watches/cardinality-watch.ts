/**
 * Watches the limits on cardinality: says in the log when a metric goes over one and when it is within again, which tag
 * key grew, and keeps the last reports.
 *
 *   sampler ──samples over──▶ log of episodes ──once a flush──▶ begun ─▶ look through the contexts, in slices ─▶ warning
 *   threads ──some contexts──▶       └──────────────────────────▶ ended ─▶ info
 *
 * Thread  the control thread.
 * Limits  those of the log of episodes (aggregate/overflow-log.ts); WARNINGS_MAX warnings a minute, the rest counted;
 *         a slice is SLICE_CONTEXTS contexts, and nothing else waits for longer than it takes.
 */
import { setImmediate as giveWay } from 'node:timers/promises';
import type { Registry } from '../../aggregate/contexts/registry.ts';
import { type Changes, type Episode, OverflowLog } from '../../aggregate/overflow-log.ts';
import { type ByteString, toText } from '../../model/text.ts';
import { limitOfNumber, OVER, OVERFLOW_NAME } from '../../model/views/cardinality.ts';
import type { CardinalityReport } from '../../model/views/cardinality-report.ts';
import { toSafeText } from '../../outputs/safe-text.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type OwnMetric, ownMetric, ownMetricBy } from '../../telemetry/metric.ts';

const WARNINGS_MAX = 10;
const WARNINGS_MS = 60_000;
const SLICE_CONTEXTS = 250;
/** Contexts that the registry had no room for are looked into up to so many a flush. */
const SAMPLES_MAX = 500;
const TAG_KEYS = 5;
const LARGEST = 3;
/** The text of a context that no key limits, bytes. */
const CONTEXT_BYTES = 131_072;

const LIMIT_KEYS = [
  'contexts',
  'contexts_per_metric',
  'contexts_per_origin',
  'tags',
  'tag_value_bytes',
  'dry_run',
] as const;

export interface CardinalityLimitsSet {
  readonly contexts: number;
  readonly contexts_per_metric: number;
  readonly contexts_per_origin: number;
  readonly tags: number;
  readonly tag_value_bytes: number;
  readonly dry_run: boolean;
}

export class CardinalityWatch {
  private readonly limits: CardinalityLimitsSet;
  private readonly registry: Registry;
  private readonly logger: Logger;
  private readonly log: OverflowLog;
  private sampled = 0;
  private warnings = 0;
  private warningsSince = 0;
  private heldBack = 0;
  /** The last look through the contexts; the next one waits for it. */
  private looking: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(limits: CardinalityLimitsSet, registry: Registry, logger: Logger) {
    this.limits = limits;
    this.registry = registry;
    this.logger = logger;
    this.log = new OverflowLog(limits.tag_value_bytes);
  }

  /** Samples of context `id` were over a limit. */
  count(id: number, limit: number, samples: number): void {
    this.log.count(id, limit, samples);
  }

  /** One of the contexts over a limit, from a listener thread. */
  sample(limit: number, name: ByteString, tags: readonly ByteString[]): void {
    this.log.sample(limit, name, tags, now());
  }

  /** The same from the registry: name LF host LF tags. */
  sampleText(limit: number, text: ByteString): void {
    if (this.sampled++ >= SAMPLES_MAX) return;
    const [name = '', , ...tags] = text.split('\n');
    this.sample(limit, name, tags);
  }

  /** Before a flush: notices what has begun and ended. */
  settle(): void {
    this.sampled = 0;
    const changes = this.log.settle(now(), (id) => this.registry.nameOf(id));
    if (changes.begun.length === 0 && changes.ended.length === 0) return;
    this.looking = this.looking.then(() => this.notify(changes));
  }

  /** Resolves when everything noticed so far has been told. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.looking;
  }

  /** The metrics that are over a limit, and those that were. */
  reports(): CardinalityReport[] {
    return this.log
      .episodes()
      .map((episode) => this.reportOf(episode, this.registry.contextsOf(episode.name)));
  }

  /** The metrics that are over a limit now. */
  namesOver(): Set<ByteString> {
    return new Set(
      this.log
        .episodes()
        .filter(({ until }) => until === undefined)
        .map(({ name }) => name),
    );
  }

  /** What GET /api/cardinality answers. */
  view(): object {
    return {
      limits: Object.fromEntries(LIMIT_KEYS.map((key) => [key, this.limits[key]])),
      contexts: this.registry.counts.total,
      overflowSeries: this.registry.overflowSize,
      largest: this.largest(),
      samplesOver: Object.fromEntries(this.log.totals()),
      reports: this.reports(),
    };
  }

  metrics(): OwnMetric[] {
    return [
      ownMetricBy(
        'counter',
        'whippet_aggregate_samples_over_limit_total',
        'Samples over a limit on cardinality: accepted, into the overflow series of their metric.',
        'limit',
        this.log.totals(),
      ),
      ownMetric(
        'counter',
        'whippet_aggregate_samples_unnamed_total',
        'Those of them that went to the series whippet.overflow, because too many metrics are over.',
        this.log.unnamedSamples,
      ),
      ownMetric(
        'gauge',
        'whippet_aggregate_metrics_over_limit',
        'Metrics that are over a limit now.',
        this.log.episodes().filter(({ until }) => until === undefined).length,
      ),
    ];
  }

  private async notify({ begun, ended }: Changes): Promise<void> {
    await this.lookThrough(begun);
    for (const episode of begun) this.warn(episode);
    for (const { limit, name, samples, since, until = since } of ended) {
      this.logger.info(
        { limit: keyOf(limit), metric: toSafeText(name), samples, seconds: Math.round(until - since) },
        'a metric is within its limit again',
      );
    }
  }

  /** Feeds the tags of the metrics' own contexts, too: those over the limit alone may be few. */
  private async lookThrough(begun: readonly Episode[]): Promise<void> {
    const episodes = new Map<ByteString, Episode>();
    for (const episode of begun) if (growsByCount(episode)) episodes.set(episode.name, episode);
    if (episodes.size === 0) return;
    let visited = 0;
    for (const id of this.registry.ids()) {
      const episode = episodes.get(this.registry.nameOf(id));
      if (episode !== undefined && !this.registry.isOverflow(id))
        episode.growth.add(this.registry.context(id).tags);
      if (++visited % SLICE_CONTEXTS === 0 && !this.isClosed) await giveWay();
    }
  }

  private warn(episode: Episode): void {
    const time = performance.now();
    if (this.warnings === 0 || time - this.warningsSince > WARNINGS_MS) {
      this.warnings = 0;
      this.warningsSince = time;
    }
    if (this.warnings++ >= WARNINGS_MAX) {
      this.heldBack++;
      return;
    }
    const { key, configured, metric, tagKeys, dryRun, samples } = this.reportOf(episode, 0);
    const [grown] = tagKeys;
    const isTotal = episode.limit === OVER.contexts;
    this.logger.warn(
      {
        limit: key,
        configured,
        metric,
        ...(grown && { tagKey: grown.key, values: grown.distinct, examples: grown.examples }),
        ...(isTotal && { largest: this.largest() }),
        samples,
        ...(this.heldBack > 0 && { heldBack: this.heldBack }),
        dryRun,
      },
      dryRun
        ? `a metric is over ${key}; only reported (limits.dry_run)`
        : `a metric is over ${key}: what is beyond goes to one series with whippet.overflow:true; take the tag off with a rule (drop_tags) or at the sender, or raise ${key}`,
    );
    this.heldBack = 0;
  }

  private largest(): { metric: string; contexts: number }[] {
    return this.registry
      .largest(LARGEST)
      .map(({ name, contexts }) => ({ metric: toSafeText(name), contexts }));
  }

  private reportOf(episode: Episode, contexts: number): CardinalityReport {
    const { limit, name, since, until, samples, growth } = episode;
    const named = limitOfNumber(limit);
    return {
      limit: named,
      key: keyOf(limit),
      configured: named === 'context_bytes' ? CONTEXT_BYTES : this.limits[named],
      metric: toText(name),
      active: until === undefined,
      dryRun: this.limits.dry_run && named !== 'context_bytes',
      since,
      until: until ?? null,
      samples,
      contexts,
      tagKeys: growth.report(TAG_KEYS),
    };
  }
}

/** Whether more contexts, and not a larger one, led over the limit. */
function growsByCount({ limit, name }: Episode): boolean {
  return (
    name !== OVERFLOW_NAME && (limit === OVER.contexts || limit === OVER.metric || limit === OVER.origin)
  );
}

function keyOf(limit: number): string {
  const named = limitOfNumber(limit);
  return named === 'context_bytes' ? 'the size of a context' : `limits.${named}`;
}

function now(): number {
  return Date.now() / 1000;
}
