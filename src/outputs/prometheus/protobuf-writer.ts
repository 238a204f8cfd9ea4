/**
 * Writes the page as protobuf: each family a message io.prometheus.client.MetricFamily behind its length. The one format
 * that has native histograms.
 *
 *   MetricFamily  name 1 │ help 2 │ type 3 │ metric 4 …
 *   Metric        label 1 … │ gauge 2 │ counter 3 │ summary 4 │ histogram 7
 *   Counter, Gauge  value 1 │ created 3 (counter)
 *   Summary       count 1 │ sum 2 │ quantile 3 … │ created 4
 *   Histogram     count 1 │ sum 2 │ bucket 3 … │ schema 5 │ zero_threshold 6 │ zero_count 7
 *                 negative_span 9, negative_delta 10 │ positive_span 12, positive_delta 13 │ created 15
 *
 * Memory  one family at a time: its length comes before it.
 */
import { fromSketchKey } from '../../lib/sketch-key.ts';
import type { Buckets, ExponentialHistogram } from '../native-histogram/exponential-histogram.ts';
import { fromBins } from '../native-histogram/exponential-histogram.ts';
import { LOSSLESS_SCHEMA, ZERO_THRESHOLD } from '../native-histogram/key-index.ts';
import { fromScaledBins } from '../native-histogram/scaled-bins.ts';
import { toSpans } from '../native-histogram/spans.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import type { PrometheusType } from './family.ts';
import type { ClassicCounts, NativeBins, Observed, PageWriter } from './page-writer.ts';

const TYPES: Readonly<Record<PrometheusType, number>> = { counter: 0, gauge: 1, summary: 2, histogram: 4 };
/** name="value", as labels.ts writes it. */
const LABEL = /([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"/gs;

export class ProtobufWriter implements PageWriter {
  private readonly page = new ProtoWriter(64 * 1024);
  private readonly family = new ProtoWriter(64 * 1024);
  private readonly metric = new ProtoWriter();
  private readonly inner = new ProtoWriter();
  private readonly innermost = new ProtoWriter(64);
  private type: PrometheusType = 'gauge';
  /** Of the family, at the last take. */
  private takenAt = 0;

  get size(): number {
    return this.page.length + this.family.length - this.takenAt;
  }

  begin(displayed: string, type: PrometheusType, help: string): void {
    this.type = type;
    this.family.length = 0;
    this.takenAt = 0;
    this.family.stringItem(1, displayed);
    this.family.stringItem(2, help);
    this.family.integerItem(3, TYPES[type]);
  }

  value(labels: string, value: number, startAt?: number): void {
    const inner = this.inner;
    inner.length = 0;
    inner.doubleItem(1, value);
    if (this.type === 'counter') this.created(3, startAt);
    this.add(labels, this.type === 'counter' ? 3 : 2);
  }

  summary(
    labels: string,
    quantiles: readonly (readonly [number, number])[],
    { count, sum, startAt }: Observed,
  ): void {
    const inner = this.inner;
    inner.length = 0;
    inner.integerItem(1, count);
    if (sum !== undefined) inner.doubleItem(2, sum);
    for (const [quantile, value] of quantiles) {
      const pair = this.innermost;
      pair.length = 0;
      pair.doubleItem(1, quantile);
      pair.doubleItem(2, value);
      inner.bytesItem(3, pair.bytes, pair.length);
    }
    this.created(4, startAt);
    this.add(labels, 4);
  }

  histogram(
    labels: string,
    { count, sum, startAt }: Observed,
    classic: ClassicCounts | undefined,
    native: NativeBins | undefined,
  ): void {
    const inner = this.inner;
    inner.length = 0;
    inner.integerItem(1, count);
    if (sum !== undefined) inner.doubleItem(2, sum);
    if (classic !== undefined) this.classic(classic);
    if (native !== undefined) this.native(histogramOf(native));
    this.created(15, startAt);
    this.add(labels, 7);
  }

  end(): void {
    const { bytes, length } = this.family;
    this.page.raw(lengthBytes(length));
    this.page.raw(bytes, length);
    this.family.length = 0;
    this.takenAt = 0;
  }

  take(): Uint8Array {
    const page = this.page;
    const bytes = page.bytes.slice(0, page.length);
    page.length = 0;
    this.takenAt = this.family.length;
    return bytes;
  }

  finish(): Uint8Array {
    return this.take();
  }

  private classic({ bounds, counts }: ClassicCounts): void {
    counts.forEach((count, i) => {
      const bucket = this.innermost;
      bucket.length = 0;
      bucket.integerItem(1, count);
      bucket.doubleItem(2, bounds[i] ?? Number.POSITIVE_INFINITY);
      this.inner.bytesItem(3, bucket.bytes, bucket.length);
    });
  }

  private native({ schema, zeroCount, negative, positive }: ExponentialHistogram): void {
    const inner = this.inner;
    inner.signed(5, schema);
    inner.doubleItem(6, ZERO_THRESHOLD);
    inner.integerItem(7, zeroCount);
    this.side(9, negative);
    this.side(12, positive);
  }

  /** `field` holds the spans, the one after it the deltas. */
  private side(field: number, buckets: Buckets): void {
    const { offsets, lengths, deltas } = toSpans(buckets);
    const span = this.innermost;
    offsets.forEach((offset, i) => {
      span.length = 0;
      span.signed(1, offset);
      span.integer(2, lengths[i] as number);
      this.inner.bytesItem(field, span.bytes, span.length);
    });
    this.inner.packedSigned(field + 1, deltas);
  }

  private created(field: number, startAt: number | undefined): void {
    if (startAt === undefined) return;
    const time = this.innermost;
    time.length = 0;
    time.integer(1, startAt);
    this.inner.bytesItem(field, time.bytes, time.length);
  }

  /** Adds a metric whose value, in `field`, is in the inner message. */
  private add(labels: string, field: number): void {
    const metric = this.metric;
    metric.length = 0;
    for (const [, name = '', escaped = ''] of labels.matchAll(LABEL)) {
      const pair = this.innermost;
      pair.length = 0;
      pair.stringItem(1, name);
      pair.stringItem(2, plainValue(escaped));
      metric.bytesItem(1, pair.bytes, pair.length);
    }
    metric.bytesItem(field, this.inner.bytes, this.inner.length);
    this.family.bytesItem(4, metric.bytes, metric.length);
  }
}

function histogramOf({ keys, counts, scale }: NativeBins): ExponentialHistogram {
  if (scale === 1) return fromBins({ keys, counts }, LOSSLESS_SCHEMA);
  return fromScaledBins({ keys, counts }, (key) => fromSketchKey(key) * scale, LOSSLESS_SCHEMA);
}

function plainValue(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(.)/gs, (_, char: string) => (char === 'n' ? '\n' : char));
}

function lengthBytes(length: number): Uint8Array {
  const bytes: number[] = [];
  let rest = length;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
