/** Distributions: moments and bins. They become a sketch after the last merge, trimmed once. */
import { QuantileSketch } from '../../aggregate/sketch/sketch.ts';
import type { PartialMoments, Weighted } from '../../model/partial-data.ts';
import type { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';
import { BinSums } from './bin-sums.ts';
import { MergedMoments } from './moments.ts';
import type { GlobalOutcome, OutcomeRules, Partial } from './partial.ts';

const OWN_BYTES = 200;

export class DistributionPartial implements Partial {
  readonly moments = new MergedMoments();
  readonly bins = new BinSums();

  static of(moments: PartialMoments, bins: Weighted): DistributionPartial {
    const partial = new DistributionPartial();
    partial.moments.addAll(moments);
    partial.bins.addAll(bins);
    return partial;
  }

  get bytes(): number {
    return OWN_BYTES + this.bins.bytes;
  }

  merge(reader: ByteReader): void {
    this.moments.merge(reader);
    this.bins.merge(reader);
  }

  mergeLate(reader: ByteReader): boolean {
    this.merge(reader);
    return true;
  }

  write(writer: ByteWriter): void {
    this.moments.write(writer);
    this.bins.write(writer);
  }

  outcome({ sketchLimits }: OutcomeRules): GlobalOutcome | undefined {
    const { summary } = this.moments;
    if (!(summary.count > 0)) return undefined;
    const sketch = QuantileSketch.fromBins(this.bins.keys, this.bins.counts, summary, sketchLimits);
    return {
      data: { kind: 'distribution', sketch },
      series: [{ suffix: '', type: 'distribution', value: summary.sum }],
    };
  }
}
