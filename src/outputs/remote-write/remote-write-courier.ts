/**
 * Takes remote-write requests to one receiver: finds out which version it speaks, and keeps one bad series from costing
 * the others anything.
 *
 *   2.0 ──2xx with written headers──▶ delivered, as many points as they say
 *       ──2xx without, 415, 400 without──▶ the same again as 1.0, and 1.0 from now on (`version: auto`)
 *   1.0 ──2xx──▶ delivered        ──400──▶ search for the series that is refused (search.ts)
 *   either ──429, 5xx, no answer──▶ again later
 *          ──3xx, 401, 403, 404──▶ again later, slowly: somebody has to correct the configuration
 *          ──other 4xx──▶ refused
 *
 * Why 1.0 again   A receiver of 1.0 answers 2xx to a body of 2.0 and stores nothing of it. It has decoded nothing, so
 *                 nothing is stored twice.
 * Why a probe     Some receivers answer 5xx to a series they will never take. After FAILURES_MAX identical ones a single
 *                 series is sent alone: if that is taken, the receiver works, and the request is searched as after 400.
 */
import type { Log } from '../../lib/log.ts';
import type { SendResult } from '../delivery/send-result.ts';
import {
  againLater,
  allDelivered,
  allRefused,
  type Courier,
  type CourierResult,
  type Errand,
  NO_PARTS,
} from '../ordered/courier.ts';
import type { LossReason } from '../retry-queue/loss-counts.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import { bodyOf, headersFor, pack, versionOf } from './packed-request.ts';
import { asVersion1, labelsOf, type RequestPieces, type SeriesPiece, takeApart } from './pieces.ts';
import type { WriteVersion } from './request-builder.ts';
import { Search } from './search.ts';

/** Identical 5xx answers to one request before a single series is sent alone. */
const FAILURES_MAX = 5;
const ERROR_CHARS = 200;
const STORED_NOTHING =
  'ERR_REMOTE_WRITE_UNSUPPORTED: the receiver does not say how much it has written, so it speaks remote write 1.0 and has stored nothing; set version to auto or 1';

/** Makes one request. Never rejects. */
export type Post = (headers: Readonly<Record<string, string>>, body: Uint8Array) => Promise<SendResult>;

export interface RemoteWriteCourierOptions {
  /** For people; without secrets. */
  readonly name: string;
  readonly post: Post;
  readonly close: () => Promise<void>;
  readonly version: 'auto' | WriteVersion;
  readonly log: Log;
}

type Answer = Extract<SendResult, { kind: 'answered' }>;

export class RemoteWriteCourier implements Courier {
  private readonly options: RemoteWriteCourierOptions;
  private _version: WriteVersion;
  /** Whether the receiver is known to speak `#version`. */
  private isSure: boolean;
  /** The last 5xx of the request at the head, and how often it came in a row. */
  private failing: { readonly body: Uint8Array; readonly status: number; times: number } | undefined;

  constructor(options: RemoteWriteCourierOptions) {
    this.options = options;
    this._version = options.version === 'auto' ? 2 : options.version;
    this.isSure = options.version !== 'auto';
  }

  /** The version in which the next request is best built. */
  get version(): WriteVersion {
    return this._version;
  }

  close(): Promise<void> {
    return this.options.close();
  }

  async deliver(errand: Errand): Promise<CourierResult> {
    let { transaction } = errand;
    const { onRequest } = errand;
    if (versionOf(transaction) === 2 && this._version === 1) transaction = downgrade(transaction);
    const result = await this.send(transaction, onRequest);
    if (result.kind !== 'answered') return notAnswered(errand.transaction, result);
    if (versionOf(transaction) === 2) {
      const written = writtenOf(result);
      if (written !== undefined) {
        this.isSure = true;
        return this.judge2(errand, transaction, result, written);
      }
      if (result.status < 300 || (!this.isSure && isOldReceiver(result.status))) {
        if (this.options.version === 2) return allRefused(transaction, 'unsupported', STORED_NOTHING);
        this.fallBack(result.status);
        return this.deliver(errand);
      }
    }
    return this.judge(errand, transaction, result);
  }

  private fallBack(status: number): void {
    const { log, name } = this.options;
    this._version = 1;
    this.isSure = true;
    log.info(
      { endpoint: name, status },
      'this receiver does not support remote write 2.0; resending the request as 1.0',
    );
  }

  /** What the headers of 2.0 say. */
  private judge2(errand: Errand, transaction: Transaction, answer: Answer, written: number): CourierResult {
    const { status } = answer;
    const isFinal = status < 300 || (status >= 400 && status < 500 && status !== 429);
    // 5xx and 429 ask for the whole request again.
    if (!isFinal) return this.later(errand, transaction, answer);
    const { itemCount, pointCount } = transaction;
    const points = Math.min(written, pointCount);
    const missing = pointCount - points;
    if (missing === 0) return allDelivered(transaction);
    // Headers count points; of a series all points are as good as always taken or refused together.
    const refusedItems = Math.min(itemCount, Math.ceil((missing * itemCount) / pointCount));
    return {
      delivered: { items: itemCount - refusedItems, points },
      refused: [{ reason: reasonOf(answer), items: refusedItems, points: missing }],
      error: this.describe(answer),
    };
  }

  private async judge(errand: Errand, transaction: Transaction, answer: Answer): Promise<CourierResult> {
    const { status } = answer;
    if (status < 300) {
      this.failing = undefined;
      return allDelivered(transaction);
    }
    if (status === 400) return this.search(errand, transaction, answer);
    if (status === 415) return allRefused(transaction, 'unsupported', this.explainUnsupported(answer));
    if (status === 429 || status >= 500) return this.failed(errand, transaction, answer);
    if (status < 400 || status === 401 || status === 403 || status === 404 || status === 407) {
      return againLater(errand.transaction, this.describe(answer), 'configuration', answer.retryAfterMs);
    }
    return allRefused(transaction, 'refused', this.describe(answer));
  }

  private later({ transaction: original }: Errand, _: Transaction, answer: Answer): CourierResult {
    return againLater(original, this.describe(answer), 'receiver', answer.retryAfterMs);
  }

  /** A 5xx or 429: again later, unless it is one series that never gets better. */
  private async failed(errand: Errand, transaction: Transaction, answer: Answer): Promise<CourierResult> {
    const { status } = answer;
    const { body } = errand.transaction;
    const isSame = this.failing?.body === body && this.failing.status === status;
    this.failing = { body, status, times: isSame ? (this.failing?.times ?? 0) + 1 : 1 };
    if (status === 429 || this.failing.times < FAILURES_MAX) return this.later(errand, transaction, answer);
    this.failing.times = 0;
    return (await this.probe(errand, transaction, answer)) ?? this.later(errand, transaction, answer);
  }

  /** Sends one series alone; when that is taken, the receiver works, and what it refuses is searched for. */
  private async probe(
    errand: Errand,
    transaction: Transaction,
    answer: Answer,
  ): Promise<CourierResult | undefined> {
    const pieces = piecesOf(transaction);
    if (pieces === undefined) return undefined;
    if (pieces.series.length === 1) return this.probeNext(errand, transaction, pieces, answer);
    const chosen = (errand.transaction.errors * 7919) % pieces.series.length;
    const probe = pieces.series[chosen] as SeriesPiece;
    const result = await this.send(pack(transaction, pieces, [probe]), errand.onRequest);
    if (result.kind !== 'answered' || result.status >= 300) return undefined;
    const others = pieces.series.filter((piece) => piece !== probe);
    return this.runSearch(errand, transaction, { ...pieces, series: others }, answer, [probe]);
  }

  /** A request of one series: another series tells whether the receiver works. */
  private async probeNext(
    { next, onRequest }: Errand,
    transaction: Transaction,
    pieces: RequestPieces,
    answer: Answer,
  ): Promise<CourierResult | undefined> {
    if (next === undefined) return undefined;
    const usable = versionOf(next) === 2 && this._version === 1 ? downgrade(next) : next;
    const others = piecesOf(usable);
    if (others === undefined) return undefined;
    const key = labelsOf(pieces, pieces.series[0] as SeriesPiece).join('\0');
    const other = others.series.find((piece) => labelsOf(others, piece).join('\0') !== key);
    if (other === undefined) return undefined;
    // It comes again with its own request, which changes nothing: the same point twice is no error.
    const result = await this.send(pack(usable, others, [other]), onRequest);
    if (result.kind !== 'answered' || result.status >= 300) return undefined;
    return allRefused(transaction, reasonOf(answer), this.describe(answer));
  }

  private search(
    errand: Errand,
    transaction: Transaction,
    answer: Answer,
  ): CourierResult | Promise<CourierResult> {
    const pieces = piecesOf(transaction);
    if (pieces === undefined || pieces.series.length <= 1) {
      return allRefused(transaction, reasonOf(answer), this.describe(answer));
    }
    return this.runSearch(errand, transaction, pieces, answer, []);
  }

  private async runSearch(
    { onRequest }: Errand,
    transaction: Transaction,
    pieces: RequestPieces,
    answer: Answer,
    taken: readonly SeriesPiece[],
  ): Promise<CourierResult> {
    let last = answer;
    const search = new Search(pieces.series, async (series) => {
      const result = await this.send(pack(transaction, pieces, series), onRequest);
      if (result.kind !== 'answered') return { kind: 'unknown', error: errorOf(result) };
      if (result.status < 300) return { kind: 'taken' };
      last = result;
      const isRefused = result.status === 400 || result.status === answer.status;
      return isRefused
        ? { kind: 'refused', reason: reasonOf(result) }
        : { kind: 'unknown', error: this.describe(result) };
    });
    const found = await search.run();
    const refused = new Map<LossReason, { items: number; points: number }>();
    for (const { piece, reason } of found.refused) {
      const sum = refused.get(reason) ?? { items: 0, points: 0 };
      refused.set(reason, { items: sum.items + 1, points: sum.points + piece.points });
    }
    const done = [...taken, ...found.taken];
    return {
      delivered: { items: done.length, points: pointsOf(done) },
      refused: [...refused].map(([reason, parts]) => ({ reason, ...parts })),
      error: found.error ?? this.describe(last),
      ...(found.left.length > 0 && {
        rest: pack(transaction, pieces, found.left),
        fault: 'receiver' as const,
      }),
    };
  }

  private async send(transaction: Transaction, onRequest: Errand['onRequest']): Promise<SendResult> {
    const result = await this.options.post(headersFor(versionOf(transaction)), transaction.body);
    if (result.kind !== 'aborted')
      onRequest(result.kind === 'answered' ? String(result.status) : 'no_answer');
    return result;
  }

  private describe({ status, body, headers = {} }: Answer): string {
    const text = Buffer.from(body ?? [])
      .toString('utf8')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, ERROR_CHARS);
    if (status >= 300 && status < 400) {
      const target =
        typeof headers.location === 'string' ? ` to ${headers.location.slice(0, ERROR_CHARS)}` : '';
      return `status ${status}: the receiver redirects${target}; set the url to where data is taken`;
    }
    if (status === 401 || status === 403)
      return `status ${status}: the receiver refuses the credentials${text === '' ? '' : `: ${text}`}`;
    return `status ${status}${text === '' ? '' : `: ${text}`}`;
  }

  private explainUnsupported(answer: Answer): string {
    return `ERR_REMOTE_WRITE_UNSUPPORTED: ${this.describe(answer)}; the receiver takes neither version of remote write at this url; check the url, or set version`;
  }
}

function piecesOf(transaction: Transaction): RequestPieces | undefined {
  try {
    return takeApart(bodyOf(transaction), versionOf(transaction));
  } catch {
    // A file of an earlier process with another content: it can only be taken or refused as a whole.
    return undefined;
  }
}

/** The same transaction as version 1.0, still with its place on disk. */
function downgrade(transaction: Transaction): Transaction {
  return pack(transaction, asVersion1(bodyOf(transaction)));
}

function notAnswered(transaction: Transaction, result: Exclude<SendResult, Answer>): CourierResult {
  if (result.kind === 'failed') return againLater(transaction, result.error);
  return { delivered: NO_PARTS, refused: [], rest: transaction, aborted: true };
}

function errorOf(result: Exclude<SendResult, Answer>): string {
  return result.kind === 'failed' ? result.error : 'the server stops';
}

/** Points the receiver says it wrote; undefined when it says nothing, as a receiver of 1.0. */
function writtenOf({ headers = {} }: Answer): number | undefined {
  const names = ['samples', 'histograms', 'exemplars'];
  const values = names.map((name) => headers[`x-prometheus-remote-write-${name}-written`]);
  if (values.every((value) => value === undefined)) return undefined;
  const [samples = 0, histograms = 0] = values.map((value) => Number(value ?? 0));
  return Number.isFinite(samples + histograms) ? samples + histograms : undefined;
}

function isOldReceiver(status: number): boolean {
  return status === 400 || status === 415;
}

/** Why, from what the receiver says about it. */
function reasonOf({ body }: Answer): LossReason {
  const text = Buffer.from(body ?? []).toString('utf8');
  if (/out of order|out-of-order|duplicate sample|too old|out of bounds|too far in the future/i.test(text))
    return 'out_of_order';
  return /native histogram/i.test(text) && /disabled|not (enabled|supported)/i.test(text)
    ? 'unsupported'
    : 'refused';
}

function pointsOf(series: readonly SeriesPiece[]): number {
  return series.reduce((sum, { points }) => sum + points, 0);
}
