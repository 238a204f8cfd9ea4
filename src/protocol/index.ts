/**
 * `whippet/protocol`: the server's own parser, for programs. Text comes and goes as ordinary text; inside the server it is
 * bytes (model/text.ts), and bytes that are not UTF-8 become U+FFFD here.
 *
 *   parseLine('page.views:1:2|c|@0.5|#env:prod')
 *   ─▶ { kind: 'metric', name: 'page.views', type: 'count', values: [1, 2], sampleRate: 0.5, tags: ['env:prod'], … }
 */
import type {
  EventMessage,
  ExternalData,
  LocalData,
  MetricMessage,
  ParseResult,
  Rejection,
  ServiceCheckMessage,
} from '../model/message.ts';
import { toText } from '../model/text.ts';
import { parseMessage } from './message.ts';
import { splitPacket } from './packet.ts';

export {
  EVENT_ERRORS,
  type EventAlertType,
  type EventError,
  type EventPriority,
  METRIC_ERRORS,
  type MetricError,
  type MetricType,
  type OriginFields,
  SERVICE_CHECK_ERRORS,
  type ServiceCheckError,
  type ServiceCheckStatus,
} from '../model/message.ts';
export type { EventMessage, ExternalData, LocalData, MetricMessage, Rejection, ServiceCheckMessage };

/** What a line says, or why it says nothing; `kind` tells which. */
export type ParsedLine = MetricMessage | EventMessage | ServiceCheckMessage | Rejection;

export interface ParseLineOptions {
  /** Whether metrics may carry a time (`|T`), as with `dogstatsd_no_aggregation_pipeline`; true by default. */
  readonly timestamps?: boolean;
  /** Whether `c:`, `e:` and `card:` are read, as with `dogstatsd_origin_detection_client`; true by default. */
  readonly originFields?: boolean;
}

export interface ParsePacketOptions extends ParseLineOptions {
  /** Whether a last line without its newline is dropped, as with `dogstatsd_eol_required`; false by default. */
  readonly eolRequired?: boolean;
}

/** Parses one line without its newline. Never throws on a string or bytes; `at` of a rejection counts bytes. */
export function parseLine(line: string | Uint8Array, options: ParseLineOptions = {}): ParsedLine {
  return readable(parseMessage(bytesOf(line), parseOptions(options)));
}

/** Parses the lines of a packet, in order; empty lines are none. */
export function parsePacket(packet: string | Uint8Array, options: ParsePacketOptions = {}): ParsedLine[] {
  const { lines } = splitPacket(bytesOf(packet), options.eolRequired ?? false);
  const parse = parseOptions(options);
  return lines.map((line) => readable(parseMessage(line, parse)));
}

function parseOptions({ timestamps = true, originFields = true }: ParseLineOptions) {
  return { noAggregationPipeline: timestamps, originDetectionClient: originFields };
}

function bytesOf(text: string | Uint8Array): string {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function readable(message: ParseResult): ParsedLine {
  if (message.kind === 'error') return message;
  const shared = {
    tags: (message.kind === 'metric' ? message.tags.list : message.tags).map(toText),
    cardinality: toText(message.cardinality),
    localData: { ...message.localData, containerId: toText(message.localData.containerId) },
    externalData: {
      ...message.externalData,
      containerName: toText(message.externalData.containerName),
      podUid: toText(message.externalData.podUid),
    },
  };
  switch (message.kind) {
    case 'metric':
      return { ...message, ...shared, name: toText(message.name), setValue: toText(message.setValue) };
    case 'event':
      return {
        ...message,
        ...shared,
        title: toText(message.title),
        text: toText(message.text),
        hostname: toText(message.hostname),
        aggregationKey: toText(message.aggregationKey),
        sourceType: toText(message.sourceType),
      };
    case 'service_check':
      return {
        ...message,
        ...shared,
        name: toText(message.name),
        hostname: toText(message.hostname),
        message: toText(message.message),
      };
  }
}
