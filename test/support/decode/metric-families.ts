/** Reads a page in Prometheus' protobuf format: messages io.prometheus.client.MetricFamily, each behind its length. */
import { fieldsOf, type ProtoField, packedOf, textOf } from '../../../src/outputs/protobuf/proto-reader.ts';

export interface ReadSide {
  readonly offsets: number[];
  readonly lengths: number[];
  readonly deltas: number[];
}

export interface ReadMetric {
  readonly labels: Record<string, string>;
  value?: number;
  createdAt?: number;
  summary?: { count: number; sum: number; quantiles: [number, number][] };
  histogram?: {
    count: number;
    sum: number;
    schema: number;
    zeroCount: number;
    createdAt: number;
    /** Upper bound and count. */
    readonly buckets: [number, number][];
    readonly positive: ReadSide;
    readonly negative: ReadSide;
  };
}

export interface ReadFamily {
  name: string;
  help: string;
  type: number;
  readonly metrics: ReadMetric[];
}

export function readFamilies(page: Uint8Array): ReadFamily[] {
  const families: ReadFamily[] = [];
  let at = 0;
  while (at < page.length) {
    let [length, factor, byte] = [0, 1, 0x80];
    while (byte > 127) {
      byte = page[at++] as number;
      length += (byte & 127) * factor;
      factor *= 128;
    }
    families.push(familyOf(page.subarray(at, at + length)));
    at += length;
    if (at > page.length) throw new RangeError('the page ends within a family');
  }
  return families;
}

function familyOf(bytes: Uint8Array): ReadFamily {
  const family: ReadFamily = { name: '', help: '', type: -1, metrics: [] };
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) family.name = textOf(field.bytes);
    else if (field.number === 2) family.help = textOf(field.bytes);
    else if (field.number === 3) family.type = field.value;
    else if (field.number === 4) family.metrics.push(metricOf(field.bytes));
  }
  return family;
}

function metricOf(bytes: Uint8Array): ReadMetric {
  const metric: ReadMetric = { labels: {} };
  for (const field of fieldsOf(bytes)) {
    const inner = [...fieldsOf(field.bytes)];
    if (field.number === 1) metric.labels[text(inner, 1)] = text(inner, 2);
    if (field.number === 2 || field.number === 3) {
      metric.value = double(inner, 1);
      if (field.number === 3) metric.createdAt = created(inner, 3);
    }
    if (field.number === 4)
      metric.summary = {
        count: integer(inner, 1),
        sum: double(inner, 2),
        quantiles: inner.filter(({ number }) => number === 3).map(({ bytes }) => pair(bytes)),
      };
    if (field.number === 7)
      metric.histogram = {
        count: integer(inner, 1),
        sum: double(inner, 2),
        schema: unzigzag(integer(inner, 5)),
        zeroCount: integer(inner, 7),
        createdAt: created(inner, 15),
        buckets: inner
          .filter(({ number }) => number === 3)
          .map(({ bytes }) => {
            const bucket = [...fieldsOf(bytes)];
            return [double(bucket, 2), integer(bucket, 1)];
          }),
        positive: sideOf(inner, 12),
        negative: sideOf(inner, 9),
      };
  }
  return metric;
}

function sideOf(fields: readonly ProtoField[], number: number): ReadSide {
  const spans = fields.filter((field) => field.number === number).map(({ bytes }) => [...fieldsOf(bytes)]);
  const deltas = fields.find((field) => field.number === number + 1);
  return {
    offsets: spans.map((span) => unzigzag(integer(span, 1))),
    lengths: spans.map((span) => integer(span, 2)),
    deltas: deltas === undefined ? [] : packedOf(deltas.bytes).map(unzigzag),
  };
}

function pair(bytes: Uint8Array): [number, number] {
  const fields = [...fieldsOf(bytes)];
  return [double(fields, 1), double(fields, 2)];
}

function text(fields: readonly ProtoField[], number: number): string {
  return textOf(fields.find((field) => field.number === number)?.bytes ?? new Uint8Array());
}

function double(fields: readonly ProtoField[], number: number): number {
  const bytes = fields.find((field) => field.number === number)?.bytes;
  if (bytes === undefined) return Number.NaN;
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true);
}

function integer(fields: readonly ProtoField[], number: number): number {
  return fields.find((field) => field.number === number)?.value ?? 0;
}

function created(fields: readonly ProtoField[], number: number): number {
  const time = fields.find((field) => field.number === number);
  return time === undefined ? Number.NaN : integer([...fieldsOf(time.bytes)], 1);
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
