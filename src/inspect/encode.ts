/**
 * Writes results in the encoding of the conformance vectors: snake_case fields, all of them present, text
 * as text.
 *
 *   NaN, Infinity, -0, integers beyond 2^53    strings, because JSON has no way to say them
 *   bytes that are not UTF-8                   U+FFFD in `name`, and the exact bytes in `name_b64`
 */
import type { LineContext } from '../enrich/line-context.ts';
import type { ExternalData, LocalData, Message, ParseResult } from '../model/message.ts';
import type { Origin, Sample } from '../model/sample.ts';
import { type ByteString, toText } from '../model/text.ts';
import type { MessageOutcome } from './explain/walk.ts';

/** A value of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [field: string]: Json };
export type JsonObject = { readonly [field: string]: Json };

export function encodeParsed(parsed: ParseResult): JsonObject {
  switch (parsed.kind) {
    case 'error':
      return { kind: 'error', message_type: parsed.messageType, error: parsed.error };
    case 'metric':
      return {
        kind: 'metric',
        ...text('name', parsed.name),
        type: parsed.type,
        ...(parsed.type === 'set'
          ? text('set_value', parsed.setValue)
          : { values: parsed.values.map(encodeNumber) }),
        sample_rate: encodeNumber(parsed.sampleRate),
        timestamp: encodeInteger(parsed.timestamp),
        ...sharedFields(parsed),
      };
    case 'event':
      return {
        kind: 'event',
        ...text('title', parsed.title),
        ...text('text', parsed.text),
        timestamp: encodeInteger(parsed.timestamp),
        ...text('hostname', parsed.hostname),
        ...text('aggregation_key', parsed.aggregationKey),
        priority: parsed.priority,
        ...text('source_type', parsed.sourceType),
        alert_type: parsed.alertType,
        warnings: parsed.warnings,
        ...sharedFields(parsed),
      };
    case 'service_check':
      return {
        kind: 'service_check',
        ...text('name', parsed.name),
        status: parsed.status,
        timestamp: encodeInteger(parsed.timestamp),
        ...text('hostname', parsed.hostname),
        ...text('message', parsed.message),
        warnings: parsed.warnings,
        ...sharedFields(parsed),
      };
  }
}

export function encodeSamples(samples: readonly Sample[], filtered: boolean): JsonObject {
  return { kind: 'samples', samples: samples.map(encodeSample), filtered: filtered ? 1 : 0 };
}

export function encodeMessage({ message, origin }: MessageOutcome): JsonObject {
  const shared = {
    timestamp: encodeInteger(message.timestamp),
    ...text('host', message.hostname),
    ...texts('tags', message.tags),
    origin: encodeOrigin(origin),
  };
  if (message.kind === 'service_check')
    return {
      kind: 'service_check',
      ...text('name', message.name),
      status: message.status,
      ...text('message', message.message),
      ...shared,
    };
  return {
    kind: 'event',
    ...text('title', message.title),
    ...text('text', message.text),
    priority: message.priority,
    alert_type: message.alertType,
    ...text('aggregation_key', message.aggregationKey),
    ...text('source_type', message.sourceType),
    ...shared,
  };
}

/** `tags` are the final ones, those of the origin included. */
export function encodeResolvedTags(tags: readonly ByteString[]): JsonObject {
  return { kind: 'resolved_tags', ...texts('tags', [...new Set(tags)].sort()) };
}

export function encodeContext({ name, type, host, tags, timestamped }: LineContext): JsonObject {
  return { ...text('name', name), type, ...text('host', host), ...texts('tags', tags.list), timestamped };
}

/** Encodes plain data whose strings are bytes, such as a step; undefined becomes null. */
export function encodePlain(value: unknown): Json {
  if (typeof value === 'string') return toText(value);
  if (typeof value === 'number') return encodeNumber(value);
  if (typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(encodePlain);
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, encodePlain(inner)]));
}

function encodeSample(sample: Sample): JsonObject {
  return {
    ...text('name', sample.name),
    type: sample.type,
    ...(sample.type === 'set' ? text('raw_value', sample.rawValue) : { value: encodeNumber(sample.value) }),
    sample_rate: encodeNumber(sample.sampleRate),
    ...texts('tags', sample.tags),
    ...text('host', sample.host),
    timestamp: encodeInteger(sample.timestamp),
    unit: sample.unit,
    source: sample.source,
    pipeline: sample.pipeline,
    origin: encodeOrigin(sample.origin),
  };
}

function sharedFields(message: Message): JsonObject {
  return {
    ...texts('tags', message.kind === 'metric' ? message.tags.list : message.tags),
    local_data: encodeLocalData(message.localData),
    external_data: encodeExternalData(message.externalData),
    ...text('cardinality', message.cardinality),
  };
}

function encodeOrigin(origin: Origin): JsonObject {
  return {
    ...text('socket', origin.socket),
    pid: origin.pid,
    ...text('container_id', origin.containerId),
    inode: encodeBigInt(origin.inode),
    ...text('pod_uid', origin.podUid),
    external: encodeExternalData(origin.external),
    ...text('cardinality', origin.cardinality),
  };
}

function encodeLocalData({ containerId, inode }: LocalData): JsonObject {
  return { ...text('container_id', containerId), inode: encodeBigInt(inode) };
}

function encodeExternalData({ init, containerName, podUid }: ExternalData): JsonObject {
  return { init, ...text('container_name', containerName), ...text('pod_uid', podUid) };
}

export function text(field: string, bytes: ByteString): JsonObject {
  const decoded = toText(bytes);
  if (isFaithful(bytes, decoded)) return { [field]: decoded };
  return { [field]: decoded, [`${field}_b64`]: toBase64(bytes) };
}

export function texts(field: string, list: readonly ByteString[]): JsonObject {
  const decoded = list.map(toText);
  if (list.every((bytes, i) => isFaithful(bytes, decoded[i] as string))) return { [field]: decoded };
  return { [field]: decoded, [`${field}_b64`]: list.map(toBase64) };
}

function isFaithful(bytes: ByteString, decoded: string): boolean {
  return decoded === bytes || Buffer.from(decoded, 'utf8').toString('latin1') === bytes;
}

function toBase64(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('base64');
}

function encodeNumber(value: number): number | string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}

function encodeInteger(value: number): number | string {
  return Number.isSafeInteger(value) ? value : String(BigInt(value));
}

function encodeBigInt(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
}
