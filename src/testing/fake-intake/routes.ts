/**
 * The routes of a Datadog intake that this one understands: what their payloads hold and how large they may be
 * (spec output A.1, A.8). Payloads of other routes are kept as they came.
 */
import {
  decodeCheckRuns,
  decodeEventGroups,
  decodeSeriesV1,
  decodeSeriesV2,
  decodeSingleEvent,
} from './decode-json.ts';
import { decodeSeriesProtobuf, decodeSketchesProtobuf } from './decode-protobuf.ts';
import type { Decoded, DecodedKind } from './intake-data.ts';

const PROTOBUF = 'application/x-protobuf';
const SERIES_V2_BYTES_MAX = { compressed: 512_000, uncompressed: 5_242_880 };
const OTHER_BYTES_MAX = { compressed: 3_200_000, uncompressed: 62_914_560 };

/** What the public intake takes at most, bytes. */
export interface PayloadLimits {
  readonly compressed: number;
  readonly uncompressed: number;
}

interface Route {
  readonly kind: DecodedKind;
  readonly limits: PayloadLimits;
  /** Throws DecodeError. */
  decode(body: Uint8Array, contentType: string): Decoded;
}

const isProtobuf = (contentType: string): boolean => contentType.toLowerCase().startsWith(PROTOBUF);

const ROUTES: ReadonlyMap<string, Route> = new Map([
  [
    '/api/v2/series',
    {
      kind: 'series',
      limits: SERIES_V2_BYTES_MAX,
      decode: (body, contentType) => ({
        kind: 'series',
        items: isProtobuf(contentType) ? decodeSeriesProtobuf(body) : decodeSeriesV2(body),
      }),
    },
  ],
  [
    '/api/v1/series',
    {
      kind: 'series',
      limits: OTHER_BYTES_MAX,
      decode: (body) => ({ kind: 'series', items: decodeSeriesV1(body) }),
    },
  ],
  [
    '/api/beta/sketches',
    {
      kind: 'sketches',
      limits: OTHER_BYTES_MAX,
      decode: (body) => ({ kind: 'sketches', items: decodeSketchesProtobuf(body) }),
    },
  ],
  [
    '/api/v1/check_run',
    {
      kind: 'check_runs',
      limits: OTHER_BYTES_MAX,
      decode: (body) => ({ kind: 'check_runs', items: decodeCheckRuns(body) }),
    },
  ],
  [
    '/intake/',
    {
      kind: 'events',
      limits: OTHER_BYTES_MAX,
      decode: (body) => ({ kind: 'events', items: decodeEventGroups(body) }),
    },
  ],
  [
    '/api/v1/events',
    {
      kind: 'events',
      limits: OTHER_BYTES_MAX,
      decode: (body) => ({ kind: 'events', items: decodeSingleEvent(body) }),
    },
  ],
] satisfies [string, Route][]);

/** The route of a path, with or without a slash at its end; undefined when its payloads are not understood. */
export function routeOf(path: string): Route | undefined {
  return ROUTES.get(path) ?? ROUTES.get(`${path}/`) ?? ROUTES.get(path.replace(/\/$/, ''));
}

/** The paths whose payloads hold `kind`. */
export function pathsOf(kind: DecodedKind): string[] {
  return [...ROUTES].filter(([, route]) => route.kind === kind).map(([path]) => path);
}
