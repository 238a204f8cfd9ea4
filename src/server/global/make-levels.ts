/**
 * The levels of global aggregation in a server: a log each, and an owner with where its results go.
 *
 *   one level    topic ─▶ outputs                  two    topic.1 ─▶ topic.2 ─▶ outputs
 *   former       the same for `global.former.topic`, whose last level gives buckets from `until` on to the first log above
 *
 * Groups are named by the topic: the members of a Kafka group all get partitions of all topics that one of them reads.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Config } from '../../config/schema.ts';
import { EDGE_ID_BYTES } from '../../global/chunk/chunk.ts';
import type { GlobalLog } from '../../global/log/log.ts';
import type { MergeSettings } from '../../global/merge/merge-settings.ts';
import { Owner } from '../../global/owner/owner.ts';
import type { OwnerSettings, ResultSink } from '../../global/owner/owner-settings.ts';
import type { Log } from '../../lib/log.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { FormerSink } from './former-sink.ts';
import { type Level, labelOf, OwnedLevel } from './level.ts';
import { LevelSink } from './level-sink.ts';

/** Digits of the hash that stands for a former topic. */
const FORMER_DIGITS = 9;

/** Makes a log on the topics with a prefix; one that may not create them takes what is there. */
export type MakeLog = (topic: string, mayCreate: boolean) => GlobalLog;

/** The log of a level, before anybody reads it. */
export type LevelLog = Omit<Level, 'owned'>;

/** Logs of `global.topic`, and of the topic before it in a server that merges. */
export function levelLogs({ global }: Config, makeLog: MakeLog): LevelLog[] {
  const { role, topic, former, partitions, kafka } = global;
  const logsOf = (prefix: string, count: number, isFormer: boolean): LevelLog[] =>
    (global.levels === 1 ? [prefix] : [`${prefix}.1`, `${prefix}.2`]).map((name, i) => ({
      ...{ number: global.levels === 1 ? 0 : i + 1, topic: name, partitions: count, isFormer },
      log: makeLog(name, !isFormer && kafka.create_topics),
    }));
  const hasFormer = former.topic !== '' && role !== 'edge';
  return [
    ...logsOf(topic, partitions, false),
    ...(hasFormer ? logsOf(former.topic, former.partitions, true) : []),
  ];
}

export interface LevelParts {
  readonly logger: Log;
  /** The outputs; undefined in a server that merges nothing. */
  readonly outputs: ResultSink | undefined;
}

export function makeLevels(
  config: Config,
  logs: readonly LevelLog[],
  { logger, outputs }: LevelParts,
): Level[] {
  const [first] = logs;
  return logs.map((level): Level => {
    if (outputs === undefined || first === undefined) return { ...level, owned: undefined };
    const next = logs.find(
      ({ isFormer, number }) =>
        isFormer === level.isFormer && number === level.number + 1 && level.number > 0,
    );
    const onwards = (to: LevelLog): ResultSink => new LevelSink(to.log, to.partitions, systemClock);
    const last = level.isFormer ? new FormerSink(outputs, onwards(first)) : outputs;
    const sink = next === undefined ? last : onwards(next);
    return { ...level, owned: own(config, logger, level, sink, next === undefined) };
  });
}

function own(
  { global }: Config,
  logger: Log,
  level: LevelLog,
  sink: ResultSink,
  isLast: boolean,
): OwnedLevel {
  const { number, topic, partitions, isFormer, log } = level;
  const merge: MergeSettings = { late: global.late, skew: global.skew, contextsMax: global.contexts };
  const forward = { from: Date.parse(global.former.until) / 1000, partitions: global.partitions };
  const isForwarding = isFormer && isLast;
  const settings: OwnerSettings = {
    merge: isForwarding ? { ...merge, forward } : merge,
    graceSeconds: global.grace_seconds,
    earlyClose: number === 2 && global.early_close,
    openBytesMax: global.open_bytes,
    sketchDelivery: global.sketch_delivery,
    level: number,
    resultPartitions: isLast ? 1 : partitions,
    ...(isForwarding && { forwardAs: `F${hashOf(topic)}` }),
  };
  const clock = systemClock;
  const writer = randomBytes(EDGE_ID_BYTES).toString('latin1');
  const owner = new Owner(`${global.group}.${topic}`, settings, { log, sink, clock, logger, writer });
  return new OwnedLevel(owner, labelOf(level), { clock, logger });
}

function hashOf(topic: string): string {
  return createHash('sha256').update(topic).digest('hex').slice(0, FORMER_DIGITS);
}
