/**
 * What belongs to the intake as a whole and not to one listener, as the control thread sees it: the rate limiter and
 * forwarding. Both are off unless configured.
 */
import type { Config } from '../config/schema.ts';
import type { Views } from '../http/api-source.ts';
import type { IntakeThread } from '../intake/intake-thread.ts';
import type { OpenListener } from '../intake/open-listeners.ts';
import { forwardMetrics, forwardReport } from '../telemetry/forward-metrics.ts';
import { limiterMetrics, limiterReport } from '../telemetry/limiter-metrics.ts';
import type { ListenerCounters } from '../telemetry/listener-counters.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { OwnMetric } from '../telemetry/metric.ts';
import { Forwarding } from './forwarding.ts';
import { MemoryLimiter } from './memory-limiter.ts';
import type { SharedSettings } from './thread-settings.ts';

export class IntakeParts {
  private readonly threads: readonly IntakeThread[];
  private readonly limiter: MemoryLimiter | undefined;
  private forwarding: Forwarding | undefined;

  /** `threads` are those that will run; none needs to be there yet. Rejects as Forwarding.open() does. */
  static async open(
    config: Config,
    listeners: readonly OpenListener[],
    threads: readonly IntakeThread[],
    log: Logger,
  ): Promise<IntakeParts> {
    const parts = new IntakeParts(config, threads, log);
    parts.forwarding = await Forwarding.open(config, listeners, {
      log,
      threads: () => parts.counters(),
      aim: (target) => {
        for (const thread of threads) thread.aim(target);
      },
    });
    return parts;
  }

  private constructor(config: Config, threads: readonly IntakeThread[], log: Logger) {
    this.threads = threads;
    this.limiter = MemoryLimiter.open(config, log, () => this.counters());
  }

  /** Whether packets are sent on. */
  get forwards(): boolean {
    return this.forwarding !== undefined;
  }

  /** For threads that are about to start. */
  get settings(): Pick<SharedSettings, 'rateLimiter' | 'forward'> {
    return { rateLimiter: this.limiter?.settings, forward: this.forwarding?.settings };
  }

  /** Called when the threads run. */
  start(): void {
    this.limiter?.start();
    this.forwarding?.start();
  }

  stop(): void {
    this.limiter?.stop();
    this.forwarding?.stop();
  }

  metrics(): OwnMetric[] {
    const counters = this.counters();
    return [
      ...(this.limiter === undefined ? [] : limiterMetrics(counters)),
      ...(this.forwarding === undefined ? [] : forwardMetrics(counters)),
    ];
  }

  views(): Views {
    return {
      forwarding: () => ({
        target: this.forwarding?.address ?? null,
        threads: this.forwarding === undefined ? [] : forwardReport(this.counters()),
      }),
      'rate-limiter': () => ({
        memory: this.limiter?.settings.memory ?? null,
        threads: this.limiter === undefined ? [] : limiterReport(this.counters()),
      }),
    };
  }

  private counters(): ListenerCounters[] {
    return this.threads.flatMap((thread) => thread.counts());
  }
}
