/**
 * A fake intake: a stand-in for the Datadog backend on this machine, for tests and for looking at what an agent or
 * a client sends.
 *
 *   agent, client ──POST──▶ checks ─▶ store ─▶ series(), sketches(), … or GET /fakeintake/payloads
 *
 * It answers as the real one does: 200 for what it can read, 400 for what it cannot, 413 for what is too large,
 * 403 for a wrong key when keys are set; and otherwise when told so (overrides.ts), for tests of what clients
 * make of it.
 *
 * Limits  bytesMax of bodies kept (the oldest go first), the size of a request, the public intake's limits on
 *         payloads, what reading one may cost (decode-budget.ts), CONNECTIONS_MAX connections, ten seconds to send
 *         headers and thirty a request, ten for an answer without progress.
 * Why     payloads are decoded once when they come, to refuse bad ones, and again when they are asked for: only
 *         the compressed bytes are kept.
 */

import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { AnswerGuard, type AnswerGuardOptions } from '../../lib/http/answer-guard.ts';
import { isLoopbackAddress, refuseWebPage } from '../../lib/http/web-guard.ts';
import type { Log } from '../../lib/log.ts';
import { describeCause } from '../../lib/text/describe-cause.ts';
import { addAdminRoutes } from './admin-routes.ts';
import { DecodeBudget } from './decode-budget.ts';
import { DecodeError } from './decode-error.ts';
import { decompress } from './decompress.ts';
import type { Decoded, IntakeCheckRun, IntakeEvent, IntakeSeries, IntakeSketch } from './intake-data.ts';
import { addIntakeRoutes } from './intake-routes.ts';
import type { IntakeView, Refusal } from './intake-view.ts';
import { type Override, Overrides } from './overrides.ts';
import { PayloadStore, type StoredPayload } from './payload-store.ts';
import { type PayloadLimits, pathsOf, routeOf } from './routes.ts';

const MIB = 1024 * 1024;
/** No payload the public intake takes is larger. */
const REQUEST_BYTES_MAX = 4 * MIB;
const CONNECTIONS_MAX = 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const CONNECTIONS_CHECK_MS = 1000;
const DEFAULT_BYTES_MAX = 256 * MIB;
const DEFAULT_RETENTION_MS = 15 * 60_000;
/** Reasons of refused requests that are kept for people. */
const REFUSALS_MAX = 100;

export interface FakeIntakeOptions {
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** How long payloads are kept, ms; 15 minutes by default. */
  readonly retentionMs?: number;
  /** Bytes of payloads that are kept; 256 MiB by default. */
  readonly bytesMax?: number;
  /** The keys that are valid; any key is when not given. */
  readonly apiKeys?: readonly string[];
  /** Whether payloads larger than the public intake's limits are refused with 413; true by default. */
  readonly enforceLimits?: boolean;
  readonly log?: Log;
  /** What clients that do not take their answers are given; for tests. */
  readonly guard?: AnswerGuardOptions;
  /** Unix milliseconds; for tests. */
  readonly clock?: () => number;
  /** Hears of every payload that was kept. */
  readonly onPayload?: (payload: StoredPayload, decoded: Decoded | undefined) => void;
}

export class FakeIntakeListenError extends Error {
  override readonly name = 'FakeIntakeListenError';
  readonly code = 'ERR_LISTEN_FAILED';
}

/** Starts a fake intake. Rejects with FakeIntakeListenError when it cannot listen. */
export function startFakeIntake(options: FakeIntakeOptions = {}): Promise<FakeIntake> {
  return FakeIntake.start(options);
}

/** A running fake intake. Several can run at once; they share nothing. */
export class FakeIntake implements IntakeView {
  /** Random; in the header Fakeintake-ID of every answer, so that clients notice a restart. */
  readonly id = randomUUID();
  private readonly app: FastifyInstance;
  private readonly guard: AnswerGuard;
  private readonly options: FakeIntakeOptions;
  private readonly store: PayloadStore;
  private readonly overrides = new Overrides();
  private readonly arrivals = new EventEmitter();
  private refused: Refusal[] = [];
  /** One body is unpacked at a time, so that many at once do not fill the memory. */
  private unpacking: Promise<unknown> = Promise.resolve();

  /** What startFakeIntake() does. */
  static async start(options: FakeIntakeOptions): Promise<FakeIntake> {
    const { host = '127.0.0.1', port = 0 } = options;
    const app = fastify({
      logger: false,
      forceCloseConnections: true,
      bodyLimit: REQUEST_BYTES_MAX,
      requestTimeout: REQUEST_TIMEOUT_MS,
      http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CONNECTIONS_CHECK_MS },
    });
    app.server.maxConnections = CONNECTIONS_MAX;
    const guard = new AnswerGuard(app.server, options.guard);
    const intake = new FakeIntake(app, options, isLoopbackAddress(host), guard);
    try {
      await app.listen({ host, port });
    } catch (cause) {
      await app.close();
      const why = describeCause(cause);
      throw new FakeIntakeListenError(`cannot listen on ${host} port ${port} (${why}); choose another port`, {
        cause,
      });
    }
    return intake;
  }

  private constructor(
    app: FastifyInstance,
    options: FakeIntakeOptions,
    loopbackOnly: boolean,
    guard: AnswerGuard,
  ) {
    this.guard = guard;
    const clock = options.clock ?? Date.now;
    this.app = app;
    this.options = options;
    this.store = new PayloadStore({
      clock,
      bytesMax: options.bytesMax ?? DEFAULT_BYTES_MAX,
      retentionMs: options.retentionMs ?? DEFAULT_RETENTION_MS,
    });
    this.arrivals.setMaxListeners(0);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
    app.addHook('onRequest', async (request, reply) => {
      reply.header('fakeintake-id', this.id);
      const refusal = refuseWebPage(request.headers, { loopbackOnly });
      if (refusal !== undefined) await reply.code(403).send({ errors: [refusal] });
    });
    app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
      const status = error.statusCode ?? 500;
      this.refuse({ path: pathOf(request.url), status, reason: error.message });
      return reply.code(status).send({ errors: [error.message] });
    });
    addAdminRoutes(app, this, this.overrides);
    addIntakeRoutes(app, {
      overrides: this.overrides,
      clock,
      isKeyValid: (key) => options.apiKeys === undefined || options.apiKeys.includes(key),
      accept: (payload) => this.accept(payload),
    });
  }

  /** Where it listens: `http://127.0.0.1:43127`. What an agent's `dd_url` is set to. */
  get url(): string {
    const { address, port, family } = this.app.server.address() as AddressInfo;
    const wildcard = address === '::' || address === '0.0.0.0';
    const host = wildcard ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address;
    return `http://${host}:${port}`;
  }

  get port(): number {
    return (this.app.server.address() as AddressInfo).port;
  }

  /** Payloads as they came, of one path or of all known paths, oldest first. */
  payloads(path?: string): StoredPayload[] {
    return this.store.list(path === undefined ? [...this.store.countsByPath().keys()] : [path]);
  }

  /** Every series that was sent, oldest payload first. */
  async series(): Promise<IntakeSeries[]> {
    return (await this.decodedOf('series')) as IntakeSeries[];
  }

  async sketches(): Promise<IntakeSketch[]> {
    return (await this.decodedOf('sketches')) as IntakeSketch[];
  }

  async checkRuns(): Promise<IntakeCheckRun[]> {
    return (await this.decodedOf('check_runs')) as IntakeCheckRun[];
  }

  async events(): Promise<IntakeEvent[]> {
    return (await this.decodedOf('events')) as IntakeEvent[];
  }

  /** What a payload holds; undefined for a path that is not understood. Rejects with DecodeError. */
  decode(payload: StoredPayload): Promise<Decoded | undefined> {
    const route = routeOf(payload.path);
    if (route === undefined) return Promise.resolve(undefined);
    const decoded = this.unpacking.then(async () => {
      const body = await decompress(
        payload.body,
        payload.contentEncoding,
        this.limitsOf(route.limits).uncompressed,
      );
      const budget = new DecodeBudget();
      return budget.run(route.decode(body, payload.contentType, budget));
    });
    this.unpacking = decoded.catch(() => undefined);
    return decoded;
  }

  /** Requests that were refused as bad, the last hundred of them. */
  refusals(): readonly Refusal[] {
    return this.refused;
  }

  /** Clients that lost their connection because they did not take an answer. */
  get stalledClients(): number {
    return this.guard.stalled;
  }

  /** How many payloads came by path. */
  routeStats(): ReadonlyMap<string, number> {
    return this.store.countsByPath();
  }

  /** Answers otherwise from now on, or for the next `times` requests. False when there are too many overrides. */
  override(override: Override): boolean {
    return this.overrides.add(override);
  }

  /** Forgets what was sent; overrides stay. */
  flush(): void {
    this.store.clear();
    this.refused = [];
  }

  /** Forgets overrides. */
  clearOverrides(): void {
    this.overrides.clear();
  }

  /**
   * Resolves with what `read` answers as soon as that is neither undefined nor false, asked now and whenever a
   * payload has arrived. Rejects after `timeoutMs`.
   */
  async waitFor<T>(
    read: (intake: this) => T | undefined | false | Promise<T | undefined | false>,
    { timeoutMs = 5000 }: { readonly timeoutMs?: number } = {},
  ): Promise<T> {
    const deadline = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const arrival = new Promise<void>((resolve) => {
        const done = (): void => {
          this.arrivals.off('payload', done);
          deadline.removeEventListener('abort', done);
          resolve();
        };
        this.arrivals.once('payload', done);
        deadline.addEventListener('abort', done, { once: true });
        if (deadline.aborted) done();
      });
      const found = await read(this);
      if (found !== undefined && found !== false) return found;
      if (deadline.aborted)
        throw new Error(`nothing that fits arrived within ${timeoutMs} ms; ${this.summary()}`);
      await arrival;
    }
  }

  /** Stops listening and ends open connections. */
  async close(): Promise<void> {
    await this.app.close();
  }

  private summary(): string {
    const counts = [...this.store.countsByPath()].map(([path, count]) => `${count} × ${path}`);
    return counts.length === 0 ? 'no payload arrived at all' : `payloads that arrived: ${counts.join(', ')}`;
  }

  /** Keeps a payload that is good. Rejects with DecodeError. */
  private async accept(payload: StoredPayload): Promise<void> {
    const route = routeOf(payload.path);
    if (route !== undefined && payload.body.length > this.limitsOf(route.limits).compressed) {
      throw new DecodeError(
        `the body is ${payload.body.length} bytes; the limit of ${payload.path} is ${route.limits.compressed}`,
        413,
      );
    }
    const decoded = await this.decode(payload);
    this.store.add(payload);
    this.options.onPayload?.(payload, decoded);
    this.arrivals.emit('payload');
  }

  private limitsOf(limits: PayloadLimits): PayloadLimits {
    if (this.options.enforceLimits !== false) return limits;
    return { compressed: REQUEST_BYTES_MAX, uncompressed: 64 * MIB };
  }

  private async decodedOf(kind: Decoded['kind']): Promise<unknown[]> {
    const items: unknown[] = [];
    for (const payload of this.store.list(pathsOf(kind))) {
      const decoded = await this.decode(payload);
      if (decoded?.kind === kind) for (const item of decoded.items) items.push(item);
    }
    return items;
  }

  private refuse(refusal: Refusal): void {
    this.refused.push(refusal);
    if (this.refused.length > REFUSALS_MAX) this.refused.shift();
    this.options.log?.warn({ ...refusal }, 'refused a request');
  }
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] as string;
}
