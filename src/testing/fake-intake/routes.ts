/**
 * The routes of a Datadog intake that this one understands: what their payloads hold and how large they may be
 * (docs/delivery.md). Payloads of other routes are kept as they came.
 */
import type { DecodeBudget, Reading } from './decode-budget.ts';
import { readSeriesColumns, readSketchColumns } from './decode-columns.ts';
import {
  readCheckRuns,
  readEventGroups,
  readSeriesV1,
  readSeriesV2,
  readSingleEvent,
} from './decode-json.ts';
import { readSeriesProtobuf, readSketchesProtobuf } from './decode-protobuf.ts';
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
  decode(body: Uint8Array, contentType: string, budget: DecodeBudget): Reading<Decoded>;
}

const isProtobuf = (contentType: string): boolean => contentType.toLowerCase().startsWith(PROTOBUF);

const ROUTES: ReadonlyMap<string, Route> = new Map([
  [
    '/api/v2/series',
    {
      kind: 'series',
      limits: SERIES_V2_BYTES_MAX,
      decode: (body, contentType, budget) =>
        readAs('series', (isProtobuf(contentType) ? readSeriesProtobuf : readSeriesV2)(body, budget)),
    },
  ],
  [
    '/api/intake/metrics/v3/series',
    {
      kind: 'series',
      limits: SERIES_V2_BYTES_MAX,
      decode: (body, _, budget) => readAs('series', readSeriesColumns(body, budget)),
    },
  ],
  [
    '/api/intake/metrics/v3/sketches',
    {
      kind: 'sketches',
      limits: OTHER_BYTES_MAX,
      decode: (body, _, budget) => readAs('sketches', readSketchColumns(body, budget)),
    },
  ],
  [
    '/api/v1/series',
    {
      kind: 'series',
      limits: OTHER_BYTES_MAX,
      decode: (body, _, budget) => readAs('series', readSeriesV1(body, budget)),
    },
  ],
  [
    '/api/beta/sketches',
    {
      kind: 'sketches',
      limits: OTHER_BYTES_MAX,
      decode: (body, _, budget) => readAs('sketches', readSketchesProtobuf(body, budget)),
    },
  ],
  [
    '/api/v1/check_run',
    {
      kind: 'check_runs',
      limits: OTHER_BYTES_MAX,
      decode: (body, _, budget) => readAs('check_runs', readCheckRuns(body, budget)),
    },
  ],
  [
    '/intake/',
    {
      kind: 'events',
      limits: OTHER_BYTES_MAX,
      decode: (body, _, budget) => readAs('events', readEventGroups(body, budget)),
    },
  ],
  [
    '/api/v1/events',
    {
      kind: 'events',
      limits: OTHER_BYTES_MAX,
      decode: (body, _, budget) => readAs('events', readSingleEvent(body, budget)),
    },
  ],
] satisfies [string, Route][]);

function* readAs<Kind extends DecodedKind>(
  kind: Kind,
  reading: Reading<Extract<Decoded, { kind: Kind }>['items']>,
): Reading<Decoded> {
  return { kind, items: yield* reading } as Decoded;
}

/** The route of a path, with or without a slash at its end; undefined when its payloads are not understood. */
export function routeOf(path: string): Route | undefined {
  return ROUTES.get(path) ?? ROUTES.get(`${path}/`) ?? ROUTES.get(path.replace(/\/$/, ''));
}

/** The paths whose payloads hold `kind`. */
export function pathsOf(kind: DecodedKind): string[] {
  return [...ROUTES].filter(([, route]) => route.kind === kind).map(([path]) => path);
}
