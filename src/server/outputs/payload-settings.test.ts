import { expect, it } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { payloadSettings } from './payload-settings.ts';

const settingsOf = (values: object) => payloadSettings(loadConfig({ values }).config);

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

it('name one form of series', () => {
  const json = { outputs: { datadog: { series_format: 'json' } } };
  expect(settingsOf(json).series).toBe('v2-json');
  expect(settingsOf({ use_v2_api: { series: false } }).series).toBe('v1-json');
  expect(settingsOf({ ...json, use_v2_api: { series: false } }).series).toBe('v1-json');
});
