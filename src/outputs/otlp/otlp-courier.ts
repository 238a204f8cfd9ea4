/**
 * Takes OTLP requests to one receiver, over HTTP or gRPC, and counts what it says it did not take.
 *
 *   taken                  delivered, but for `rejected` points of a partial success, which are never sent again
 *   too large              halves of it, and halves of those, down to one point; later requests are built smaller
 *   refused                counted by reason: `temporality`, `out_of_order`, `unsupported`, `refused`
 *   later                  again, before everything that follows
 */
import type { Log } from '../../lib/log.ts';
import {
  allRefused,
  type Courier,
  type CourierResult,
  type Errand,
  NO_PARTS,
  type Parts,
} from '../ordered/courier.ts';
import { deliverInHalves, type PartOutcome } from '../ordered/halves.ts';
import type { LossReason } from '../retry-queue/loss-counts.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import type { ExportAnswer, Exporter, PartialSuccess } from './answer.ts';
import { packPart, piecesOf } from './packed-request.ts';
import type { Piece } from './pieces.ts';

/** Warnings of a receiver that takes everything: one in this time, ms. */
const WARNING_MS = 60_000;
const BYTES_MIN = 4096;
const TEMPORALITY_REMEDY = {
  delta:
    'set outputs.otlp.temporality to cumulative, or have the receiver convert (Prometheus: otlp-deltatocumulative)',
  cumulative: 'set outputs.otlp.temporality to delta',
} as const;

export interface OtlpCourierOptions {
  /** For people; without secrets. */
  readonly name: string;
  readonly exporter: Exporter;
  readonly temporality: 'delta' | 'cumulative';
  /** The largest request to build, before compression. */
  readonly bytesMax: number;
  readonly log: Log;
  readonly now: () => number;
}

export class OtlpCourier implements Courier {
  /** The largest request that the receiver is known or hoped to take, before compression. */
  bytesMax: number;
  private readonly options: OtlpCourierOptions;
  private hasExplained = false;
  private warnedAt = Number.NEGATIVE_INFINITY;

  constructor(options: OtlpCourierOptions) {
    this.options = options;
    this.bytesMax = options.bytesMax;
  }

  close(): Promise<void> {
    return this.options.exporter.close();
  }

  async deliver({ transaction, onRequest }: Errand): Promise<CourierResult> {
    const outcome = await this.send(transaction, onRequest);
    if (outcome.kind === 'stop')
      return { delivered: NO_PARTS, refused: [], ...outcome.result, rest: transaction };
    const pieces = outcome.kind === 'split' ? piecesOf(transaction) : undefined;
    if (pieces === undefined || pieces.length < 2) return outcome.result;
    return deliverInHalves({
      pieces,
      pack: (some) => packPart(transaction, some),
      send: async (request, some) => {
        const part = await this.send(request, onRequest);
        if (part.kind === 'settled') this.learn(some);
        return part;
      },
    });
  }

  private async send(transaction: Transaction, onRequest: Errand['onRequest']): Promise<PartOutcome> {
    const answer = await this.options.exporter.export(transaction);
    if (answer.kind === 'aborted') return { kind: 'stop', result: { aborted: true } };
    onRequest(answer.status);
    switch (answer.kind) {
      case 'later': {
        const { error, fault, waitMs } = answer;
        return { kind: 'stop', result: { error, fault, waitMs } };
      }
      case 'taken':
        return { kind: 'settled', result: this.taken(transaction, answer.partial) };
      case 'refused': {
        const result = allRefused(transaction, this.reasonOf(answer), answer.error);
        return { kind: answer.why === 'too_large' ? 'split' : 'settled', result };
      }
    }
  }

  private taken({ itemCount }: Transaction, partial: PartialSuccess): CourierResult {
    const rejected = Math.min(partial.rejected, itemCount);
    const taken = partsOf(itemCount - rejected);
    if (rejected === 0) {
      this.warn(partial);
      return { delivered: taken, refused: [] };
    }
    const error = `${rejected} of ${itemCount} rejected${partial.message === '' ? '' : `: ${partial.message}`}`;
    return {
      delivered: taken,
      refused: [{ reason: this.reasonOfText(partial.message), ...partsOf(rejected) }],
      error,
    };
  }

  /** Everything was taken, and still there is something to say. */
  private warn({ message, isKnown }: PartialSuccess): void {
    if (message === '' && isKnown) return;
    const now = this.options.now();
    if (now - this.warnedAt < WARNING_MS) return;
    this.warnedAt = now;
    const { log, name } = this.options;
    if (isKnown)
      log.warn({ endpoint: name, warning: message }, 'the receiver accepted everything, with a warning');
    else
      log.warn(
        { endpoint: name },
        'the receiver accepted the data, but its response is not OTLP; check that the url points to an OTLP receiver',
      );
  }

  /** The receiver took a part where it did not take the whole: the next requests are no larger. */
  private learn(part: readonly Piece[]): void {
    const bytes = part.reduce((sum, piece) => sum + piece.bytes.length, 0);
    this.bytesMax = Math.max(Math.min(this.bytesMax, bytes), BYTES_MIN);
  }

  private reasonOf({ why, error }: Extract<ExportAnswer, { kind: 'refused' }>): LossReason {
    return why === 'unknown_service' ? 'unsupported' : this.reasonOfText(error);
  }

  private reasonOfText(text: string): LossReason {
    if (/temporality/i.test(text)) {
      this.explainTemporality(text);
      return 'temporality';
    }
    return /out of order|out-of-order|duplicate sample|too old|out of bounds|too far in the future/i.test(
      text,
    )
      ? 'out_of_order'
      : 'refused';
  }

  private explainTemporality(text: string): void {
    if (this.hasExplained) return;
    this.hasExplained = true;
    const { log, name, temporality } = this.options;
    log.error(
      { endpoint: name, code: 'ERR_OTLP_TEMPORALITY', answer: text },
      `ERR_OTLP_TEMPORALITY: the receiver does not take ${temporality} temporality, and data is lost until that is changed: ${TEMPORALITY_REMEDY[temporality]}`,
    );
  }
}

function partsOf(count: number): Parts {
  return { items: count, points: count };
}
