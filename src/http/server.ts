/**
 * The HTTP server, on the control thread: sockets, connections and their limits. What answers is in app.ts and is loaded
 * for the first request, so a server that nobody asks neither waits for it nor keeps it in memory.
 *
 *   connection ─▶ limits ─▶ request ─▶ LateApp ──the first one──▶ import app.ts
 *                                         └──────────────────────▶ its routes
 *
 * Limits  CONNECTIONS_MAX connections, ten seconds to send a request, ten seconds without progress of an answer that has
 *         begun (lib/http/answer-guard.ts), and those of app.ts.
 */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';
import { AnswerGuard, type AnswerGuardOptions } from '../lib/http/answer-guard.ts';
import { isLoopbackAddress } from '../lib/http/web-guard.ts';
import type { Log } from '../lib/log.ts';
import { describeCause } from '../lib/text/describe-cause.ts';
import type { App, SiteOptions } from './app.ts';
import { answerClientError } from './client-error.ts';
import type { ProxySource } from './proxy-routes.ts';

const CONNECTIONS_MAX = 256;
/** What Node says of a module that is not there. */
const GONE: ReadonlySet<string> = new Set(['ERR_MODULE_NOT_FOUND', 'ENOENT']);
const FILES_GONE =
  'the files of the program were replaced or removed after this server started; restart it. It goes on receiving and delivering';
const REQUEST_TIMEOUT_MS = 10_000;
/** Of that, for the headers. Node swaps the two when the headers have more time than the whole. */
const HEADERS_SHARE = 0.5;
const CONNECTIONS_CHECK_MS = 1000;
const HEADER_BYTES_MAX = 16_384;
/** How long a connection may be idle between two requests. */
const KEEP_ALIVE_MS = 72_000;

export interface HttpOptions extends SiteOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Asked for on guarded routes; empty for none. */
  readonly token: string;
  /** How long a client may take to send a request, ms; 10,000 unless a test says otherwise. */
  readonly requestTimeoutMs?: number;
  /** What clients that do not take their answers are given; for tests. */
  readonly guard?: AnswerGuardOptions;
}

export interface HttpServer {
  readonly address: string;
  readonly port: number;
  /** Connections that were closed or refused, by reason. */
  counts(): HttpCounts;
  /** Listens at another socket, which belongs to it then; requests under way at the one before are answered. */
  listenAgain(fd: number): void;
  /** Stops listening and ends open connections. */
  close(): Promise<void>;
}

export interface HttpCounts {
  /** The client did not take its answer. */
  readonly stalled: number;
  /** There were too many. */
  readonly refused: number;
}

export class HttpListenError extends Error {
  override readonly name = 'HttpListenError';
  readonly code: 'ERR_LISTEN_IN_USE' | 'ERR_LISTEN_FAILED';

  constructor(place: string, remedy: string, cause: NodeJS.ErrnoException) {
    const inUse = cause.code === 'EADDRINUSE';
    super(
      inUse
        ? `${place} is already in use; stop the other server or set ${remedy}`
        : `cannot listen on ${place} (${describeCause(cause)}); set ${remedy}`,
      { cause },
    );
    this.code = inUse ? 'ERR_LISTEN_IN_USE' : 'ERR_LISTEN_FAILED';
  }
}

/** Starts the server; rejects with an HttpListenError when it cannot listen. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { host, port, token } = options;
  const access = { loopbackOnly: isLoopbackAddress(host), token };
  const app = new LateApp(
    async (server) => (await import('./app.ts')).openSite(server, access, options),
    options.logger,
  );
  const gate = (): Gate => openGate(app, options.source, options.requestTimeoutMs, options.guard);
  return listen(app, gate, { host, port }, `${host} port ${port}`, 'http.host and http.port');
}

/** `fd` is a descriptor of a socket that is bound at the path and listens; it belongs to the server then. */
export type ProxyPlace =
  | { readonly host: string; readonly port: number }
  | { readonly path: string; readonly fd?: number };

/** Where the proxy alone is wanted: the port of a trace agent, a Unix socket. Rejects with an HttpListenError. */
export async function startProxy(
  place: ProxyPlace,
  remedy: string,
  source: ProxySource,
  logger?: Log,
): Promise<HttpServer> {
  const loopbackOnly = 'host' in place && isLoopbackAddress(place.host);
  const access = { loopbackOnly, token: '' };
  const options = logger === undefined ? {} : { logger };
  const app = new LateApp(
    async (server) => (await import('./app.ts')).openProxy(server, access, source, options),
    logger,
  );
  const name = 'path' in place ? place.path : `${place.host} port ${place.port}`;
  return listen(app, () => openGate(app, source), place, name, remedy);
}

/**
 * The application, from the first request on. Its files may be gone by then: an upgrade replaces them under a running
 * server. Whoever asks is told to restart it then, and so is the log, once.
 */
class LateApp {
  private readonly load: (server: Server) => Promise<App>;
  private readonly logger: Log | undefined;
  private loading: Promise<App> | undefined;
  private loaded: App | undefined;
  private hasFailed = false;

  constructor(load: (server: Server) => Promise<App>, logger: Log | undefined) {
    this.load = load;
    this.logger = logger;
  }

  /** Answers a request that came to `server`. */
  answer(server: Server, request: IncomingMessage, response: ServerResponse): void {
    if (this.loaded !== undefined) this.loaded.answer(request, response);
    else void this.answerLate(server, request, response);
  }

  async close(): Promise<void> {
    const app = await this.loading?.catch(() => undefined);
    await app?.close();
  }

  private async answerLate(
    server: Server,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      this.loading ??= this.load(server);
      this.loaded = await this.loading;
    } catch (error) {
      // The next request tries again.
      this.loading = undefined;
      this.refuse(response, error);
      return;
    }
    this.loaded.answer(request, response);
  }

  private refuse(response: ServerResponse, error: unknown): void {
    const isGone = GONE.has(String((error as NodeJS.ErrnoException | undefined)?.code));
    const [status, message] = isGone ? [503, FILES_GONE] : [500, 'the routes cannot be loaded; see the log'];
    if (!this.hasFailed) {
      const sentence = isGone ? `cannot answer over HTTP: ${FILES_GONE}` : 'the HTTP routes cannot be loaded';
      this.logger?.error({ err: error }, sentence);
    }
    this.hasFailed = true;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: message }));
  }
}

/** A server for connections, with their limits. */
interface Gate {
  readonly server: Server;
  readonly guard: AnswerGuard;
}

function openGate(
  app: LateApp,
  { noteConnection }: ProxySource,
  requestTimeout = REQUEST_TIMEOUT_MS,
  guard?: AnswerGuardOptions,
): Gate {
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    requestTimeout,
    headersTimeout: requestTimeout * HEADERS_SHARE,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('connection', () => noteConnection(false));
  server.on('drop', () => noteConnection(true));
  server.on('clientError', answerClientError);
  server.on('request', (request, response) => app.answer(server, request, response));
  return { server, guard: new AnswerGuard(server, guard) };
}

async function listen(
  app: LateApp,
  gate: () => Gate,
  place: ProxyPlace,
  name: string,
  remedy: string,
): Promise<HttpServer> {
  const gates = [gate()];
  const [{ server }] = gates as [Gate];
  try {
    await listenAt(server, 'fd' in place && place.fd !== undefined ? { fd: place.fd } : place);
  } catch (cause) {
    throw new HttpListenError(name, remedy, cause as NodeJS.ErrnoException);
  }
  const bound = server.address() as AddressInfo | string | null;
  // Node knows no address of a socket that it was given.
  const [address, port] =
    bound === null || typeof bound === 'string' ? [name, 0] : [bound.address, bound.port];
  if ('host' in place && place.host === 'localhost') gates.push(...(await alsoAt(gate, address, port)));
  const counts = (): HttpCounts => ({
    stalled: gates.reduce((sum, { guard }) => sum + guard.stalled, 0),
    refused: gates.reduce((sum, { guard }) => sum + guard.refused, 0),
  });
  const listenAgain = (fd: number): void => {
    server.close();
    server.listen({ fd });
  };
  const close = async (): Promise<void> => {
    await Promise.all(gates.map(closeGate));
    await app.close();
  };
  return { address, port, counts, listenAgain, close };
}

async function listenAt(server: Server, place: ListenOptions | { readonly fd: number }): Promise<void> {
  const listening = once(server, 'listening');
  server.listen(place);
  await listening;
}

/** The other addresses of the name localhost, as far as they can be listened at. */
async function alsoAt(gate: () => Gate, first: string, port: number): Promise<Gate[]> {
  const found = await lookup('localhost', { all: true }).catch(() => []);
  const gates: Gate[] = [];
  for (const { address: host } of found) {
    if (host === first) continue;
    const another = gate();
    try {
      await listenAt(another.server, { host, port });
      gates.push(another);
    } catch {
      // This machine has no such address, or somebody else has the port there.
    }
  }
  return gates;
}

function closeGate({ server }: Gate): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
