/**
 * Series as JSON items: the public form of the newer route, and the older route's own (docs/datadog.md#what-is-sent).
 *
 *   v2  {"metric":"hits","type":2,"points":[{"timestamp":1700000000,"value":0.5}],"tags":["env:prod"],"interval":10,
 *        "resources":[{"type":"host","name":"web-1"}],"metadata":{"origin":{"metric_type":10,"product":10,"service":0}}}
 *   v1  {"metric":"hits","points":[[1700000000,0.5]],"tags":["env:prod"],"host":"web-1","type":"rate","interval":10}
 *
 * The older form has a device and no other resources: those are left out.
 */
import type { Aggregate } from '../../model/series.ts';
import { type ByteString, toText } from '../../model/text.ts';
import type { ItemChunk } from './item-chunk.ts';
import { DOGSTATSD, originOf } from './origin.ts';
import { splitTags } from './resources.ts';
import { SERIES_TYPES } from './series-protobuf.ts';
import { unitOf } from './unit.ts';

type Accepts = (value: number) => boolean;

export function writeSeriesV2(aggregate: Aggregate, chunk: ItemChunk, accepts: Accepts): void {
  const { context, timestamp, interval } = aggregate;
  const { tags, device, resources } = splitTags(context.tags);
  const named = [{ type: 'host', name: context.host }];
  if (device !== '') named.push({ type: 'device', name: device });
  const { product, category, service } = originOf(context.source ?? DOGSTATSD);
  const shared = JSON.stringify({
    tags: tags.map(toText),
    interval,
    resources: [...named, ...resources].map(({ type, name }) => ({ type: toText(type), name: toText(name) })),
    metadata: { origin: { metric_type: category, product, service } },
  }).slice(1);
  for (const { suffix, type, value } of aggregate.series) {
    if (type === 'distribution' || !accepts(value)) continue;
    const name = context.name + suffix;
    const head = {
      metric: toText(name),
      type: SERIES_TYPES[type],
      points: [{ timestamp, value }],
      ...unitField(unitOf(context, suffix)),
    };
    writeItem(chunk, `${JSON.stringify(head).slice(0, -1)},${shared}`, name);
  }
}

export function writeSeriesV1(aggregate: Aggregate, chunk: ItemChunk, accepts: Accepts): void {
  const { context, timestamp, interval } = aggregate;
  const { tags, device } = splitTags(context.tags);
  const shared = JSON.stringify({
    tags: tags.map(toText),
    host: toText(context.host),
    ...(device === '' ? {} : { device: toText(device) }),
    interval,
  }).slice(1);
  for (const { suffix, type, value } of aggregate.series) {
    if (type === 'distribution' || !accepts(value)) continue;
    const name = context.name + suffix;
    const unit = unitField(unitOf(context, suffix));
    const head = { metric: toText(name), type, points: [[timestamp, value]], ...unit };
    writeItem(chunk, `${JSON.stringify(head).slice(0, -1)},${shared}`, name);
  }
}

function unitField(unit: string): { readonly unit?: string } {
  return unit === '' ? {} : { unit };
}

function writeItem(chunk: ItemChunk, json: string, name: ByteString): void {
  chunk.writer.raw(Buffer.from(json));
  chunk.endItem(1, name);
}
