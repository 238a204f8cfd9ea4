/**
 * A bucket of the fleet in one partition while it is open: a partial for each context, in the order they came.
 */

import type { ContextType } from '../../model/context.ts';
import type { ByteReader } from '../bytes/byte-reader.ts';
import { makePartial } from '../partials/make-partial.ts';
import type { Partial, Source } from '../partials/partial.ts';

export class OpenBucket {
  /** Unix seconds. */
  readonly start: number;
  readonly width: number;
  /** It holds what came after the bucket had closed, to be sent as a difference. */
  readonly isLate: boolean;
  /** By context id; iterates in the order of the log. */
  readonly partials = new Map<number, Partial>();

  constructor(start: number, width: number, isLate: boolean) {
    this.start = start;
    this.width = width;
    this.isLate = isLate;
  }

  get end(): number {
    return this.start + this.width;
  }

  /** Bytes of its partials, about. */
  get bytes(): number {
    let bytes = 0;
    for (const partial of this.partials.values()) bytes += partial.bytes;
    return bytes;
  }

  /**
   * Adds an encoded partial; false when there is no room for another context, or the partial is `late` and has no
   * meaning here.
   */
  merge(id: number, type: ContextType, reader: ByteReader, source: Source, how: MergeHow): MergeOutcome {
    let partial = this.partials.get(id);
    const isNew = partial === undefined;
    if (partial === undefined) {
      if (this.partials.size >= how.contextsMax) return 'full';
      partial = makePartial(type);
    }
    if (!how.isLate) partial.merge(reader, source);
    else if (!partial.mergeLate(reader, source)) return 'meaningless';
    if (isNew) this.partials.set(id, partial);
    return 'merged';
  }
}

export interface MergeHow {
  readonly isLate: boolean;
  readonly contextsMax: number;
}

export type MergeOutcome = 'merged' | 'full' | 'meaningless';
