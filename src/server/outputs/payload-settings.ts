/** What Datadog payloads look like, from the configuration. */
import type { Config } from '../../config/schema.ts';
import type { PayloadSettings } from '../../outputs/datadog/datadog-output.ts';
import type { PayloadKind } from '../../outputs/datadog/payload.ts';

export function payloadSettings(config: Config): PayloadSettings {
  const { datadog } = config.outputs;
  const kinds = (Object.keys(config.enable_payloads) as PayloadKind[]).filter(
    (kind) => config.enable_payloads[kind],
  );
  const newer = datadog.series_format === 'json' ? 'v2-json' : 'v2-protobuf';
  return {
    kinds,
    series: config.use_v2_api.series ? newer : 'v1-json',
    compressor: config.serializer_compressor_kind,
    zstdLevel: config.serializer_zstd_compressor_level,
    zlibLevel: datadog.zlib_level,
    seriesLimits: {
      compressedBytes: config.serializer_max_series_payload_size,
      uncompressedBytes: config.serializer_max_series_uncompressed_payload_size,
      points: config.serializer_max_series_points_per_payload,
    },
    limits: {
      compressedBytes: config.serializer_max_payload_size,
      uncompressedBytes: config.serializer_max_uncompressed_payload_size,
      points: Number.POSITIVE_INFINITY,
    },
  };
}
