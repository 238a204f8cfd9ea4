import { expect, it } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { payloadSettings, seriesFormatOf } from './payload-settings.ts';

const settingsOf = (values: object) => payloadSettings(loadConfig({ values }).config, 'v2-protobuf');

it('are those of the Agent by default', () => {
  expect(settingsOf({})).toEqual({
    kinds: ['series', 'sketches', 'events', 'service_checks'],
    series: 'v2-protobuf',
    compressor: 'auto',
    zstdLevel: 1,
    zlibLevel: 3,
    seriesLimits: { compressedBytes: 512_000, uncompressedBytes: 5_242_880, points: 10_000 },
    limits: {
      compressedBytes: 2_621_440,
      uncompressedBytes: 4_194_304,
      points: Number.POSITIVE_INFINITY,
    },
  });
});

it('take every key', () => {
  const values = {
    enable_payloads: { series: false, events: false },
    serializer_compressor_kind: 'gzip',
    serializer_zstd_compressor_level: 5,
    serializer_max_series_payload_size: 2001,
    serializer_max_series_uncompressed_payload_size: 2002,
    serializer_max_series_points_per_payload: 2003,
    serializer_max_payload_size: 2004,
    serializer_max_uncompressed_payload_size: 2005,
    outputs: { datadog: { zlib_level: 7 } },
  };
  expect(settingsOf(values)).toEqual({
    kinds: ['sketches', 'service_checks'],
    series: 'v2-protobuf',
    compressor: 'gzip',
    zstdLevel: 5,
    zlibLevel: 7,
    seriesLimits: { compressedBytes: 2001, uncompressedBytes: 2002, points: 2003 },
    limits: { compressedBytes: 2004, uncompressedBytes: 2005, points: Number.POSITIVE_INFINITY },
  });
});

const DATADOG = 'https://app.datadoghq.eu';
const OTHER = 'https://metrics.example.com';
const formatOf = (values: object, url: string) => seriesFormatOf(url, loadConfig({ values }).config);
const v3 = (series: object) => ({ use_v3_api: { series } });

it.each([
  [{}, DATADOG, 'v3-columns'],
  [{}, 'https://app.mrf.datadoghq.com', 'v3-columns'],
  [{}, OTHER, 'v2-protobuf'],
  [{}, 'https://notdatadoghq.com', 'v2-protobuf'],
  [{}, 'https://datadoghq.com.example.com', 'v2-protobuf'],
  [v3({ enabled: false }), DATADOG, 'v2-protobuf'],
  [v3({ enabled: 'true' }), OTHER, 'v3-columns'],
  [v3({ endpoints: { [`${OTHER}/`]: true } }), OTHER, 'v3-columns'],
  [v3({ endpoints: { [DATADOG]: 'no' } }), DATADOG, 'v2-protobuf'],
  [v3({ enabled: true, endpoints: { [OTHER]: 'datadog_only' } }), OTHER, 'v2-protobuf'],
  [{ outputs: { datadog: { series_format: 'json' } } }, DATADOG, 'v2-json'],
  [{ use_v2_api: { series: false }, ...v3({ enabled: true }) }, DATADOG, 'v1-json'],
])('with %j series for %s are %s', (values, url, format) => {
  expect(formatOf(values, url)).toBe(format);
});

it('forms of single intakes may stand in a variable', () => {
  const env = { DD_USE_V3_API_SERIES_ENDPOINTS: `{"${OTHER}":"true"}` };
  expect(seriesFormatOf(OTHER, loadConfig({ env }).config)).toBe('v3-columns');
});
