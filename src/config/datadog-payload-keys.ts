/**
 * Keys that say what Datadog payloads look like: formats, limits and compression (spec output §A.8,
 * aggregation §13). The names are the Agent's, but for those below `outputs.datadog`.
 */
import { choice, integer, section, yesOrNo } from './key-types.ts';

const BYTES_MIN = 1024;
const BYTES_MAX = 1024 * 1024 * 1024;
const WHO_LIMITS = 'Whoever sends to something other than Datadog that takes more or less.';

export const datadogPayloadKeys = {
  enable_payloads: section({
    series: sends('series: counters, gauges, sets and what is computed of histograms', 'series'),
    sketches: sends('sketches: distributions', 'sketches'),
    events: sends('events', 'events'),
    service_checks: sends('service checks', 'service checks'),
  }),
  use_v2_api: section({
    series: yesOrNo(
      { default: true },
      {
        what: 'Sends series to `/api/v2/series`; off, as JSON to the older `/api/v1/series`.',
        trade: 'The newer route takes protobuf, which is smaller and cheaper to make.',
        who: 'Whoever sends to something that knows only the older route.',
      },
    ),
  }),
  serializer_compressor_kind: choice(
    { default: 'auto', words: ['auto', 'zstd', 'zlib', 'gzip', 'none'] },
    {
      what:
        'How payloads are compressed. `auto` is zstd where Node.js has it (22.15 and later) and zlib elsewhere. Asked ' +
        'for zstd where it is missing, the server warns and uses zlib.',
      trade: 'The fastest is zstd; zlib and gzip are understood everywhere; none saves processor time only.',
      who: 'Whoever has a proxy that understands one of them only, or wants to read what is sent (`none`).',
    },
  ),
  serializer_zstd_compressor_level: integer(
    { default: 1, min: 1, max: 22 },
    {
      what: 'Level of zstd.',
      trade: 'Higher makes payloads smaller and takes more processor time, above 10 very much more.',
      who: 'Whoever pays for traffic and has processor time to spare.',
    },
  ),
  serializer_max_series_payload_size: bytes(512_000, 'compressed', 'series on the newer route'),
  serializer_max_series_uncompressed_payload_size: bytes(
    5_242_880,
    'before compression',
    'series on the newer route',
  ),
  serializer_max_series_points_per_payload: integer(
    { default: 10_000, min: 1, max: 10_000_000, unit: 'points' },
    {
      what: 'The most points in a payload of series on the newer route.',
      trade: 'More makes fewer requests; Datadog refuses payloads beyond its limits.',
      who: WHO_LIMITS,
    },
  ),
  serializer_max_payload_size: bytes(2_621_440, 'compressed', 'everything else'),
  serializer_max_uncompressed_payload_size: bytes(4_194_304, 'before compression', 'everything else'),
};

/** Keys below `outputs.datadog`. */
export const datadogOutputKeys = {
  series_format: choice(
    { default: 'protobuf', words: ['protobuf', 'json'] },
    {
      what: 'How series are written for `/api/v2/series`.',
      trade: 'JSON can be read by people and takes more than twice the processor time.',
      who: 'Whoever looks at what is sent, or sends to something that takes JSON only.',
    },
  ),
  zlib_level: integer(
    { default: 3, min: 1, max: 9 },
    {
      what: 'Level of zlib and gzip.',
      trade: 'Higher makes payloads smaller and takes more processor time.',
      who: 'Whoever pays for traffic and has processor time to spare.',
    },
  ),
};

function sends(what: string, noun: string) {
  return yesOrNo(
    { default: true },
    {
      what: `Sends ${what} to Datadog.`,
      trade: `Off, Datadog gets no ${noun}; other outputs are not concerned.`,
      who: `Whoever pays for data nobody looks at there.`,
    },
  );
}

function bytes(size: number, when: string, what: string) {
  return integer(
    { default: size, min: BYTES_MIN, max: BYTES_MAX, unit: 'bytes' },
    {
      what: `The largest payload of ${what}, ${when}.`,
      trade: 'Larger makes fewer requests; Datadog refuses payloads beyond its limits.',
      who: WHO_LIMITS,
    },
  );
}
