/**
 * Events as log records: bodies of POST /v1/logs, before compression.
 *
 *   ExportLogsServiceRequest { resource_logs 1 { resource 1, scope_logs 2 { scope 1, log_records 2 } } }
 *   LogRecord { time 1, severity_number 2, severity_text 3, body 5, attributes 6, observed_time 11, event_name 12 }
 *
 *   title            attribute event.title         text             the body; the title where there is no text
 *   alert type       severity                      tags             attributes
 *   priority, source type, aggregation key         attributes event.priority, event.source_type, event.aggregation_key
 *
 * Memory  what one request holds; finish() starts over.
 */
import type { EventAlertType, EventMessage } from '../../model/message.ts';
import type { ByteString } from '../../model/text.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import { type TagPair, tagPairs } from '../tag-pairs.ts';
import { writeAttribute } from './attributes.ts';
import type { BuiltRequest } from './metrics-request.ts';
import { writeNanos } from './point-message.ts';
import type { Resource } from './resources.ts';
import { writeScope } from './scope.ts';

const SEVERITIES: Readonly<Record<EventAlertType, readonly [number: number, text: string]>> = {
  info: [9, 'INFO'],
  success: [9, 'SUCCESS'],
  warning: [13, 'WARN'],
  error: [17, 'ERROR'],
};
const EVENT_NAME = 'dogstatsd.event';

export class LogsRequest {
  count = 0;
  byteLength = 0;
  private readonly version: string;
  private readonly resources = new Map<
    string,
    { readonly bytes: Uint8Array; readonly records: ProtoWriter }
  >();

  constructor(version: string) {
    this.version = version;
  }

  /** Adds an event received at `receivedAt`, Unix seconds. `resourceOf` takes its own attributes out of the list. */
  add(event: EventMessage, receivedAt: number, resourceOf: (attributes: TagPair[]) => Resource): void {
    const attributes = tagPairs(event.tags);
    const resource = resourceOf(attributes);
    writeRecord(event, receivedAt, attributes);
    let group = this.resources.get(resource.key);
    if (group === undefined) {
      group = { bytes: resource.bytes, records: new ProtoWriter(1024) };
      writeScope(group.records, this.version);
      this.resources.set(resource.key, group);
      this.byteLength += resource.bytes.length;
    }
    group.records.bytesItem(2, record.bytes, record.length);
    this.byteLength += record.length;
    this.count++;
  }

  /** The request so far; the next one begins empty. */
  finish(): BuiltRequest {
    const body = new ProtoWriter(this.byteLength + 1024);
    const logs = new ProtoWriter(this.byteLength + 1024);
    for (const { bytes, records } of this.resources.values()) {
      logs.length = 0;
      logs.bytesItem(1, bytes);
      logs.bytesItem(2, records.bytes, records.length);
      body.bytesItem(1, logs.bytes, logs.length);
    }
    const built = { body: body.bytes.subarray(0, body.length), count: this.count };
    this.resources.clear();
    this.count = 0;
    this.byteLength = 0;
    return built;
  }
}

function writeRecord(event: EventMessage, receivedAt: number, attributes: readonly TagPair[]): void {
  const { title, text, timestamp, alertType, priority, sourceType, aggregationKey } = event;
  const [severity, severityText] = SEVERITIES[alertType];
  record.length = 0;
  writeNanos(record, 1, (timestamp || receivedAt) * 1000);
  record.integer(2, severity);
  record.stringItem(3, severityText);
  body.length = 0;
  body.textItem(1, text === '' ? title : text);
  record.bytesItem(5, body.bytes, body.length);
  const taken = new Set<ByteString>();
  const write = (key: ByteString, value: ByteString): void => {
    if (value === '' || taken.has(key)) return;
    taken.add(key);
    writeAttribute(record, 6, key, value);
  };
  write('event.title', title);
  write('event.priority', priority);
  write('event.alert_type', alertType);
  write('event.source_type', sourceType);
  write('event.aggregation_key', aggregationKey);
  for (const { key, value } of attributes) if (!taken.has(key)) writeAttribute(record, 6, key, value);
  writeNanos(record, 11, receivedAt * 1000);
  record.stringItem(12, EVENT_NAME);
}

/** Scratch. */
const record = new ProtoWriter(8192);
const body = new ProtoWriter(8192);
