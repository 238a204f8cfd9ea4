/**
 * Events and service checks as JSON items (docs/datadog.md#what-is-sent).
 *
 *   event  {"msg_title":"deploy","msg_text":"v2","timestamp":1700000000,"priority":"normal","host":"web-1",
 *           "tags":["env:prod"],"alert_type":"info"}
 *   check  {"check":"db.up","host_name":"web-1","timestamp":1700000000,"status":0,"message":"","tags":null}
 *
 * Tags come sorted and each once (enrich). A time of 0 becomes that of the arrival, an empty host that of the server.
 */
import type { EventMessage, ServiceCheckMessage } from '../../model/message.ts';
import { type ByteString, toText } from '../../model/text.ts';
import type { ItemChunk } from './item-chunk.ts';

/** Source type of events that name none. */
const SOURCE_API = 'api';

export function writeEvent(
  event: EventMessage,
  receivedAt: number,
  hostname: ByteString,
  chunk: ItemChunk,
): void {
  const { tags, aggregationKey, sourceType } = event;
  const json = JSON.stringify({
    msg_title: toText(event.title),
    msg_text: toText(event.text),
    timestamp: event.timestamp || Math.floor(receivedAt),
    priority: event.priority,
    host: toText(event.hostname || hostname),
    ...(tags.length === 0 ? {} : { tags: tags.map(toText) }),
    alert_type: event.alertType,
    ...(aggregationKey === '' ? {} : { aggregation_key: toText(aggregationKey) }),
    ...(sourceType === '' ? {} : { source_type_name: toText(sourceType) }),
  });
  chunk.writer.raw(Buffer.from(json));
  chunk.endItem(1, event.title, sourceType === '' ? SOURCE_API : toText(sourceType));
}

export function writeServiceCheck(
  check: ServiceCheckMessage,
  receivedAt: number,
  hostname: ByteString,
  chunk: ItemChunk,
): void {
  const json = JSON.stringify({
    check: toText(check.name),
    host_name: toText(check.hostname || hostname),
    timestamp: check.timestamp || Math.floor(receivedAt),
    status: check.status,
    message: toText(check.message),
    tags: check.tags.length === 0 ? null : check.tags.map(toText),
  });
  chunk.writer.raw(Buffer.from(json));
  chunk.endItem(1, check.name);
}
