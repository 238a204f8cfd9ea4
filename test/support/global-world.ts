/**
 * Servers of a fleet in one process, as far as global aggregation goes: GlobalParts on logs in memory, one cluster for each
 * topic. Buckets are of the past, so that they close as soon as they are read.
 */
import { Registry } from '../../src/aggregate/contexts/registry.ts';
import { loadConfig } from '../../src/config/load.ts';
import { KafkaTopicError } from '../../src/global/kafka/kafka-topics.ts';
import type { GlobalLog } from '../../src/global/log/log.ts';
import { MemoryCluster, MemoryLog } from '../../src/global/log/memory-log.ts';
import { systemClock } from '../../src/lib/time/clock.ts';
import type { Context } from '../../src/model/context.ts';
import type { PartialData } from '../../src/model/partial-data.ts';
import type { Aggregate } from '../../src/model/series.ts';
import { GlobalPart, openFleet } from '../../src/server/global/global-part.ts';
import type { Totals } from '../../src/telemetry/ledger/ledger.ts';
import { registryLimits } from './limits.ts';

export const WORLD_WIDTH = 1;
const DEADLINE_MS = 60_000;
const GONE_MS = 300;

export interface WorldServer {
  readonly part: GlobalPart;
  /** What its outputs were given. */
  readonly aggregates: Aggregate[];
  readonly lines: { readonly level: string; readonly fields: object; readonly sentence: string }[];
  /** What its outputs count; none unless a test says so. */
  outputTotals: Totals[];
  isCurrentBroken: boolean;
}

export class GlobalWorld {
  private readonly clusters = new Map<string, MemoryCluster>();
  private readonly servers: WorldServer[] = [];
  /** What goes wrong with logs of a topic. */
  readonly broken = new Map<string, (log: MemoryLog) => Partial<GlobalLog>>();

  clusterOf(topic: string): MemoryCluster {
    const known = this.clusters.get(topic) ?? new MemoryCluster();
    this.clusters.set(topic, known);
    return known;
  }

  /** One that may not create its topic is refused when nobody has. */
  log(topic: string, mayCreate = true): GlobalLog {
    if (!mayCreate) return this.existing(topic);
    const log = new MemoryLog(this.clusterOf(topic), { clock: systemClock });
    const broken = this.broken.get(topic)?.(log);
    if (broken === undefined) return log;
    return {
      ensure: broken.ensure ?? ((...of) => log.ensure(...of)),
      append: broken.append ?? ((...of) => log.append(...of)),
      own: broken.own ?? ((...of) => log.own(...of)),
      read: broken.read ?? ((...of) => log.read(...of)),
      last: broken.last ?? ((...of) => log.last(...of)),
      close: () => log.close(),
    };
  }

  private existing(topic: string): GlobalLog {
    const log = this.log(topic);
    return {
      ensure: async (partitions) => {
        if (this.clusterOf(topic).partitions !== partitions) throw new KafkaTopicError(`no topic ${topic}`);
        return log.ensure(partitions);
      },
      append: (...of) => log.append(...of),
      own: (...of) => log.own(...of),
      read: (...of) => log.read(...of),
      last: (...of) => log.last(...of),
      close: () => log.close(),
    };
  }

  /** Opens and starts a server with such a `global` section. */
  async start(global: object, more: object = {}): Promise<WorldServer> {
    const values = {
      hostname: 'h',
      ...more,
      global: {
        grace_seconds: 0,
        partitions: 4,
        ...global,
        kafka: { brokers: ['k:1'] },
      },
    };
    const { config } = loadConfig({ values });
    const lines: WorldServer['lines'] = [];
    const note =
      (level: string) =>
      (fields: object, sentence: string): void =>
        void lines.push({ level, fields, sentence });
    const aggregates: Aggregate[] = [];
    const server: Omit<WorldServer, 'part'> = { aggregates, lines, outputTotals: [], isCurrentBroken: false };
    const logger = { info: note('info'), warn: note('warn'), error: note('error') };
    const fleet = await openFleet(config, logger, (topic, mayCreate) => this.log(topic, mayCreate), GONE_MS);
    if (fleet === undefined) throw new Error('a server of the world has a role');
    const part = new GlobalPart(config, fleet, {
      logger,
      registry: new Registry(registryLimits(10_000)),
      ruleOf: () => undefined,
      isFiltered: () => false,
      deliver: async (batches, isCurrent) => {
        if (server.isCurrentBroken || !isCurrent()) return false;
        for (const batch of batches) aggregates.push(...batch);
        return true;
      },
      outputTotals: () => server.outputTotals,
    });
    const whole = Object.assign(server, { part });
    this.servers.push(whole);
    part.start();
    return whole;
  }

  /** Stops all that runs. */
  async dispose(): Promise<void> {
    for (const { part } of this.servers.splice(0)) {
      await part.stopOwners();
      await part.stop(0);
    }
  }
}

/** A bucket that has just ended. */
export function lastBucket(): { readonly start: number; readonly widthSeconds: number } {
  const start = Math.floor(Date.now() / 1000 / WORLD_WIDTH) * WORLD_WIDTH - WORLD_WIDTH;
  return { start, widthSeconds: WORLD_WIDTH };
}

export function counterContext(id: number, name: string, tags: readonly string[] = []): Context {
  return { id, name, type: 'counter', host: '', tags, scope: 'global' };
}

/** One flush of an edge with these contexts. */
export function flush(
  { part }: WorldServer,
  what: readonly (readonly [Context, PartialData])[],
  bucket = lastBucket(),
): void {
  const { edge } = part;
  if (edge === undefined) throw new Error('the server is no edge');
  // What a plan of the sampler has, as far as an edge reads it.
  const plan = { gauge: 'last', globalTags: undefined } as unknown as Parameters<typeof edge.onPartial>[3];
  for (const [context, data] of what)
    edge.onPartial(context, bucket as Parameters<typeof edge.onPartial>[1], data, plan);
  edge.endFlush([]);
}

export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What counters of a name came to in the outputs of a server. */
export function totalOf({ aggregates }: WorldServer, name: string): number {
  return aggregates
    .filter(({ context }) => context.name === name)
    .reduce((sum, { data }) => sum + (data.kind === 'counter' ? data.sum : 0), 0);
}
