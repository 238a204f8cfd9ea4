/**
 * OTLP over HTTP with protobuf: POST URL/v1/metrics, POST URL/v1/logs.
 *
 *   2xx                          taken, but for what partial_success says; a web page is no answer
 *   429, 502, 503, 504, none     again later, after Retry-After
 *   3xx, 401, 403, 404, 405, 407 again later, slowly: somebody has to correct the configuration; logs a receiver does not know
 *                                are refused
 *   413                          halves (otlp-courier.ts)
 *   other 4xx and 5xx            refused: the protocol says not to send again
 */
import type { SendResult } from '../delivery/send-result.ts';
import type { HttpPost } from '../ordered/http-post.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import { type ExportAnswer, type Exporter, errorTextOf, partialSuccessOf } from './answer.ts';
import { isGzip, signalOf } from './packed-request.ts';

const CONTENT_TYPE = 'application/x-protobuf';
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const UNKNOWN: ReadonlySet<number> = new Set([404, 405]);
const NOT_ALLOWED: ReadonlySet<number> = new Set([401, 403, 407]);
const TARGET_CHARS = 200;

type Answer = Extract<SendResult, { kind: 'answered' }>;

export class HttpExporter implements Exporter {
  private readonly post: Pick<HttpPost, 'post' | 'close'>;

  constructor(post: Pick<HttpPost, 'post' | 'close'>) {
    this.post = post;
  }

  async export(transaction: Transaction): Promise<ExportAnswer> {
    const headers = {
      'content-type': CONTENT_TYPE,
      ...(isGzip(transaction) && { 'content-encoding': 'gzip' }),
    };
    const result = await this.post.post(headers, transaction.body);
    if (result.kind === 'aborted') return result;
    if (result.kind === 'failed')
      return { kind: 'later', status: 'no_answer', fault: 'receiver', error: result.error, waitMs: 0 };
    return judge(result, signalOf(transaction) === 'logs');
  }

  close(): Promise<void> {
    return this.post.close();
  }
}

function judge(answer: Answer, isLogs: boolean): ExportAnswer {
  const { status: code, body = new Uint8Array(0), headers = {}, retryAfterMs = 0 } = answer;
  const status = String(code);
  const type = String(headers['content-type'] ?? '');
  const later = (fault: 'receiver' | 'configuration', error: string): ExportAnswer => ({
    kind: 'later',
    status,
    fault,
    error,
    waitMs: retryAfterMs,
  });
  if (code >= 200 && code < 300) {
    if (type.includes('text/html'))
      return later(
        'configuration',
        `status ${code} with a web page: no receiver of OTLP is at this url; correct it`,
      );
    return { kind: 'taken', status, partial: partialSuccessOf(body, type) };
  }
  const error = describe(answer, errorTextOf(body, type));
  if (AGAIN.has(code)) return later('receiver', error);
  if (UNKNOWN.has(code) && isLogs) return { kind: 'refused', status, error, why: 'unknown_service' };
  if (code < 400 || UNKNOWN.has(code) || NOT_ALLOWED.has(code)) return later('configuration', error);
  return { kind: 'refused', status, error, why: code === 413 ? 'too_large' : 'refused' };
}

function describe({ status, headers = {} }: Answer, text: string): string {
  if (status >= 300 && status < 400) {
    const target =
      typeof headers.location === 'string' ? ` to ${headers.location.slice(0, TARGET_CHARS)}` : '';
    return `status ${status}: the receiver redirects${target}; set the url to where data is taken`;
  }
  const detail = text === '' ? '' : `: ${text}`;
  if (status === 401 || status === 403)
    return `status ${status}: the receiver refuses the credentials${detail}`;
  return `status ${status}${detail}`;
}
