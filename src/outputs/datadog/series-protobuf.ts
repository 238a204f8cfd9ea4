/**
 * Series and sketches as protobuf items: fields of MetricPayload and SketchPayload (proto/metrics.proto).
 *
 *   aggregate ─┬─▶ one MetricSeries for each of its series
 *              └─▶ one Sketch when it is a distribution
 *
 * What the series of a histogram share, host, tags and origin, is written once and copied.
 */
import type { Aggregate, SeriesType } from '../../model/series.ts';
import type { Sketch } from '../../model/sketch.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import type { ItemChunk } from './item-chunk.ts';
import { DOGSTATSD, originOf } from './origin.ts';
import { splitTags } from './resources.ts';
import { unitOf } from './unit.ts';

const PAYLOAD = { items: 1 } as const;
const SERIES = {
  resources: 1,
  metric: 2,
  tags: 3,
  points: 4,
  type: 5,
  unit: 6,
  interval: 8,
  metadata: 9,
} as const;
const RESOURCE = { type: 1, name: 2 } as const;
const POINT = { value: 1, timestamp: 2 } as const;
const METADATA = { origin: 1 } as const;
const ORIGIN = { product: 4, category: 5, service: 6 } as const;
const SKETCH = { metric: 1, host: 2, tags: 4, dogsketches: 7, metadata: 8 } as const;
const DOGSKETCH = { ts: 1, cnt: 2, min: 3, max: 4, avg: 5, sum: 6, k: 7, n: 8 } as const;

/** The intake's numbers; a distribution is never a series. */
export const SERIES_TYPES: Readonly<Record<SeriesType, number>> = {
  count: 1,
  rate: 2,
  gauge: 3,
  distribution: 0,
};

const item = new ProtoWriter();
const resources = new ProtoWriter();
const tags = new ProtoWriter();
const nested = new ProtoWriter();
const metadataBySource = new Map<string, Uint8Array>();

/** Writes the series of an aggregate that `accepts` takes; a distribution has none. */
export function writeSeries(
  aggregate: Aggregate,
  chunk: ItemChunk,
  accepts: (value: number) => boolean,
): void {
  const { context, timestamp, interval, series } = aggregate;
  let shared = false;
  for (const { suffix, type, value } of series) {
    if (type === 'distribution' || !accepts(value)) continue;
    if (!shared) writeShared(aggregate);
    shared = true;
    const name = context.name + suffix;
    item.length = 0;
    item.raw(resources.bytes, resources.length);
    item.text(SERIES.metric, name);
    item.raw(tags.bytes, tags.length);
    nested.length = 0;
    nested.double(POINT.value, value);
    nested.integer(POINT.timestamp, timestamp);
    item.bytesItem(SERIES.points, nested.bytes, nested.length);
    item.integer(SERIES.type, SERIES_TYPES[type]);
    item.text(SERIES.unit, unitOf(context, suffix));
    item.integer(SERIES.interval, interval);
    item.bytesItem(SERIES.metadata, metadataOf(context.source));
    chunk.writer.bytesItem(PAYLOAD.items, item.bytes, item.length);
    chunk.endItem(1, name);
  }
}

export function writeSketch({ context, timestamp }: Aggregate, sketch: Sketch, chunk: ItemChunk): void {
  item.length = 0;
  item.text(SKETCH.metric, context.name);
  item.text(SKETCH.host, context.host);
  for (const tag of context.tags) item.textItem(SKETCH.tags, tag);
  nested.length = 0;
  nested.integer(DOGSKETCH.ts, timestamp);
  nested.integer(DOGSKETCH.cnt, sketch.count);
  nested.double(DOGSKETCH.min, sketch.min);
  nested.double(DOGSKETCH.max, sketch.max);
  nested.double(DOGSKETCH.avg, sketch.avg);
  nested.double(DOGSKETCH.sum, sketch.sum);
  nested.packedSigned(DOGSKETCH.k, sketch.keys);
  nested.packed(DOGSKETCH.n, sketch.counts);
  item.bytesItem(SKETCH.dogsketches, nested.bytes, nested.length);
  item.bytesItem(SKETCH.metadata, metadataOf(context.source));
  chunk.writer.bytesItem(PAYLOAD.items, item.bytes, item.length);
  chunk.endItem(1, context.name);
}

/** Writes host, device and other resources to `resources` and the tags that remain to `tags`. */
function writeShared({ context }: Aggregate): void {
  const split = splitTags(context.tags);
  resources.length = 0;
  writeResource('host', context.host);
  if (split.device !== '') writeResource('device', split.device);
  for (const { type, name } of split.resources) writeResource(type, name);
  tags.length = 0;
  for (const tag of split.tags) tags.textItem(SERIES.tags, tag);
}

function writeResource(type: string, name: string): void {
  nested.length = 0;
  nested.text(RESOURCE.type, type);
  nested.text(RESOURCE.name, name);
  resources.bytesItem(SERIES.resources, nested.bytes, nested.length);
}

/** The metadata message of a source; there are few sources, all named by enrichment. */
function metadataOf(source = DOGSTATSD): Uint8Array {
  const known = metadataBySource.get(source);
  if (known !== undefined) return known;
  const { product, category, service } = originOf(source);
  const origin = new ProtoWriter();
  origin.integer(ORIGIN.product, product);
  origin.integer(ORIGIN.category, category);
  origin.integer(ORIGIN.service, service);
  const metadata = new ProtoWriter();
  metadata.bytesItem(METADATA.origin, origin.bytes, origin.length);
  const bytes = metadata.bytes.slice(0, metadata.length);
  metadataBySource.set(source, bytes);
  return bytes;
}
