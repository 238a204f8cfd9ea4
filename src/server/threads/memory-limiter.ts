/**
 * The rate limiter as the control thread sees it: finds what memory it goes by, and tells the log when it slows the
 * intake. The listener threads do the slowing (listeners/memory/rate-limiter.ts).
 */
import type { Config } from '../../config/schema.ts';
import { findMemorySource, MemoryUsage } from '../../listeners/memory/memory-usage.ts';
import type { RateLimiterSettings } from '../../listeners/thread/listener-settings.ts';
import { type ListenerCounters, largest, sum } from '../../telemetry/counters/listener-counters.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { TroubleLog } from '../../telemetry/trouble-log.ts';

const TROUBLES = [
  ['limiterLow', 'memory runs short: receiving is slowed'],
  [
    'limiterHigh',
    'memory is short: nothing is received until it is freed; raise the limit or lower limits.*',
  ],
  ['limiterReadErrors', 'memory cannot be measured: receiving is not slowed'],
] as const;

export class MemoryLimiter {
  readonly settings: RateLimiterSettings;
  private readonly log: Logger;
  private readonly troubles: TroubleLog;

  /** Undefined when it is off. `threads` are the counters of all listener threads. */
  static open(
    config: Config,
    log: Logger,
    threads: () => readonly ListenerCounters[],
  ): MemoryLimiter | undefined {
    return config.dogstatsd_mem_based_rate_limiter.enabled
      ? new MemoryLimiter(config, log, threads)
      : undefined;
  }

  private constructor(config: Config, log: Logger, threads: () => readonly ListenerCounters[]) {
    this.log = log;
    const memory = findMemorySource(config.listeners.system_root);
    this.settings = { limits: config.dogstatsd_mem_based_rate_limiter, memory };
    this.troubles = new TroubleLog(
      log,
      TROUBLES.map(([counter, text]) => ({
        text,
        count: () => sum(threads(), counter),
        fields: () => ({ memoryRatio: Number(largest(threads(), 'limiterMemoryRatio').toFixed(3)) }),
      })),
    );
  }

  /** Called when the threads run. */
  start(): void {
    const { memory, limits } = this.settings;
    const usage = new MemoryUsage(memory);
    const { used, limit } = usage.read();
    usage.close();
    const fields = {
      source: memory.kind,
      ...('limit' in memory ? { file: memory.limit } : {}),
      usedBytes: used,
      limitBytes: limit,
      lowSoftLimit: limits.low_soft_limit,
      highSoftLimit: limits.high_soft_limit,
    };
    this.log.info(fields, 'memory use limits how fast data is received');
    this.troubles.start();
  }

  stop(): void {
    this.troubles.stop();
  }
}
