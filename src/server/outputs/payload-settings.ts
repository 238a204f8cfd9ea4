/**
 * What Datadog payloads look like, from the configuration.
 *
 *   use_v2_api.series: false                    series are the JSON of the older route
 *   outputs.datadog.series_format: json         JSON of the newer route
 *   use_v3_api.series, of this URL or of all    columns
 *   otherwise                                   protobuf of the newer route
 */
import type { Config } from '../../config/schema.ts';
import type { PayloadSettings } from '../../outputs/datadog/datadog-output.ts';
import { isDatadogUrl } from '../../outputs/datadog/intake-domains.ts';
import type { PayloadKind } from '../../outputs/datadog/payload.ts';
import type { SeriesFormat } from '../../outputs/datadog/payload-format.ts';

/** The form of series where it is not columns. */
export function olderFormat({ use_v2_api, outputs }: Config): SeriesFormat {
  if (!use_v2_api.series) return 'v1-json';
  return outputs.datadog.series_format === 'json' ? 'v2-json' : 'v2-protobuf';
}

/** The form of series for the intake at `url`. */
export function seriesFormatOf(url: string, config: Config): SeriesFormat {
  const older = olderFormat(config);
  if (older !== 'v2-protobuf') return older;
  const { use_v3_api } = config;
  const { enabled, endpoints } = use_v3_api.series;
  const own = Object.entries(endpoints).find(([endpoint]) => endpoint.replace(/\/+$/, '') === url);
  const wanted = own === undefined ? enabled : own[1];
  return (wanted === 'datadog_only' ? isDatadogUrl(url) : wanted) ? 'v3-columns' : older;
}

/** `wanted` are the kinds that this output is for; those that are off are never sent. */
export function payloadSettings(
  config: Config,
  series: SeriesFormat,
  wanted?: readonly PayloadKind[],
): PayloadSettings {
  const { datadog } = config.outputs;
  const kinds = (Object.keys(config.enable_payloads) as PayloadKind[]).filter(
    (kind) => config.enable_payloads[kind] && wanted?.includes(kind) !== false,
  );
  return {
    kinds,
    series,
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
