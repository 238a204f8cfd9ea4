/**
 * OTLP over gRPC, by hand on `node:http2`: one unary call a request.
 *
 *   POST /opentelemetry.proto.collector.metrics.v1.MetricsService/Export
 *   │ 0 or 1: compressed │ length, 4 bytes │ message │ ─▶ headers, the same frame, trailers grpc-status and grpc-message
 *
 * Connection  one, made when it is needed, dropped when it fails or the receiver says goodbye. http URLs are HTTP/2 without
 *             TLS, from the first byte. There is no proxy.
 * Time        timeoutMs for each call from its beginning to its trailers; then the connection is dropped too, since it may
 *             be dead.
 * Limits      ANSWER_BYTES of an answer.
 * Why         the client libraries bring a second protobuf stack, or need a newer Node; a unary call is this page.
 */
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { describeCause } from '../../lib/text/describe-cause.ts';
import { type TlsSettings, tlsOptions } from '../delivery/tls-options.ts';
import type { Credentials } from '../ordered/credentials.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import { type ExportAnswer, type Exporter, oneLine, partialSuccessOf, rpcStatusOf } from './answer.ts';
import { GRPC, isRetryable, nameOf, statusOfHttp } from './grpc-status.ts';
import { isGzip, signalOf } from './packed-request.ts';
import type { Signal } from './pieces.ts';

const PATHS: Readonly<Record<Signal, string>> = {
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};
const ANSWER_BYTES = 64 * 1024;
const FRAME_BYTES = 5;
/** An unused connection is closed after this, ms: longer than a bucket. */
const IDLE_MS = 45_000;

export interface GrpcOptions {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly timeoutMs: number;
  readonly credentials: Credentials;
  readonly tls: TlsSettings;
  readonly userAgent: string;
}

interface Call {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export class GrpcExporter implements Exporter {
  private readonly options: GrpcOptions;
  private session: ClientHttp2Session | undefined;
  private cancel: (() => void) | undefined;
  private isClosed = false;

  constructor(options: GrpcOptions) {
    this.options = options;
  }

  async export(transaction: Transaction): Promise<ExportAnswer> {
    if (this.isClosed) return { kind: 'aborted' };
    const { credentials } = this.options;
    const own = credentials.headers;
    if (own === undefined) return noAnswer(credentials.problem ?? '');
    try {
      const answer = judge(await this.call(transaction, own), signalOf(transaction));
      if (answer.kind === 'later' && answer.fault === 'configuration') credentials.renew();
      return answer;
    } catch (error) {
      return this.isClosed ? { kind: 'aborted' } : noAnswer(describeCause(error));
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.cancel?.();
    this.drop();
  }

  private call(transaction: Transaction, own: Readonly<Record<string, string>>): Promise<Call> {
    const { timeoutMs, userAgent } = this.options;
    return new Promise((resolve, reject) => {
      const session = this.connection();
      const stream = session.request({
        'user-agent': userAgent,
        ...own,
        ':method': 'POST',
        ':path': PATHS[signalOf(transaction)],
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-timeout': `${Math.ceil(timeoutMs)}m`,
        ...(isGzip(transaction) && { 'grpc-encoding': 'gzip' }),
      });
      const fail = (error: unknown): void => {
        clearTimeout(timer);
        this.cancel = undefined;
        stream.close(constants.NGHTTP2_CANCEL);
        // The next call begins with a connection that is known to be good.
        this.drop(session);
        reject(error);
      };
      const timer = setTimeout(
        () => fail(new Error(`no answer within ${timeoutMs / 1000} seconds`)),
        timeoutMs,
      );
      this.cancel = () => fail(new Error('the server stops'));
      let headers: IncomingHttpHeaders = {};
      let trailers: IncomingHttpHeaders = {};
      const chunks: Buffer[] = [];
      let bytes = 0;
      stream.on('response', (given) => {
        headers = given;
      });
      stream.on('trailers', (given) => {
        trailers = given;
      });
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > ANSWER_BYTES) fail(new Error(`an answer of more than ${ANSWER_BYTES} bytes`));
        else chunks.push(chunk);
      });
      stream.on('error', fail);
      // The connection's own error says more than that of the call it ended.
      session.once('error', fail);
      stream.on('close', () => {
        clearTimeout(timer);
        session.off('error', fail);
        this.cancel = undefined;
        if (headers[':status'] === undefined)
          reject(new Error('the receiver closed the connection without an answer'));
        else resolve({ headers, trailers, body: Buffer.concat(chunks) });
      });
      const prefix = Buffer.alloc(FRAME_BYTES);
      prefix.writeUInt8(isGzip(transaction) ? 1 : 0, 0);
      prefix.writeUInt32BE(transaction.body.byteLength, 1);
      stream.write(prefix);
      stream.end(transaction.body);
    });
  }

  private connection(): ClientHttp2Session {
    const known = this.session;
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const { origin, tls } = this.options;
    const session = connect(
      origin,
      origin.startsWith('https:') ? { ...tlsOptions(tls), ALPNProtocols: ['h2'] } : {},
    );
    this.session = session;
    const drop = (): void => this.drop(session);
    session.on('error', drop);
    session.on('goaway', () => session.close());
    session.on('close', drop);
    session.setTimeout(IDLE_MS, () => session.close());
    return session;
  }

  private drop(session = this.session): void {
    if (this.session === session) this.session = undefined;
    session?.destroy();
  }
}

function judge({ headers, trailers, body }: Call, signal: Signal): ExportAnswer {
  const http = Number(headers[':status']);
  const type = String(headers['content-type'] ?? '');
  // A call that fails at once has its status in the headers.
  const all = { ...headers, ...trailers };
  const own = all['grpc-status'];
  if (own === undefined && http === 200) {
    return type.startsWith('application/grpc')
      ? noAnswer('the receiver cut its answer off')
      : later(
          '200',
          'configuration',
          `status 200 with ${type || 'no content type'}: no receiver of gRPC is at this url; correct it`,
          0,
        );
  }
  const code = own === undefined ? statusOfHttp(http) : Number(own);
  const status = own === undefined ? String(http) : `grpc_${code}`;
  if (code === GRPC.ok) return { kind: 'taken', status, partial: partialSuccessOf(messageOf(body)) };
  const details = all['grpc-status-details-bin'];
  const rpc = typeof details === 'string' ? rpcStatusOf(Buffer.from(details, 'base64')) : undefined;
  const text = oneLine(decodePercent(String(all['grpc-message'] ?? '')) || (rpc?.message ?? ''));
  const error = `${own === undefined ? `status ${http}` : nameOf(code)}${text === '' ? '' : `: ${text}`}`;
  if (isRetryable(code, rpc?.retryMs !== undefined))
    return later(status, 'receiver', error, rpc?.retryMs ?? 0);
  if (code === GRPC.unauthenticated || code === GRPC.denied) return later(status, 'configuration', error, 0);
  if (code === GRPC.unimplemented) {
    if (signal === 'logs') return { kind: 'refused', status, error, why: 'unknown_service' };
    return later(status, 'configuration', error, 0);
  }
  const isTooLarge = code === GRPC.exhausted && /larger than max|message too large/i.test(text);
  return { kind: 'refused', status, error, why: isTooLarge ? 'too_large' : 'refused' };
}

/** The message of the frame; what is compressed or cut says nothing. */
function messageOf(body: Buffer): Uint8Array {
  if (body.length < FRAME_BYTES || body.readUInt8(0) !== 0) return new Uint8Array(0);
  return body.subarray(FRAME_BYTES, FRAME_BYTES + body.readUInt32BE(1));
}

function later(
  status: string,
  fault: 'receiver' | 'configuration',
  error: string,
  waitMs: number,
): ExportAnswer {
  return { kind: 'later', status, fault, error, waitMs };
}

function noAnswer(error: string): ExportAnswer {
  return later('no_answer', 'receiver', error, 0);
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
