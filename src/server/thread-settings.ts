/**
 * What all intake threads are told alike, whatever they listen on, from the configuration.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { contextLimitsOf } from '../config/context-limits.ts';
import type { Config } from '../config/schema.ts';
import { HASH_KEY_BYTES } from '../core/core.ts';
import { enrichOptionsOf } from '../enrich/settings.ts';
import type { Workloads } from '../enrich/static-tagger.ts';
import type { ThreadSettings } from '../intake/intake-thread.ts';
import { slotsNeeded } from '../model/cardinality.ts';
import { tickSecondsUnder } from './make-sampler.ts';

/** Samples with a timestamp of their own a bucket of one thread holds. */
const TIMESTAMPED_MAX = 1_048_576;

export type SharedSettings = Omit<ThreadSettings, 'listener' | 'eolRequired' | 'unknownFields'>;

/** `rateLimiter` and `forward` as the parts of the control thread that know them say. Compiles the core and draws a new hash key, so it is called once a start. */
export function sharedSettings(
  config: Config,
  workloads: Workloads,
  parts: Pick<SharedSettings, 'rateLimiter' | 'forward'>,
): SharedSettings {
  const limits = contextLimitsOf(config);
  const intervalSeconds = tickSecondsUnder(config);
  return {
    module: new WebAssembly.Module(readFileSync(new URL('../core/core.wasm', import.meta.url))),
    hashKey: { bytes: randomBytes(HASH_KEY_BYTES), seed: randomBytes(8).readBigUInt64LE() },
    core: {
      linesMax: config.limits.lines,
      contextsMax: slotsNeeded(limits),
      keysMax: config.limits.bucket_keys,
      histogramValuesMax: config.limits.histogram_values,
      timestampedMax: TIMESTAMPED_MAX,
      idleBuckets: Math.ceil(config.dogstatsd_context_expiry_seconds / intervalSeconds) + 1,
      timestamps: config.dogstatsd_no_aggregation_pipeline,
      clientFields: config.dogstatsd_origin_detection_client,
    },
    limits,
    enrich: enrichOptionsOf(config),
    workloads,
    intervalSeconds,
    bufferBytes: config.dogstatsd_buffer_size,
    backlogBytes: config.intake.backlog_bytes,
    echoPerSecond: config.outputs.echo ? config.outputs.echo_per_second : 0,
    ...parts,
  };
}
