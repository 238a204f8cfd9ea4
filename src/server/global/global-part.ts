/**
 * Global aggregation in a server, as `global.role` says (docs/global.md). Without a role it does not exist.
 *
 *   role edge    flush ─▶ EdgePart ─▶ log
 *   role global  log ─▶ Owner ─▶ outputs                     with two levels: log 1 ─▶ Owner ─▶ log 2 ─▶ Owner ─▶ outputs
 *
 * A Kafka that is away costs the local metrics nothing: the server starts, edges hold what they have, and topics are looked
 * for again. A topic that does not fit is an error in the log and in the health, until it does.
 *
 * Thread  the control thread.
 */
import type { Config } from '../../config/schema.ts';
import { loadKafka } from '../../global/kafka/kafka-client.ts';
import { KafkaLog } from '../../global/kafka/kafka-log.ts';
import type { GlobalLog } from '../../global/log/log.ts';
import type { PartHealth } from '../../http/health-report.ts';
import type { Log } from '../../lib/log.ts';
import { systemClock } from '../../lib/time/clock.ts';
import type { Totals } from '../../telemetry/ledger/ledger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import { EdgePart } from './edge-part.ts';
import { FormerLogs, GONE_MS } from './former-logs.ts';
import { globalHealth } from './global-health.ts';
import { globalMetrics } from './global-metrics.ts';
import { ownerTotals, ownerView } from './global-report.ts';
import { kafkaSettingsOf } from './kafka-settings-of.ts';
import type { Level } from './level.ts';
import { type LevelLog, levelLogs, type MakeLog, makeLevels } from './make-levels.ts';
import { OutputSink, type OutputSinkOptions } from './output-sink.ts';

const ENSURE_RETRY_MIN_MS = 500;
const ENSURE_RETRY_MAX_MS = 15_000;

/** What connects a server to the fleet, before there is anything to send. */
export interface Fleet {
  readonly logs: readonly LevelLog[];
  readonly edge: EdgePart | undefined;
}

/** Undefined without a role. Rejects when the package for Kafka is missing, or the folder of the edge cannot be used. */
export async function openFleet(
  config: Config,
  logger: Log,
  /** How the log of a topic is made; Kafka unless a test says otherwise. */
  logOf?: MakeLog,
  /** How long a former topic is missing before it counts as gone. */
  goneMs = GONE_MS,
): Promise<Fleet | undefined> {
  const { role } = config.global;
  if (role === 'none') return undefined;
  const makeLog = logOf ?? (await kafkaLogs(config, logger));
  const logs = levelLogs(config, makeLog);
  const [first] = logs;
  const isEdge = role === 'edge' || role === 'both';
  if (!isEdge || first === undefined) return { logs, edge: undefined };
  const makeFormer = (topic: string): GlobalLog => makeLog(topic, false);
  const former = new FormerLogs({ makeFormer, clock: systemClock, goneMs });
  return { logs, edge: await EdgePart.open(config, { ...first, former }, logger) };
}

export interface GlobalSurroundings
  extends Omit<OutputSinkOptions, 'histogramAggregates' | 'histogramPercentiles' | 'now'> {
  readonly logger: Log;
}

export class GlobalPart {
  readonly edge: EdgePart | undefined;
  readonly levels: readonly Level[];
  readonly sink: OutputSink | undefined;
  private readonly config: Config;
  private readonly logger: Log;
  /** Why the topics cannot be used. */
  private problem: string | undefined = 'Kafka was not reached yet';
  private formerProblem: string | undefined;
  private isStopping = false;
  private cancel: () => void = () => undefined;
  private starting: Promise<void> = Promise.resolve();

  constructor(config: Config, { logs, edge }: Fleet, around: GlobalSurroundings) {
    const { role } = config.global;
    const { logger } = around;
    this.config = config;
    this.logger = logger;
    this.edge = edge;
    const isOwner = role === 'global' || role === 'both';
    this.sink = isOwner
      ? new OutputSink({
          ...around,
          histogramAggregates: config.histogram_aggregates,
          histogramPercentiles: config.histogram_percentiles,
          now: () => Date.now() / 1000,
        })
      : undefined;
    this.levels = makeLevels(config, logs, { logger, outputs: this.sink });
  }

  /** Looks for the topics, and begins to send and to own when they are there. */
  start(): void {
    this.starting = this.tryStart(ENSURE_RETRY_MIN_MS);
  }

  /** Other rules are in force. */
  useRules(): void {
    this.sink?.forgetRules();
    this.edge?.useRules();
  }

  /** Gives partitions to others, before the outputs close. */
  async stopOwners(): Promise<void> {
    this.isStopping = true;
    this.cancel();
    await this.starting;
    await Promise.all(this.levels.map(({ owned }) => owned?.stop()));
  }

  /** Sends what the last flush left, for at most `waitMs`, and closes; partials that are lost. */
  async stop(waitMs: number): Promise<number> {
    this.isStopping = true;
    this.cancel();
    await this.starting;
    const lost = (await this.edge?.stop(waitMs)) ?? 0;
    await Promise.all(this.levels.map(({ log }) => log.close()));
    return lost;
  }

  totals(): Totals[] {
    const owned = this.levels.flatMap((level) =>
      level.owned === undefined ? [] : ownerTotals(level.owned.owner, ledgerNameOf(level)),
    );
    return [...(this.edge === undefined ? [] : [this.edge.totals()]), ...owned];
  }

  /** What GET /api/global answers. */
  view(): object {
    const { role, topic, partitions } = this.config.global;
    const now = Date.now() / 1000;
    return {
      role,
      topic,
      partitions,
      problem: this.problem ?? this.formerProblem ?? null,
      edge: this.edge?.view() ?? null,
      levels: this.levels.flatMap(({ owned, number, topic: ofLevel, isFormer }) =>
        owned === undefined
          ? []
          : {
              level: number,
              topic: ofLevel,
              isFormer,
              ...ownerView(owned.owner, owned.edges.at(now), owned.partialsPerSecond, now),
            },
      ),
      results:
        this.sink === undefined
          ? null
          : {
              aggregates: this.sink.aggregates,
              skippedSketches: this.sink.skippedSketches,
              unreadable: this.sink.unreadable,
            },
    };
  }

  metrics(): OwnMetric[] {
    return globalMetrics(this.levels, this.edge, Date.now() / 1000);
  }

  health(): PartHealth[] {
    const problems = [this.problem, this.formerProblem].filter((one) => one !== undefined);
    return globalHealth(this.levels, this.edge, problems, Date.now() / 1000);
  }

  private async tryStart(retryMs: number): Promise<void> {
    try {
      for (const { log, partitions, isFormer } of this.levels)
        if (!isFormer) await this.ensure(log, partitions);
    } catch (error) {
      const isNew = this.problem !== (error as Error).message;
      this.problem = (error as Error).message;
      if (isNew) this.logger.error({ err: error }, 'global aggregation cannot start; retrying');
      if (this.isStopping) return;
      this.cancel = systemClock.after(retryMs, () => {
        this.starting = this.tryStart(Math.min(retryMs * 2, ENSURE_RETRY_MAX_MS));
      });
      return;
    }
    this.problem = undefined;
    if (this.isStopping) return;
    const { role, topic, partitions } = this.config.global;
    this.logger.info({ role, topic, partitions }, 'global aggregation is up');
    this.edge?.sender.start();
    for (const { owned, isFormer } of this.levels) if (!isFormer) await owned?.start();
    await this.startFormer(ENSURE_RETRY_MIN_MS);
  }

  private async ensure(log: GlobalLog, partitions: number): Promise<void> {
    for (const warning of (await log.ensure(partitions)).warnings) this.logger.warn({}, warning);
  }

  /** Finishes the log before this one; looks for it again until it is there. */
  private async startFormer(retryMs: number): Promise<void> {
    const former = this.levels.filter(({ isFormer }) => isFormer);
    if (former.length === 0 || this.isStopping) return;
    try {
      for (const { log, partitions } of former) await this.ensure(log, partitions);
    } catch (error) {
      const { message } = error as Error;
      if (this.formerProblem !== message)
        this.logger.error({ err: error }, 'cannot finish the former log of global aggregation; retrying');
      this.formerProblem = message;
      if (this.isStopping) return;
      this.cancel = systemClock.after(retryMs, () => {
        this.starting = this.startFormer(Math.min(retryMs * 2, ENSURE_RETRY_MAX_MS));
      });
      return;
    }
    this.formerProblem = undefined;
    if (this.isStopping) return;
    for (const { owned } of former) await owned?.start();
  }
}

async function kafkaLogs(config: Config, logger: Log): Promise<MakeLog> {
  const kafka = await loadKafka();
  return (topic, mayCreate) => {
    const settings = { ...kafkaSettingsOf(config, topic), createTopics: mayCreate };
    return new KafkaLog({ kafka, logger, clock: systemClock, settings });
  };
}

function ledgerNameOf({ number, isFormer }: Level): string {
  return [...(isFormer ? ['former'] : []), ...(number === 0 ? [] : [`level ${number}`])].join(' ');
}
