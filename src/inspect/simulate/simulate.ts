/**
 * `simulate`: lines with times in, series out. A virtual clock over the code of the server.
 *
 *   samples ─┐
 *   flush_at ┼─ by time ─▶ shard: core ⇄ resolver ──sealed memory──▶ sampler ──flush──▶ SimulatedSeries
 *   stop_at ─┘
 *
 * Input and result have the shape of the aggregation vectors (test/conformance/aggregation.json): what a
 * case calls `expect` is what comes out. Everything happens within the call; there is no thread, no socket
 * and no real time, so the same input gives the same result.
 *
 * With `cold` the caches are off and every line takes the cold path; that changes nothing but the speed.
 */

import { Registry } from '../../aggregate/contexts/registry.ts';
import { TimeSampler } from '../../aggregate/sampler.ts';
import type { ConfigValues } from '../../config/config-values.ts';
import { loadCoreModule } from '../../core/core-module.ts';
import type { PacketOrigin } from '../../enrich/enrich.ts';
import type { ByteString } from '../../model/text.ts';
import { limitOfNumber } from '../../model/views/cardinality.ts';
import { bytesOf, type PacketSource } from '../explain/explain.ts';
import { SeriesLog, type SimulatedSeries } from './simulate-series.ts';
import { type SimulateSettings, simulateSettings } from './simulate-settings.ts';
import {
  addUnaggregated,
  OUT_OF_RANGE,
  type PacketSender,
  SimulatedShard,
  type Unaggregated,
} from './simulate-shard.ts';
import { checkTimeline, SimulateInputError, type TimedLine, type Timeline } from './simulate-timeline.ts';

/** Keys and values of the server, and the two limits of sketches. */
export type SimulateConfig = ConfigValues & {
  readonly sketch_bin_limit?: number;
  readonly sketch_max_bin_count?: number;
};

export interface SimulateOptions extends Timeline {
  /**
   * Keys and values as in the configuration file, and two for sketches: `sketch_bin_limit` (4096) and
   * `sketch_max_bin_count` (65535). The host name is `agent-host` unless it is given.
   */
  readonly config?: SimulateConfig;
  /** How the packets arrived, for `dogstatsd_eol_required`; `udp` when not given. */
  readonly source?: PacketSource;
  /** Turns the caches off. */
  readonly cold?: boolean;
  /** How many shards take the packets in turn; 1 when not given. */
  readonly shards?: number;
}

/** Throws ConfigError, or SimulateInputError when the timeline makes no sense. Bad lines throw nothing. */
export function simulate(options: SimulateOptions): SimulatedSeries[] {
  const settings = simulateSettings({ values: options.config ?? {} }, options.source);
  return runTimeline(options, settings, options).series;
}

export interface SimulateResult {
  readonly series: SimulatedSeries[];
  readonly unaggregated: Unaggregated;
}

/** Runs a timeline, and tells also what did not become series. */
export function runTimeline(
  timeline: Timeline,
  settings: SimulateSettings,
  { cold = false, shards = 1 }: { readonly cold?: boolean; readonly shards?: number } = {},
): SimulateResult {
  checkTimeline(timeline);
  if (!Number.isInteger(shards) || shards < 1)
    throw new SimulateInputError(`shards is a whole number from 1; it is ${shards}`);
  const simulation = new Simulation(settings, cold, shards);
  for (const { run } of order(timeline, simulation)) run();
  return simulation.finish();
}

interface Step {
  readonly time: number;
  /** Which comes first of those at one time. */
  readonly rank: number;
  readonly run: () => void;
}

function order({ samples, flush_at, stop_at }: Timeline, simulation: Simulation): Step[] {
  const steps: Step[] = [
    ...samples.map((sample, i) => ({
      time: sample.recv ?? sample.at,
      rank: 0,
      run: () => simulation.accept(sample, i),
    })),
    ...flush_at.map((time, i) => ({ time, rank: 1, run: () => simulation.flush(i, time) })),
  ];
  const inTime = stop_at === undefined ? steps : steps.filter(({ time }) => time <= stop_at);
  if (stop_at !== undefined)
    inTime.push({ time: stop_at, rank: 2, run: () => simulation.flush('stop', stop_at) });
  return inTime.sort((a, b) => a.time - b.time || a.rank - b.rank);
}

/** A virtual server whose clock the caller moves; what runTimeline() runs, for those who go on afterwards. */
export class Simulation {
  private readonly registry: Registry;
  private readonly overLimit = new Map<string, number>();
  private readonly sampler: TimeSampler;
  private readonly shards: readonly SimulatedShard[];
  private log = new SeriesLog();

  /** `senderOf` is what the sockets told about the origins that packets name. */
  constructor(
    settings: SimulateSettings,
    cold: boolean,
    shards: number,
    senderOf?: (origin: number) => PacketOrigin,
  ) {
    const registry = new Registry(settings.limits);
    registry.overflowHost = settings.enrich.serverless ? '' : settings.enrich.hostname;
    registry.overflowTags = settings.enrich.hostTags;
    const onOverLimit = (_: number, limit: number, samples: number): void => {
      const key = limitOfNumber(limit);
      this.overLimit.set(key, (this.overLimit.get(key) ?? 0) + samples);
    };
    const sampler = new TimeSampler(registry, { ...settings.sampler, onOverLimit });
    this.registry = registry;
    const module = loadCoreModule();
    this.sampler = sampler;
    this.shards = Array.from(
      { length: shards },
      (_, index) => new SimulatedShard({ index, module, settings, sampler, registry, cold, senderOf }),
    );
  }

  accept({ line, at }: TimedLine, index: number): void {
    this.takePacket(bytesOf(line), at, index);
  }

  /** Takes a packet at Unix time `at`, seconds; `index` chooses the shard, `sender` says how it came. */
  takePacket(packet: ByteString, at: number, index = 0, sender?: PacketSender): void {
    const shard = this.shards[index % this.shards.length] as SimulatedShard;
    shard.ingest(packet, at, sender);
  }

  /** What was flushed since the last call. */
  takeSeries(): SimulatedSeries[] {
    const series = this.log.series();
    this.log = new SeriesLog();
    return series;
  }

  flush(flush: number | 'stop', now: number): void {
    for (const shard of this.shards) shard.seal();
    const { batches } = this.sampler.flush(now, { final: flush === 'stop' });
    for (const batch of batches) for (const aggregate of batch) this.log.add(flush, aggregate);
    const isReturned = this.registry.takeReturned();
    if (isReturned !== undefined) for (const shard of this.shards) shard.readmit(isReturned);
  }

  finish(): SimulateResult {
    // Samples with a timestamp of their own pass through also when no flush follows them. A flush at the
    // beginning of time takes only them: it closes no bucket and ends no context.
    this.flush(Number.POSITIVE_INFINITY, 0);
    const parts = this.shards.map((shard) => shard.unaggregated());
    const sum = parts.reduce(addUnaggregated);
    const outOfRange = (sum.dropped.get(OUT_OF_RANGE) ?? 0) + this.sampler.counts.outOfRangeValues;
    const dropped = outOfRange === 0 ? sum.dropped : new Map([...sum.dropped, [OUT_OF_RANGE, outOfRange]]);
    const unaggregated = { ...sum, dropped, overLimit: this.overLimit };
    return { series: this.log.series(), unaggregated };
  }
}
