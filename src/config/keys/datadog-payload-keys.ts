/**
 * Keys that say what Datadog payloads look like: formats, limits and compression (docs/datadog.md#payloads-and-their-limits). The names are the Agent's, but for those below `outputs.datadog`.
 */
import { z } from 'zod';
import { keyDocumentation } from './key-documentation.ts';
import { choice, integer, readBoolean, section, yesNoOr, yesOrNo } from './key-types.ts';
import { readMap } from './text-map.ts';

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
  use_v3_api: section({
    series: section({
      enabled: yesNoOr(
        { default: 'datadog_only', word: 'datadog_only' },
        {
          what: "Sends series column by column to `/api/intake/metrics/v3/series`, as Agents do since 7.81. `datadog_only` does so for Datadog's own hosts, `true` for all, `false` for none. It has no effect with `use_v2_api.series: false` or `outputs.datadog.series_format: json`.",
          trade:
            'What series share is written once in a payload, so payloads are smaller. Proxies and other services often know only `/api/v2/series`.',
          when: 'your proxy or service knows the newer route (`true`), or series do not arrive over it (`false`).',
        },
      ),
      endpoints: perEndpoint(),
    }),
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

// use_v3_api.series.endpoints:
//   https://app.datadoghq.eu: true
//   https://metrics.example.com: false
function perEndpoint() {
  const one = z.preprocess(readBoolean, z.union([z.literal('datadog_only'), z.boolean()]));
  return z
    .preprocess(readMap, z.record(z.string().regex(/^https?:\/\/[^\s/]+\S*$/), one))
    .default({})
    .readonly()
    .register(keyDocumentation, {
      what: 'What `use_v3_api.series.enabled` is for single intakes: a map of their URLs to `true`, `false` or `datadog_only`. The URL is that of `dd_url`, of `additional_endpoints`, or `https://app.` and the site. In a variable, write JSON.',
      trade:
        'Each form is encoded once. Intakes of the form that the first intake does not have are an output of their own, `datadog_v2` or `datadog_v3`.',
      when: 'one of your intakes knows only one of the two routes.',
      type: 'map',
      allowed: 'a map of http or https URLs to true, false or datadog_only, as YAML or JSON',
    });
}

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
