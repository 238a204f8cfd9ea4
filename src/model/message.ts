/**
 * What one line of a packet says, after parsing and before enrichment (docs/protocol.md).
 * Field names follow the conformance vectors.
 */
import type { Tags } from './tags.ts';
import type { ByteString } from './text.ts';

export type MetricType = 'gauge' | 'count' | 'histogram' | 'distribution' | 'timing' | 'set';

/** The client's own container, from the `c:` field. Empty text and absent inode mean not given. */
export interface LocalData {
  containerId: ByteString;
  /** Cgroup inode, an unsigned 64-bit number; 0n when not given. */
  inode: bigint;
}

/** The client's container as an admission controller named it, from the `e:` field. */
export interface ExternalData {
  init: boolean;
  containerName: ByteString;
  podUid: ByteString;
}

/** Fields shared by all three kinds of message. */
export interface OriginFields {
  localData: LocalData;
  externalData: ExternalData;
  /** `card:` as written, unchecked. */
  cardinality: ByteString;
}

export interface MetricMessage extends OriginFields {
  kind: 'metric';
  name: ByteString;
  type: MetricType;
  /** One per packed value; empty for a set. */
  values: number[];
  /** The element of a set, colons included; empty for every other type. */
  setValue: ByteString;
  /** As written, not range checked; 1 when not given. */
  sampleRate: number;
  /** In the order written, duplicates and empty tags included. */
  tags: ByteString[];
  /** Unix seconds; 0 when not given. */
  timestamp: number;
  /** Of a gauge where a sign means a change (model/dialect.ts): whether each value is one. */
  relative?: readonly boolean[];
}

/** A metric as it is parsed, with its tags as they are written. */
export interface ParsedMetric extends Omit<MetricMessage, 'tags'> {
  tags: Tags;
}

export type EventPriority = 'normal' | 'low';
export type EventAlertType = 'error' | 'warning' | 'info' | 'success';

export interface EventMessage extends OriginFields {
  kind: 'event';
  title: ByteString;
  text: ByteString;
  /** Unix seconds; 0 when not given. */
  timestamp: number;
  hostname: ByteString;
  aggregationKey: ByteString;
  priority: EventPriority;
  sourceType: ByteString;
  alertType: EventAlertType;
  tags: ByteString[];
  /** Optional fields that were rejected while the message was kept. */
  warnings: number;
}

export type ServiceCheckStatus = 0 | 1 | 2 | 3;

export interface ServiceCheckMessage extends OriginFields {
  kind: 'service_check';
  name: ByteString;
  status: ServiceCheckStatus;
  /** Unix seconds; 0 when not given. */
  timestamp: number;
  hostname: ByteString;
  message: ByteString;
  tags: ByteString[];
  warnings: number;
}

export type MessageType = 'metric' | 'event' | 'service_check';

/** Why a metric line is rejected, in the order the checks are made (vectors README). */
export const METRIC_ERRORS = ['format', 'name_value', 'type', 'value', 'sample_rate', 'timestamp'] as const;
export const EVENT_ERRORS = ['no_header', 'header', 'empty_title', 'length'] as const;
export const SERVICE_CHECK_ERRORS = ['format', 'name', 'status'] as const;

export type MetricError = (typeof METRIC_ERRORS)[number];
export type EventError = (typeof EVENT_ERRORS)[number];
export type ServiceCheckError = (typeof SERVICE_CHECK_ERRORS)[number];

/** A rejected line. `at` is the byte offset in the line where the trouble starts, for a caret. */
export type Rejection =
  | { kind: 'error'; messageType: 'metric'; error: MetricError; at: number }
  | { kind: 'error'; messageType: 'event'; error: EventError; at: number }
  | { kind: 'error'; messageType: 'service_check'; error: ServiceCheckError; at: number };

export type Message = ParsedMetric | EventMessage | ServiceCheckMessage;
export type ParseResult = Message | Rejection;
