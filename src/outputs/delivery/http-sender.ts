/**
 * Sends transactions over HTTP with undici: a pool of kept-alive connections to one endpoint, through a proxy
 * where there is one.
 *
 *   POST base + route ─▶ status line ─▶ outcome          the body of the answer is read and thrown away
 *
 * Ack      the status line. Once it says 2xx the data is theirs: an answer that breaks off after it is no reason
 *          to send again.
 * Time     timeoutMs for everything up to the status line, DRAIN_MS for the rest of the answer; a connection
 *          that has not finished by then is closed.
 * Again    a kept-alive connection may be closed by the other side in the moment it is used: such a request is
 *          sent once more at once, on another connection.
 * Secrets  the key is added here, to the request alone; URLs and errors have none.
 */
import { type Dispatcher, errors, Pool, ProxyAgent } from 'undici';
import { describeCause } from '../../lib/text/describe-cause.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import { chooseProxy, type ProxySettings } from './proxy-choice.ts';
import { parseRetryAfter } from './retry-after.ts';
import type { Sender, SendResult } from './send-result.ts';
import { type TlsSettings, tlsOptions } from './tls-options.ts';

const DRAIN_MS = 2000;
const DRAIN_BYTES = 64 * 1024;
const NO_BODY = Buffer.alloc(0);
/** How long an unused connection is kept: longer than a bucket, shorter than what most servers allow. */
const KEEP_ALIVE_MS = 45_000;

export interface HttpSenderOptions {
  /** `https://host`, without a path at the end. */
  readonly base: string;
  readonly timeoutMs: number;
  readonly connections: number;
  /** `auto` speaks HTTP/2 with those who offer it. */
  readonly protocol: 'auto' | 'http1';
  /** Replaces all connections this often; 0 never does. */
  readonly resetMs: number;
  readonly proxy: ProxySettings;
  readonly tls: TlsSettings;
  readonly clock: Clock;
  /** How much of the body of an answer is kept; 0 by default. */
  readonly answerBytes?: number;
  /** Headers of each request, its key among them; undefined when there is nobody to send it for. */
  readonly headers: (transaction: Transaction) => Readonly<Record<string, string>> | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The first `answerBytes` of the body, as far as they came in time. */
  readonly body: Buffer;
}

export class HttpSender implements Sender {
  private readonly options: HttpSenderOptions;
  private readonly underWay = new Set<AbortController>();
  private isClosed = false;
  private dispatcher: Dispatcher;
  private madeAt: number;

  constructor(options: HttpSenderOptions) {
    this.options = options;
    this.dispatcher = makeDispatcher(options);
    this.madeAt = options.clock.now();
  }

  async send(transaction: Transaction): Promise<SendResult> {
    const headers = this.options.headers(transaction);
    if (headers === undefined) return { kind: 'failed', error: 'there is no key to send it with' };
    const { route, body } = transaction;
    return this.request('POST', route, { ...transaction.headers, ...headers }, body);
  }

  /** One request, whatever it is. Never rejects. */
  async request(
    method: 'GET' | 'POST',
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | null = null,
    timeoutMs = this.options.timeoutMs,
  ): Promise<SendResult> {
    if (this.isClosed) return { kind: 'aborted' };
    this.resetIfDue();
    const controller = new AbortController();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      controller.abort();
    }, timeoutMs);
    this.underWay.add(controller);
    try {
      const { signal } = controller;
      return {
        kind: 'answered',
        ...(await this.requestAgainIfStale({ method, path, headers, body, signal })),
      };
    } catch (error) {
      if (this.isClosed) return { kind: 'aborted' };
      if (isLate) return { kind: 'failed', error: `no answer within ${timeoutMs / 1000} seconds` };
      return { kind: 'failed', error: describeCause(error) };
    } finally {
      clearTimeout(timer);
      this.underWay.delete(controller);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const controller of this.underWay) controller.abort();
    await this.dispatcher.destroy().catch(() => undefined);
  }

  private async requestAgainIfStale(request: Omit<Dispatcher.RequestOptions, 'origin'>): Promise<HttpAnswer> {
    try {
      return await this.requestOnce(request);
    } catch (error) {
      if (!isStaleConnection(error)) throw error;
      return this.requestOnce(request);
    }
  }

  private async requestOnce(request: Omit<Dispatcher.RequestOptions, 'origin'>): Promise<HttpAnswer> {
    const { clock, base, answerBytes = 0 } = this.options;
    const url = new URL(base);
    const path = url.pathname.replace(/\/$/, '') + request.path;
    const answer = await this.dispatcher.request({ ...request, origin: url.origin, path });
    const retryAfter = answer.headers['retry-after'];
    const body = answerBytes === 0 ? NO_BODY : await readStart(answer.body, answerBytes);
    await drain(answer.body);
    return {
      status: answer.statusCode,
      retryAfterMs: typeof retryAfter === 'string' ? parseRetryAfter(retryAfter, clock.now()) : undefined,
      headers: answer.headers,
      body,
    };
  }

  private resetIfDue(): void {
    const { resetMs, clock } = this.options;
    if (resetMs === 0 || clock.now() - this.madeAt < resetMs) return;
    this.madeAt = clock.now();
    const old = this.dispatcher;
    try {
      this.dispatcher = makeDispatcher(this.options);
    } catch {
      // The file of certificates is away, perhaps while it is replaced: the old connections still work.
      return;
    }
    // What is under way on the old connections ends there.
    void old.close().catch(() => undefined);
  }
}

function makeDispatcher({
  base,
  timeoutMs,
  connections,
  protocol,
  proxy,
  tls,
}: HttpSenderOptions): Dispatcher {
  const url = new URL(base);
  const secure = { ...tlsOptions(tls), timeout: timeoutMs };
  const options = {
    connections,
    allowH2: protocol === 'auto',
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // The deadline of the request counts; these are for what it does not see.
    headersTimeout: timeoutMs + DRAIN_MS,
    bodyTimeout: timeoutMs + DRAIN_MS,
  };
  const through = chooseProxy(url, proxy);
  if (through === undefined) return new Pool(url.origin, { ...options, connect: secure });
  const { username, password } = new URL(through);
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return new ProxyAgent({
    ...options,
    uri: through,
    // Plain HTTP is asked for in full at the proxy, as proxies expect; a tunnel is for TLS.
    proxyTunnel: url.protocol === 'https:',
    requestTls: secure,
    proxyTls: secure,
    ...(username !== '' && { token: `Basic ${Buffer.from(login).toString('base64')}` }),
  });
}

/** Reads the first bytes of an answer, up to its end or until it takes too long. Never rejects. */
async function readStart(body: Dispatcher.ResponseData['body'], bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let cancel: () => void = () => undefined;
  body.on('error', () => cancel());
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, DRAIN_MS);
    cancel = () => {
      clearTimeout(timer);
      resolve();
    };
    body.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= bytesMax) cancel();
    });
    body.on('end', cancel);
    body.on('close', cancel);
  });
  body.removeAllListeners('data');
  return Buffer.concat(chunks).subarray(0, bytesMax);
}

/** Reads the rest of an answer, so that the connection can be used again; what does not end is cut off. */
async function drain(body: Dispatcher.ResponseData['body']): Promise<void> {
  const late = AbortSignal.timeout(DRAIN_MS);
  body.on('error', () => undefined);
  await body.dump({ limit: DRAIN_BYTES, signal: late }).catch(() => undefined);
}

/** True when a connection that had worked before was gone; one that never answered is another matter. */
function isStaleConnection(error: unknown): boolean {
  if (error instanceof errors.SocketError) return (error.socket?.bytesRead ?? 0) > 0;
  return false;
}
