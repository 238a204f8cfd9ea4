/**
 * What the server has open of HTTP: nothing before open(), and nothing at all when HTTP is off.
 *
 * Thread  the control thread.
 */
import type { Config } from '../../config/schema.ts';
import { httpMetrics } from '../../http/http-metrics.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import type { Watched } from '../threads/file-watch.ts';
import { type HttpParts, type OpenHttp, openHttp } from './open-http.ts';

export class HttpServers {
  private readonly config: Config;
  private readonly log: Logger;
  private servers: readonly OpenHttp[] = [];

  constructor(config: Config, log: Logger) {
    this.config = config;
    this.log = log;
  }

  /** Rejects as openHttp() does; nothing is open then. */
  async open(parts: HttpParts): Promise<void> {
    this.servers = await openHttp(this.config, parts, this.log);
  }

  /** The port of the server with pages and API; undefined when it is off. */
  get port(): number | undefined {
    return this.config.http.port < 0 ? undefined : this.servers[0]?.port;
  }

  /** Sockets with a file that somebody has to look after. */
  watched(): Watched[] {
    return this.servers.flatMap(({ watched }) => (watched === undefined ? [] : [watched]));
  }

  metrics(): OwnMetric[] {
    return httpMetrics(this.servers.map((server) => server.counts()));
  }

  /** Says in the log where they are. */
  logAddresses(): void {
    this.servers.forEach(({ address, port }, i) => {
      const isServer = i === 0 && this.config.http.port >= 0;
      this.log.info({ address, port }, isServer ? 'HTTP is up' : 'HTTP takes packets');
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
  }
}
