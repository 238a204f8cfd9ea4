/**
 * Keys that say what Datadog payloads look like: formats, limits and compression (docs/datadog.md#payloads-and-their-limits). The names are the Agent's, but for those below `outputs.datadog`.
 */
import { choice, integer, section, yesOrNo } from './key-types.ts';

const BYTES_MIN = 1024;
const BYTES_MAX = 1024 * 1024 * 1024;
const WHEN_LIMITS = 'you deliver to a service other than Datadog that has different limits.';

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
        what: 'Sends series to `/api/v2/series`. When off, sends them as JSON to the older `/api/v1/series`.',
        trade: 'The newer route accepts protobuf, which is smaller and cheaper to encode.',
        when: 'you deliver to a service that knows only the older route.',
      },
    ),
  }),
  serializer_compressor_kind: choice(
    { default: 'auto', words: ['auto', 'zstd', 'zlib', 'gzip', 'none'] },
    {
      what: 'How payloads are compressed. `auto` means zstd where Node.js has it (22.15 and later) and zlib elsewhere. If you ask for zstd where it is missing, the server warns and uses zlib.',
      trade:
        'The fastest is zstd; zlib and gzip are understood everywhere; `none` only saves processor time.',
      when: 'your proxy understands only one of them, or you want to read what is sent (`none`).',
    },
  ),
  serializer_zstd_compressor_level: integer(
    { default: 1, min: 1, max: 22 },
    {
      what: 'Compression level for zstd.',
      trade: 'A higher level makes payloads smaller and takes more processor time, far more above 10.',
      when: 'you pay for traffic and have processor time to spare.',
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
      what: 'Maximum number of points in a payload of series on the newer route.',
      trade: 'A larger number makes fewer requests; Datadog refuses payloads beyond its limits.',
      when: WHEN_LIMITS,
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
      what: 'Encoding of series for `/api/v2/series`.',
      trade: 'JSON is readable and takes more than twice the processor time.',
      when: 'you want to read what is sent, or deliver to a service that accepts only JSON.',
    },
  ),
  zlib_level: integer(
    { default: 3, min: 1, max: 9 },
    {
      what: 'Compression level for zlib and gzip.',
      trade: 'A higher level makes payloads smaller and takes more processor time.',
      when: 'you pay for traffic and have processor time to spare.',
    },
  ),
};

function sends(what: string, noun: string) {
  return yesOrNo(
    { default: true },
    {
      what: `Sends ${what} to Datadog.`,
      trade: `Off, Datadog gets no ${noun}; other outputs are not concerned.`,
      when: 'nobody looks at this data in Datadog and you pay for it.',
    },
  );
}

function bytes(size: number, when: string, what: string) {
  return integer(
    { default: size, min: BYTES_MIN, max: BYTES_MAX, unit: 'bytes' },
    {
      what: `The largest payload of ${what}, ${when}.`,
      trade: 'A larger payload makes fewer requests; Datadog refuses payloads beyond its limits.',
      when: WHEN_LIMITS,
    },
  );
}
