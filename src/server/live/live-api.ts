/**
 * What the HTTP API asks of the live statistics (http/live-source.ts): answers put together from the statistics, the
 * registry, the ledger and the views of other parts.
 *
 * Answers that walk contexts are made in slices, so that nothing waits for them.
 */

import type { Registry } from '../../aggregate/contexts/registry.ts';
import { contextLimitsOf } from '../../config/checks/context-limits.ts';
import { dialectsOf } from '../../config/checks/dialects-of.ts';
import type { Config } from '../../config/schema.ts';
import { compileEnrichSettings, enrichOptionsOf } from '../../enrich/settings.ts';
import type { Workloads } from '../../enrich/tags/tag-table.ts';
import type { Tagger } from '../../enrich/tags/tagger.ts';
import type { HealthReport } from '../../http/health-report.ts';
import type { LiveSource, StreamQuery, TickText, TopQuery } from '../../http/live-source.ts';
import type { WalkSettings } from '../../inspect/explain/walk.ts';
import type { Log } from '../../lib/log.ts';
import type { Steps } from '../../lib/time/steps.ts';
import type { ConnectionsView } from '../../model/connection.ts';
import type { ExplainAnswer } from '../../model/live/line-views.ts';
import type { HistoryAnswer, SeriesAnswer } from '../../model/live/series-views.ts';
import type { AgentStats, ConfigDiff, WithoutAnswer } from '../../model/live/server-views.ts';
import type { TopAnswer, TopRow } from '../../model/live/traffic-views.ts';
import { type ByteString, toByteString } from '../../model/text.ts';
import {
  heldOf,
  type SeriesQuery,
  seriesBySecond,
  seriesFromHistory,
} from '../../statistics/series-answer.ts';
import type { ClientReport } from '../../telemetry/client-telemetry.ts';
import type { CurrentConfig } from '../current-config.ts';
import { runInSlices } from '../slices.ts';
import { dumpContexts, statsOfAgent } from './agent-formats.ts';
import { diffConfig, type LoadAgain } from './config-diff.ts';
import type { LiveStatistics } from './live-statistics.ts';
import type { Lookers } from './lookers.ts';
import { SharedTicks } from './shared-ticks.ts';
import { commonTick, type TickSources } from './stream-tick.ts';
import { exactBounds, topClients, topContexts, topErrors, topOrigins } from './top-answers.ts';
import { type MetricQuery, parseSearch, topMetrics } from './top-metrics.ts';
import { withoutKey } from './without-key.ts';

const FINE_RANGE = 300;
/** Messages a second from which on an answer does not wait for the threads. */
const BUSY_MESSAGES = 1000;
const TAGGED_KEEP_MS = 10_000;
const TAGGED_MAX = 32;

/** What the answers are made of besides the statistics. */
export interface LiveParts extends Pick<TickSources, 'outputs' | 'version' | 'contextsMax'> {
  readonly statistics: LiveStatistics;
  readonly lookers: Lookers;
  readonly registry: Registry;
  /** The configuration in force. */
  readonly current: CurrentConfig;
  /** Knows what the threads know. */
  readonly tagger: () => Tagger;
  readonly clients: () => ClientReport;
  readonly connections: () => Promise<ConnectionsView>;
  readonly overLimit: () => ReadonlySet<ByteString>;
  readonly health: () => HealthReport;
  readonly loadAgain: LoadAgain | undefined;
  readonly log: Log;
  readonly tickSeconds: number;
  /** Unix seconds with fraction. */
  readonly clock: () => number;
}

export class LiveApi implements LiveSource {
  private readonly parts: LiveParts;
  private readonly ticks: SharedTicks;
  /** Names of metrics that have a context with some tags, by the text of the search. */
  private readonly tagged = new Map<string, { readonly at: number; readonly names: ReadonlySet<string> }>();
  private hasFailed = false;
  private walk:
    | { readonly config: Config; readonly workloads: Workloads; readonly settings: WalkSettings }
    | undefined;

  constructor(parts: LiveParts) {
    this.parts = parts;
    this.ticks = new SharedTicks({
      countedAt: () => parts.lookers.countedAt,
      parts: {
        common: () => commonTick({ ...parts, hostname: parts.current.config.hostname }),
        top: async (query) => topMetrics(parts.statistics, query, await this.taggedNames(query.search)),
        series: async (query) => (await this.lookedAt(query)) ?? null,
      },
    });
  }

  async top(query: TopQuery): Promise<TopAnswer> {
    const { lookers, statistics } = this.parts;
    await lookers.refresh(statistics.totals.tickRates().messages > BUSY_MESSAGES);
    const at = this.parts.clock();
    const answer = await this.rowsOf(query);
    return { by: query.by, at, ...answer };
  }

  async series(
    query: Omit<SeriesQuery, 'now'> & { readonly step: number | undefined },
  ): Promise<SeriesAnswer | undefined> {
    const { statistics, registry, lookers, clock } = this.parts;
    const full = { ...query, now: clock() };
    const of = statistics.metrics.get(toByteString(query.metric))?.contexts ?? 0;
    if (query.step === 1) {
      const fine = lookers.lookAt(query.metric);
      const held = heldOf(statistics.values, 0, of);
      const contextOf = (id: number) => (registry.has(id) ? registry.context(id) : undefined);
      const answer =
        fine && seriesBySecond(fine, { ...full, range: Math.min(query.range, FINE_RANGE) }, contextOf, held);
      if (answer !== undefined) return answer;
    }
    return runInSlices(seriesFromHistory(statistics.values, full, of));
  }

  /** Whether a metric is known, so that a page can tell "nothing yet" from "no such metric". */
  knows(metric: string): boolean {
    return this.parts.statistics.metrics.get(toByteString(metric)) !== undefined;
  }

  history(range: number): HistoryAnswer {
    const { statistics, clock } = this.parts;
    const now = clock();
    return {
      ...statistics.totals.history(now, range),
      events: statistics.eventMarks.filter(({ at }) => at >= now - range),
      spikes: statistics.spikeMarks.filter(({ at }) => at >= now - range),
    };
  }

  stream(query: StreamQuery, send: (tick: TickText) => void): (() => void) | undefined {
    const { lookers } = this.parts;
    let isOpen = true;
    let isMaking = false;
    const onTick = (): void => {
      // One that is slow to make, as over many contexts, is not made twice at a time.
      if (isMaking) return;
      isMaking = true;
      void this.tick(query)
        .then((tick) => isOpen && send(tick))
        .catch((error: unknown) => this.onTickFailure(error))
        .finally(() => {
          isMaking = false;
        });
    };
    const stop = lookers.add(onTick);
    if (stop === undefined) return undefined;
    if (query.metric !== undefined) lookers.lookAt(query.metric);
    // The first one at once: a page waits for it.
    onTick();
    return () => {
      isOpen = false;
      stop();
    };
  }

  async explain(
    packet: Uint8Array,
    sender: { readonly source: string; readonly origin: string; readonly pid: number },
  ): Promise<ExplainAnswer> {
    const { explainLines } = await import('./line-verdict.ts');
    const { config } = this.parts.current;
    const settings: WalkSettings = {
      ...this.walkSettings(),
      eolRequired: (config.dogstatsd_eol_required as readonly string[]).includes(sender.source),
      sender: { socket: toByteString(sender.origin), pid: sender.pid },
    };
    return explainLines(Buffer.from(packet).toString('latin1'), settings, config);
  }

  configDiff(): Promise<ConfigDiff> {
    const { current, loadAgain, tickSeconds } = this.parts;
    return diffConfig(current, loadAgain, tickSeconds);
  }

  without(metric: string, key: string): Promise<WithoutAnswer | undefined> {
    return runInSlices(withoutKey(this.parts.registry, metric, key));
  }

  agentStats(): Promise<AgentStats> {
    return runInSlices(statsOfAgent(this.parts.registry));
  }

  dump(): Iterable<string> {
    return dumpContexts(this.parts.registry);
  }

  /** A view that fails has a bug; that must not end the server, and is told once. */
  private onTickFailure(error: unknown): void {
    if (!this.hasFailed)
      this.parts.log.error({ err: error }, 'the live view failed; later failures are not logged');
    this.hasFailed = true;
  }

  /** What lines are walked with under the configuration in force. */
  walkSettings(): WalkSettings {
    const { config, workloads } = this.parts.current;
    if (this.walk?.config === config && this.walk.workloads === workloads) return this.walk.settings;
    const settings: WalkSettings = {
      parse: {
        noAggregationPipeline: config.dogstatsd_no_aggregation_pipeline,
        originDetectionClient: config.dogstatsd_origin_detection_client,
        dialects: dialectsOf(config, 'udp'),
      },
      eolRequired: false,
      enrich: compileEnrichSettings(enrichOptionsOf(config)),
      limits: contextLimitsOf(config),
      tagger: this.parts.tagger(),
      sender: { socket: '', pid: 0 },
    };
    this.walk = { config, workloads, settings };
    return settings;
  }

  private async rowsOf(query: TopQuery): Promise<Omit<TopAnswer<TopRow>, 'by' | 'at'>> {
    const { statistics, registry, clients, connections, clock } = this.parts;
    const { offset, limit, since } = query;
    const now = clock();
    const listeners = () => statistics.totals.listenerRows(statistics.report, now);
    const page = <Row extends TopRow>(rows: readonly Row[], total = rows.length) => ({
      ...{ total, offset, rows: rows.slice(offset, offset + limit) },
      bounds: exactBounds(total, since, statistics.threadCount),
    });
    switch (query.by) {
      case 'listener':
        return page(listeners());
      case 'client':
        return page(topClients(clients()));
      case 'origin':
        // Which of them sent one metric is not known: nothing is better than all of them.
        return page(query.metric === undefined ? topOrigins(await connections(), listeners()) : []);
      case 'errors':
        return page(
          topErrors(statistics.rejected.rows(now, query.since === 0 ? 0 : now - Math.max(since, 600), 64)),
        );
      case 'context': {
        const { rows, total } = await runInSlices(
          topContexts(registry, statistics, { ...query, sort: query.sort ?? 'samples' }, query.metric),
        );
        const { k, total: n, floor } = statistics.refused;
        return {
          total,
          offset,
          rows,
          bounds: { ...exactBounds(registry.size, since, statistics.threadCount), k, n, errorMax: floor },
        };
      }
      default:
        return topMetrics(
          statistics,
          { ...query, sort: sortOf(query) },
          await this.taggedNames(query.search),
        );
    }
  }

  tick(query: StreamQuery): Promise<TickText> {
    return this.ticks.get(query);
  }

  /** The series of the metric that a reader of the stream has open. */
  private async lookedAt({ metric, groupBy: by, seriesType: type, rows: limit }: StreamQuery) {
    return metric === undefined ? undefined : this.series({ metric, range: 15, step: 1, by, type, limit });
  }

  /** Metrics that have a context with the tags of the search; undefined when it names none. */
  private async taggedNames(search: string): Promise<ReadonlySet<string> | undefined> {
    const { tags } = parseSearch(search);
    if (tags.length === 0) return undefined;
    const key = tags.join('\n');
    const now = performance.now();
    const known = this.tagged.get(key);
    if (known !== undefined && now - known.at < TAGGED_KEEP_MS) return known.names;
    const names = await runInSlices(namesWithTags(this.parts.registry, tags.map(toByteString)));
    if (this.tagged.size >= TAGGED_MAX) this.tagged.clear();
    this.tagged.set(key, { at: now, names });
    return names;
  }
}

function sortOf({ by, sort }: TopQuery): MetricQuery['sort'] {
  if (sort !== undefined) return sort;
  return by === 'bytes' || by === 'contexts' || by === 'tag-values' ? by : 'rate';
}

function* namesWithTags(registry: Registry, tags: readonly ByteString[]): Steps<Set<ByteString>> {
  const names = new Set<ByteString>();
  for (let id = 0; id < registry.idEnd; id++) {
    if (id % 500 === 0) yield;
    if (!registry.has(id) || names.has(registry.nameOf(id))) continue;
    const own = registry.context(id).tags;
    if (tags.every((tag) => own.some((one) => one === tag || one.startsWith(`${tag}:`))))
      names.add(registry.nameOf(id));
  }
  return names;
}
