/**
 * Opens what the configuration asks for in HTTP: the server with its pages and API, the port of a trace agent, the
 * Unix socket. The first one is the server.
 */
import type { Config } from '../../config/schema.ts';
import type { ApiSource } from '../../http/api-source.ts';
import type { ObserveOptions } from '../../http/observe-routes.ts';
import type { HttpServer } from '../../http/server.ts';
import { usableLibc } from '../../listeners/sockets/open-listeners.ts';
import type { OpenSocket } from '../../listeners/sockets/port-socket.ts';
import { openUnixStream } from '../../listeners/sockets/unix-socket.ts';
import { WatchedFile, watchKeptFile } from '../../listeners/sockets/watched-file.ts';
import { LISTEN_BACKLOG } from '../../listeners/stream/stream-server.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Watched } from '../threads/file-watch.ts';

/** Where tracers expect a trace agent. */
const TRACE_AGENT_PORT = 8126;

const PROXY_KEY = 'http.proxy_socket';
const PROXY_PART = 'http proxy';
/** Before the mask of the process, as for any file. */
const MODE = 0o777;

type StartProxy = typeof import('../../http/server.ts').startProxy;

/** A server, and its socket when that has a file. */
export interface OpenHttp extends HttpServer {
  readonly watched?: Watched;
}

export interface HttpParts extends ObserveOptions {
  readonly version: string;
  readonly source: ApiSource;
}

/** Rejects with an HttpListenError or a ListenError; what was open is closed then. Nothing of HTTP is loaded when all of it is off. */
export async function openHttp(config: Config, parts: HttpParts, log: Logger): Promise<OpenHttp[]> {
  const { host, port, token, trace_agent_compat, proxy_socket } = config.http;
  if (port < 0 && !trace_agent_compat && proxy_socket === '') return [];
  const { startHttp, startProxy } = await import('../../http/server.ts');
  const open: OpenHttp[] = [];
  try {
    if (port >= 0) open.push(await startHttp({ ...parts, host, port, token, logger: log }));
    if (trace_agent_compat) {
      const place = { host, port: TRACE_AGENT_PORT };
      open.push(await startProxy(place, 'http.trace_agent_compat: false', parts.source, log));
    }
    if (proxy_socket !== '') open.push(await openProxySocket(config, startProxy, parts.source, log));
  } catch (error) {
    await Promise.all(open.map((server) => server.close()));
    throw error;
  }
  return open;
}

/** The socket is watched like those of listeners: bound again when its file is gone, where there are system calls. */
async function openProxySocket(
  { http, listeners }: Config,
  startProxy: StartProxy,
  source: ApiSource,
  log: Logger,
): Promise<OpenHttp> {
  const path = http.proxy_socket;
  const libc = usableLibc(listeners);
  const common = { name: PROXY_PART, path };
  if (libc === undefined) {
    const server = await startProxy({ path }, PROXY_KEY, source, log);
    // Node removes the file, and nothing binds it again.
    const look = watchKeptFile(path, 'that needs system calls (Linux, koffi); restart the server');
    return { ...server, watched: { ...common, look, restored: () => undefined } };
  }
  const bind = (): OpenSocket =>
    openUnixStream(libc, path, PROXY_KEY, LISTEN_BACKLOG, MODE & ~process.umask());
  const { fd } = bind();
  const file = new WatchedFile(libc, fd, path, bind);
  const closeSocket = (): void => {
    libc.close(fd);
    file.remove();
  };
  try {
    const server = await startProxy({ path, fd: libc.duplicate(fd) }, PROXY_KEY, source, log);
    const restored = (older: number): void => {
      libc.close(older);
      server.listenAgain(libc.duplicate(fd));
    };
    const close = async (): Promise<void> => {
      await server.close();
      closeSocket();
    };
    return { ...server, watched: { ...common, look: () => file.look(), restored }, close };
  } catch (error) {
    closeSocket();
    throw error;
  }
}
