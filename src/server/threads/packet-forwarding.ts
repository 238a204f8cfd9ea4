/**
 * Forwarding as the control thread sees it: tells the listener threads where to, and the log what became of it. The
 * threads do the sending (listeners/forward/packet-forwarder.ts).
 */
import { ConfigError } from '../../config/config-error.ts';
import type { Config } from '../../config/schema.ts';
import {
  ForwardTargetFinder,
  isSameSocket,
  type TargetNews,
} from '../../listeners/forward/forward-target.ts';
import type { ForwardTarget } from '../../listeners/forward/packet-forwarder.ts';
import type { OpenListener } from '../../listeners/sockets/open-listener.ts';
import type { ForwardSettings } from '../../listeners/thread/listener-settings.ts';
import { FORWARD_FAILURES } from '../../telemetry/counters/forward-counters.ts';
import { type ListenerCounters, sum } from '../../telemetry/counters/listener-counters.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { TroubleLog } from '../../telemetry/trouble-log.ts';

const TROUBLES = [
  ['forwardRefusals', 'no one listens at the forward target'],
  ...FORWARD_FAILURES.map(
    (reason) => [`forward:${reason}`, `packets are not sent on: ${reason.replace('_', ' ')}`] as const,
  ),
] as const;

/** Whom it tells and asks. */
export interface ForwardingSurroundings {
  readonly log: Logger;
  readonly threads: () => readonly ListenerCounters[];
  /** Tells every listener thread. */
  readonly aim: (target: ForwardTarget | undefined) => void;
}

export class Forwarding {
  /** As configured: `10.0.0.7:8125`, `[::1]:8125`. */
  readonly address: string;
  private readonly finder: ForwardTargetFinder;
  private readonly around: ForwardingSurroundings;
  private readonly listeners: readonly OpenListener[];
  private readonly troubles: TroubleLog;
  private hasStarted = false;

  private constructor(
    host: string,
    port: number,
    listeners: readonly OpenListener[],
    around: ForwardingSurroundings,
  ) {
    this.around = around;
    this.listeners = listeners;
    this.address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    this.finder = new ForwardTargetFinder({ host, port, onNews: (news) => this.onTargetNews(news) });
    this.troubles = new TroubleLog(
      around.log,
      TROUBLES.map(([counter, text]) => ({
        text,
        count: () => sum(around.threads(), counter),
        fields: () => ({ target: this.address }),
      })),
    );
  }

  /**
   * Undefined when nothing is forwarded. Rejects with ConfigError when the target is a socket of this server; a name
   * without an address is a warning.
   */
  static async open(
    config: Config,
    listeners: readonly OpenListener[],
    around: ForwardingSurroundings,
  ): Promise<Forwarding | undefined> {
    const { statsd_forward_host: host, statsd_forward_port: port } = config;
    if (host === '' || port === 0) {
      if (host !== '' || port !== 0)
        around.log.warn(
          { host, port },
          'forwarding is off: it needs statsd_forward_host and statsd_forward_port',
        );
      return undefined;
    }
    const forwarding = new Forwarding(host, port, listeners, around);
    await forwarding.finder.start();
    const { target } = forwarding.finder;
    if (target !== undefined && forwarding.isLoop(target)) {
      forwarding.finder.stop();
      throw new ConfigError([
        {
          code: 'ERR_CONFIG_FORWARD_LOOP',
          message: `statsd_forward_host and statsd_forward_port name this server's own socket ${host} ${port}, and packets would go round for ever; set them to another server`,
        },
      ]);
    }
    return forwarding;
  }

  /** For threads that are about to start. */
  get settings(): ForwardSettings {
    const { target } = this.finder;
    return { target: target !== undefined && this.isLoop(target) ? undefined : target };
  }

  /** Called when the threads run. */
  start(): void {
    const { target } = this.settings;
    // The name may have got its address while the threads started.
    this.around.aim(target);
    this.around.log.info({ target: this.address, address: target?.host ?? 'not known yet' }, 'forwarding');
    this.hasStarted = true;
    this.troubles.start();
  }

  stop(): void {
    this.finder.stop();
    this.troubles.stop();
  }

  private onTargetNews(news: TargetNews): void {
    const { log, aim } = this.around;
    if (news.kind === 'not found') {
      log.warn(
        { target: this.address, reason: news.error.message },
        'cannot resolve the forward target; retrying',
      );
    } else if (this.hasStarted) {
      const isLoop = this.isLoop(news.target);
      if (isLoop)
        log.error(
          { target: this.address },
          'the forward target now resolves to this server; no longer forwarding',
        );
      else
        log.info({ target: this.address, address: news.target.host }, 'the forward target has a new address');
      aim(isLoop ? undefined : news.target);
    }
  }

  private isLoop(target: ForwardTarget): boolean {
    return this.listeners.some(
      ({ kind, name, port }) =>
        kind === 'udp' &&
        isSameSocket(target, { host: name.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''), port }),
    );
  }
}
