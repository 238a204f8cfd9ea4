/**
 * Opens what the configuration asks for in HTTP: the server with its pages and API, the port of a trace agent, the
 * Unix socket. The first one is the server.
 */
import type { Config } from '../config/schema.ts';
import type { ApiSource } from '../http/api-source.ts';
import type { ObserveOptions } from '../http/observe-routes.ts';
import type { HttpServer } from '../http/server.ts';
import { removeSocketFile, socketFileOf } from '../intake/unix-socket.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Where tracers expect a trace agent. */
const TRACE_AGENT_PORT = 8126;

export interface HttpParts extends ObserveOptions {
  readonly version: string;
  readonly source: ApiSource;
}

/** Rejects with an HttpListenError; what was open is closed then. Nothing of HTTP is loaded when all of it is off. */
export async function openHttp(config: Config, parts: HttpParts, log: Logger): Promise<HttpServer[]> {
  const { host, port, token, trace_agent_compat, proxy_socket } = config.http;
  if (port < 0 && !trace_agent_compat && proxy_socket === '') return [];
  const { startHttp, startProxy } = await import('../http/server.ts');
  const open: HttpServer[] = [];
  try {
    if (port >= 0) open.push(await startHttp({ ...parts, host, port, token, logger: log }));
    if (trace_agent_compat) {
      const place = { host, port: TRACE_AGENT_PORT };
      open.push(await startProxy(place, 'http.trace_agent_compat: false', parts.source, log));
    }
    if (proxy_socket !== '') {
      const server = await startProxy({ path: proxy_socket }, 'http.proxy_socket', parts.source, log);
      open.push(withFile(server, proxy_socket));
    }
  } catch (error) {
    await Promise.all(open.map((server) => server.close()));
    throw error;
  }
  return open;
}

/** Node removes the file of its own sockets; not when another server has put its own there since. */
function withFile(server: HttpServer, path: string): HttpServer {
  const file = socketFileOf(path);
  return {
    ...server,
    close: async () => {
      await server.close();
      removeSocketFile(file);
    },
  };
}
