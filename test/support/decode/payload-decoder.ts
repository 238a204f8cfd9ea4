/**
 * Reads Datadog payloads as an intake would: by their headers, with the generated protobuf types and JSON.parse.
 * It shares nothing with the code that writes them.
 */
import * as zlib from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { MetricPayloadSchema, SketchPayloadSchema } from '../../../bench/proto/metrics_pb.ts';
import type { Payload } from '../../../src/outputs/datadog/payload.ts';

type Decompress = (bytes: Uint8Array) => Uint8Array;

/** Missing in the types of Node.js 20 and there from 22.15 on. */
const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync?: Decompress };

/** The body before compression. */
export function decompress({ headers, body }: Payload): Uint8Array {
  const encoding = headers['Content-Encoding'];
  switch (encoding) {
    case undefined:
      return body;
    case 'deflate':
      return zlib.inflateSync(body);
    case 'gzip':
      return zlib.gunzipSync(body);
    case 'zstd':
      if (zstdDecompressSync !== undefined) return zstdDecompressSync(body);
  }
  throw new Error(`cannot read ${encoding}`);
}

export function decodeSeries(payload: Payload) {
  return fromBinary(MetricPayloadSchema, decompress(payload)).series;
}

export function decodeSketches(payload: Payload) {
  return fromBinary(SketchPayloadSchema, decompress(payload));
}

export function decodeJson(payload: Payload): unknown {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(decompress(payload)));
}
