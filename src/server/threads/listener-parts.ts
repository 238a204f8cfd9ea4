/**
 * What belongs to all listeners together and not to one listener, as the control thread sees it: the rate limiter and
 * forwarding. Both are off unless configured.
 */
import type { Config } from '../../config/schema.ts';
import type { Views } from '../../http/api-source.ts';
import type { OpenListener } from '../../listeners/sockets/open-listener.ts';
import { forwardMetrics, forwardReport } from '../../telemetry/counters/forward-metrics.ts';
import { limiterMetrics, limiterReport } from '../../telemetry/counters/limiter-metrics.ts';
import type { ListenerCounters } from '../../telemetry/counters/listener-counters.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import type { ListenerThreads } from './listener-threads.ts';
import { MemoryLimiter } from './memory-limiter.ts';
import { Forwarding } from './packet-forwarding.ts';
import type { SharedSettings } from './thread-settings.ts';

export class ListenerParts {
  private readonly threads: ListenerThreads;
  private readonly limiter: MemoryLimiter | undefined;
  private readonly forwarding: Forwarding | undefined;

  /** `threads` are those that will run; none needs to be there yet. Rejects as Forwarding.open() does. */
  static async open(
    config: Config,
    listeners: readonly OpenListener[],
    threads: ListenerThreads,
    log: Logger,
  ): Promise<ListenerParts> {
    const counts = (): ListenerCounters[] => threads.counts();
    const limiter = MemoryLimiter.open(config, log, counts);
    const forwarding = await Forwarding.open(config, listeners, {
      ...{ log, threads: counts },
      aim: (target) => {
        for (const thread of threads.list) thread.aim(target);
      },
    });
    return new ListenerParts(threads, limiter, forwarding);
  }

  private constructor(
    threads: ListenerThreads,
    limiter: MemoryLimiter | undefined,
    forwarding: Forwarding | undefined,
  ) {
    this.threads = threads;
    this.limiter = limiter;
    this.forwarding = forwarding;
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
    const counters = this.threads.counts();
    return [
      ...(this.limiter === undefined ? [] : limiterMetrics(counters)),
      ...(this.forwarding === undefined ? [] : forwardMetrics(counters)),
    ];
  }

  views(): Views {
    return {
      forwarding: () => ({
        target: this.forwarding?.address ?? null,
        threads: this.forwarding === undefined ? [] : forwardReport(this.threads.counts()),
      }),
      'rate-limiter': () => ({
        memory: this.limiter?.settings.memory ?? null,
        threads: this.limiter === undefined ? [] : limiterReport(this.threads.counts()),
      }),
    };
  }
}
