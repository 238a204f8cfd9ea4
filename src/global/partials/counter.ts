/** Counters: a sum. Late sums go to a later bucket, so that totals over time stay right. */
import { addFinite } from '../../lib/finite.ts';
import type { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';
import type { GlobalOutcome, OutcomeRules, Partial } from './partial.ts';

export class CounterPartial implements Partial {
  readonly bytes = 32;
  sum: number;

  constructor(sum = 0) {
    this.sum = sum;
  }

  merge(reader: ByteReader): void {
    this.sum = addFinite(this.sum, reader.f64());
  }

  mergeLate(reader: ByteReader): boolean {
    this.merge(reader);
    return true;
  }

  write(writer: ByteWriter): void {
    writer.f64(this.sum);
  }

  outcome({ intervalSeconds }: OutcomeRules): GlobalOutcome {
    const { sum } = this;
    return {
      data: { kind: 'counter', sum },
      series: [{ suffix: '', type: 'rate', value: sum / intervalSeconds }],
    };
  }
}
