/**
 * Counts fields that mean nothing to this server by their first byte: how a version of the protocol shows
 * that is newer than the server. Counts suspicions about whole messages as well (suspicion.ts).
 *
 *   a:1|c|#env:prod|z:42|Q        one z, one Q
 *
 * Memory  one number for each printable ASCII byte and one for all others together, in a buffer that may be
 *         shared: one thread writes, any thread reads at any time.
 */

import type { ByteString } from '../../model/text.ts';
import { SUSPICIONS, type Suspicion } from '../../model/views/suspicion.ts';

/** `!` to `~`: bytes that can stand for themselves in a log line or a label. */
const FIRST = 0x21;
const LAST = 0x7e;
const OTHER = LAST - FIRST + 1;
const KINDS = OTHER + 1;
/** Behind the fields: one number for each suspicion. */
const NUMBERS = KINDS + SUSPICIONS.length;

/** Bytes the counts take. */
export const UNKNOWN_FIELD_BYTES = NUMBERS * 8;

/** What every byte that is not printable is counted as. */
export const OTHER_FIELDS = 'other';

export class UnknownFields {
  private readonly counts: Float64Array;

  /** `buffer` is zeroed, or holds the counts of an earlier instance. */
  constructor(buffer: ArrayBufferLike = new ArrayBuffer(UNKNOWN_FIELD_BYTES), byteOffset = 0) {
    this.counts = new Float64Array(buffer, byteOffset, NUMBERS);
  }

  /** Counts one field. Fits `ParseObserver.unknownField`. */
  add(firstByte: ByteString): void {
    const code = firstByte.charCodeAt(0);
    const index = code >= FIRST && code <= LAST ? code - FIRST : OTHER;
    this.counts[index] = (this.counts[index] as number) + 1;
  }

  /** Counts one message. Fits `ParseObserver.suspicion`. */
  addSuspicion(what: Suspicion): void {
    const index = KINDS + SUSPICIONS.indexOf(what);
    this.counts[index] = (this.counts[index] as number) + 1;
  }

  /** How many messages are under each suspicion. */
  suspicions(): { readonly kind: Suspicion; readonly count: number }[] {
    return SUSPICIONS.map((kind, index) => ({ kind, count: this.counts[KINDS + index] as number }));
  }

  /** What was seen so far, in the order of the bytes; kinds that were not are left out. */
  list(): { readonly kind: string; readonly count: number }[] {
    return Array.from(this.counts.subarray(0, KINDS), (count, index) => ({
      kind: index === OTHER ? OTHER_FIELDS : String.fromCharCode(FIRST + index),
      count,
    })).filter(({ count }) => count > 0);
  }
}
