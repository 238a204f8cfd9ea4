/** Which class of partial each type of context has. A new type is one more row. */
import type { ContextType } from '../../model/context.ts';
import type { GlobalGauge } from '../../model/metric-rule.ts';
import type { PartialData } from '../../model/partial-data.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';
import { writeBins } from './bin-sums.ts';
import { CounterPartial } from './counter.ts';
import { DistributionPartial } from './distribution.ts';
import { GaugePartial } from './gauge.ts';
import { HistogramPartial } from './histogram.ts';
import { writeMoments } from './moments.ts';
import type { Partial } from './partial.ts';
import { SetPartial } from './set.ts';

const MAKE_PARTIAL: { readonly [Type in ContextType]: () => Partial } = {
  counter: () => new CounterPartial(),
  gauge: () => new GaugePartial(),
  histogram: () => new HistogramPartial(),
  distribution: () => new DistributionPartial(),
  set: () => new SetPartial(),
};

/** What one server has for a context, ready to be written. */
export function partialOf(data: PartialData, gauge: GlobalGauge): Partial {
  switch (data.kind) {
    case 'counter':
      return new CounterPartial(data.sum);
    case 'gauge':
      return GaugePartial.of(gauge, data.value, data.at);
    case 'distribution':
      return DistributionPartial.of(data.moments, data.bins);
    case 'histogram':
      return HistogramPartial.of(data.moments, data.values, data.bins);
    case 'set':
      return SetPartial.of(data.elements);
  }
}

/** The same, written at once where no partial has to be made for it. */
export function writePartial(data: PartialData, gauge: GlobalGauge, writer: ByteWriter): void {
  if (data.kind === 'counter') writer.f64(data.sum);
  else if (data.kind === 'gauge') GaugePartial.writeOne(writer, gauge, data.value, data.at);
  else if (data.kind === 'distribution') {
    writeMoments(writer, data.moments);
    writeBins(writer, data.bins.keys, data.bins.weights, data.bins.keys.length);
  } else partialOf(data, gauge).write(writer);
}

/** An empty partial of a type. */
export function makePartial(type: ContextType): Partial {
  return MAKE_PARTIAL[type]();
}
