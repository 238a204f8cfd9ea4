/**
 * Takes requests to a receiver over HTTP that has no protocol of its own for outcomes: the status says what became of them.
 *
 *   2xx                                       delivered; a web page is no answer, where none is expected
 *   429, 408, 425, 502, 503, 504, no answer   again later, after Retry-After
 *   other 5xx                                 the same, ATTEMPTS_MAX times: then it is the request that is at fault
 *   3xx, 401, 403, 404, 405, 407              again later, slowly: somebody has to correct the configuration
 *   413, and 400 where halves help            halves (halves.ts)
 *   other 4xx                                 refused
 */
import { describeCause } from '../../lib/text/describe-cause.ts';
import type { SendResult } from '../delivery/send-result.ts';
import type { LossReason } from '../retry-queue/loss-counts.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import {
  againLater,
  allDelivered,
  allRefused,
  type Courier,
  type CourierResult,
  type Errand,
  NO_PARTS,
} from './courier.ts';
import { deliverInHalves, type PartOutcome } from './halves.ts';
import type { HttpPost } from './http-post.ts';

const AGAIN: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);
const CONFIGURATION: ReadonlySet<number> = new Set([401, 403, 404, 405, 407]);
/** Answers of 500 to one request before it is given up: some minutes, with the pauses in between. */
const ATTEMPTS_MAX = 10;
const TEXT_CHARS = 300;

export type HttpAnswer = Extract<SendResult, { kind: 'answered' }>;

export interface HttpCourierOptions<Piece = unknown> {
  readonly post: Pick<HttpPost, 'post' | 'close'>;
  /** Headers of a request, beside those of the receiver's settings. */
  readonly headers: (transaction: Transaction) => Readonly<Record<string, string>>;
  /** Whether a web page with status 200 is an answer of this receiver. */
  readonly takesPages: boolean;
  /** How a request is taken apart; without it, it is taken or refused as a whole. */
  readonly parts?: {
    /** Undefined when the bytes are not a request. */
    readonly of: (transaction: Transaction) => readonly Piece[] | undefined;
    readonly pack: (transaction: Transaction, pieces: readonly Piece[]) => Transaction;
  };
  /** How many items a receiver that took the others says it dropped; undefined when it says nothing of the kind. */
  readonly droppedOf?: (answer: HttpAnswer) => number | undefined;
}

export class HttpCourier<Piece = unknown> implements Courier {
  private readonly options: HttpCourierOptions<Piece>;

  constructor(options: HttpCourierOptions<Piece>) {
    this.options = options;
  }

  close(): Promise<void> {
    return this.options.post.close();
  }

  async deliver({ transaction, onRequest }: Errand): Promise<CourierResult> {
    const outcome = await this.send(transaction, onRequest);
    if (outcome.kind === 'stop')
      return { delivered: NO_PARTS, refused: [], ...outcome.result, rest: transaction };
    const { parts } = this.options;
    const pieces = outcome.kind === 'split' ? parts?.of(transaction) : undefined;
    if (parts === undefined || pieces === undefined || pieces.length < 2) return outcome.result;
    return deliverInHalves({
      pieces,
      pack: (some) => parts.pack(transaction, some),
      send: (request) => this.send(request, onRequest),
    });
  }

  private async send(transaction: Transaction, onRequest: Errand['onRequest']): Promise<PartOutcome> {
    const { post, headers } = this.options;
    let own: Readonly<Record<string, string>>;
    try {
      own = headers(transaction);
    } catch (error) {
      // A file with a secret is away, perhaps while it is replaced.
      return stop(againLater(transaction, describeCause(error), 'configuration'));
    }
    const result = await post.post({ ...transaction.headers, ...own }, transaction.body);
    if (result.kind === 'aborted') return { kind: 'stop', result: { aborted: true } };
    onRequest(result.kind === 'answered' ? String(result.status) : 'no_answer');
    if (result.kind === 'failed') return stop(againLater(transaction, result.error));
    return this.judge(transaction, result);
  }

  private judge(transaction: Transaction, answer: HttpAnswer): PartOutcome {
    const { status, retryAfterMs } = answer;
    const { takesPages, droppedOf } = this.options;
    const dropped = droppedOf?.(answer);
    if (dropped !== undefined)
      return { kind: 'settled', result: partOf(transaction, dropped, describe(answer)) };
    if (status >= 200 && status < 300) {
      if (takesPages || !isPage(answer)) return { kind: 'settled', result: allDelivered(transaction) };
      const error = `status ${status} with a web page: the receiver is not at this url; correct it`;
      return stop(againLater(transaction, error, 'configuration'));
    }
    const error = describe(answer);
    if (status < 400 || CONFIGURATION.has(status))
      return stop(againLater(transaction, error, 'configuration', retryAfterMs));
    if (AGAIN.has(status) || (status >= 500 && transaction.errors < ATTEMPTS_MAX - 1))
      return stop(againLater(transaction, error, 'receiver', retryAfterMs));
    const result = allRefused(transaction, reasonOf(answer), error);
    return { kind: status === 413 || status === 400 ? 'split' : 'settled', result };
  }
}

/** The start of what a receiver says, on one line and without what a terminal would act on. */
export function textOf({ body = new Uint8Array(0) }: HttpAnswer): string {
  return Buffer.from(body)
    .toString('utf8')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, TEXT_CHARS);
}

function describe(answer: HttpAnswer): string {
  const { status, headers = {} } = answer;
  if (status >= 300 && status < 400) {
    const target = typeof headers.location === 'string' ? ` to ${headers.location.slice(0, TEXT_CHARS)}` : '';
    return `status ${status}: the receiver redirects${target}; set the url to where data is taken`;
  }
  const text = isPage(answer) ? '' : textOf(answer);
  const detail = text === '' ? '' : `: ${text}`;
  if (status === 401 || status === 403)
    return `status ${status}: the receiver refuses the credentials${detail}`;
  return `status ${status}${detail}`;
}

function isPage({ headers = {} }: HttpAnswer): boolean {
  return String(headers['content-type'] ?? '').includes('text/html');
}

function partOf(transaction: Transaction, dropped: number, error: string): CourierResult {
  const { itemCount, pointCount } = transaction;
  const refused = Math.min(dropped, itemCount);
  if (refused === 0) return allDelivered(transaction);
  if (refused === itemCount) return allRefused(transaction, 'refused', error);
  const points = Math.round((pointCount * refused) / itemCount);
  return {
    delivered: { items: itemCount - refused, points: pointCount - points },
    refused: [{ reason: 'refused', items: refused, points }],
    error,
  };
}

function reasonOf({ status }: HttpAnswer): LossReason {
  return status === 415 ? 'unsupported' : 'refused';
}

function stop({ fault, waitMs, error }: CourierResult): PartOutcome {
  return {
    kind: 'stop',
    result: {
      ...(fault !== undefined && { fault }),
      ...(waitMs !== undefined && { waitMs }),
      ...(error !== undefined && { error }),
    },
  };
}
