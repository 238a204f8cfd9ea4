/**
 * What surrounds the items of each kind of payload, where it is sent, and how large it may be.
 *
 *   series, sketches (protobuf)   item item item [end]
 *   series in columns             one message (columns/column-block.ts)
 *   series (JSON)                 {"series":[item,item]}
 *   service checks                [item,item]
 *   events                        {"apiKey":"","events":{"api":[item,item],"nagios":[item]},"internalHostname":"h"}
 */
import type { PayloadKind } from './payload.ts';

export interface PayloadLimits {
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  readonly points: number;
}

export interface PayloadFormat {
  readonly kind: PayloadKind;
  readonly route: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly limits: PayloadLimits;
  /** What comes before the first item, which belongs to `group`. */
  open(group: string): Uint8Array;
  /** What comes between two items. */
  between(group: string, next: string): Uint8Array;
  /** What comes after the last item. */
  readonly close: Uint8Array;
}

/** The version of the public schema that the protobuf bodies follow. */
const SCHEMA_VERSION = '5.0.115';
const PROTOBUF = { 'Content-Type': 'application/x-protobuf', 'DD-Agent-Payload': SCHEMA_VERSION };
const JSON_TYPE = { 'Content-Type': 'application/json' };

const NOTHING = new Uint8Array(0);
const COMMA = Buffer.from(',');
/** An empty metadata message, field 2 of SketchPayload. */
const SKETCHES_END = Uint8Array.of(0x12, 0x00);

export const SERIES_FORMATS = ['v3-columns', 'v2-protobuf', 'v2-json', 'v1-json'] as const;
export type SeriesFormat = (typeof SERIES_FORMATS)[number];

export function seriesFormat(version: SeriesFormat, limits: PayloadLimits): PayloadFormat {
  if (version === 'v3-columns') return protobuf('series', '/api/intake/metrics/v3/series', limits, NOTHING);
  if (version === 'v2-protobuf') return protobuf('series', '/api/v2/series', limits, NOTHING);
  const route = version === 'v2-json' ? '/api/v2/series' : '/api/v1/series';
  return jsonArray('series', route, limits, '{"series":[', ']}');
}

export function sketchesFormat(limits: PayloadLimits): PayloadFormat {
  return protobuf('sketches', '/api/beta/sketches', limits, SKETCHES_END);
}

export function checksFormat(limits: PayloadLimits): PayloadFormat {
  return jsonArray('service_checks', '/api/v1/check_run', limits, '[', ']');
}

/** The group of an event is its source type. Events of one source type have to come together. */
export function eventsFormat(limits: PayloadLimits, hostname: string): PayloadFormat {
  return {
    kind: 'events',
    route: '/intake/',
    headers: JSON_TYPE,
    limits,
    open: (group) => Buffer.from(`{"apiKey":"","events":{${JSON.stringify(group)}:[`),
    between: (group, next) => (group === next ? COMMA : Buffer.from(`],${JSON.stringify(next)}:[`)),
    close: Buffer.from(`]},"internalHostname":${JSON.stringify(hostname)}}`),
  };
}

function protobuf(kind: PayloadKind, route: string, limits: PayloadLimits, close: Uint8Array): PayloadFormat {
  return { kind, route, headers: PROTOBUF, limits, open: () => NOTHING, between: () => NOTHING, close };
}

function jsonArray(
  kind: PayloadKind,
  route: string,
  limits: PayloadLimits,
  open: string,
  close: string,
): PayloadFormat {
  const opening = Buffer.from(open);
  return {
    kind,
    route,
    headers: JSON_TYPE,
    limits,
    open: () => opening,
    between: () => COMMA,
    close: Buffer.from(close),
  };
}
