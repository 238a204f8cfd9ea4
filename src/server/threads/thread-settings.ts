/**
 * What all listener threads are told alike, whatever they listen on, from the configuration.
 */
import { randomBytes } from 'node:crypto';
import { contextLimitsOf } from '../../config/checks/context-limits.ts';
import type { Config } from '../../config/schema.ts';
import { HASH_KEY_BYTES } from '../../core/core.ts';
import { loadCoreModule } from '../../core/core-module.ts';
import { enrichOptionsOf } from '../../enrich/settings.ts';
import type { Workloads } from '../../enrich/tags/static-tagger.ts';
import { elementHashKey } from '../../global/chunk/fleet-hash.ts';
import type { ThreadSettings } from '../../listeners/thread/listener-thread.ts';
import { slotsNeeded } from '../../model/views/cardinality.ts';
import { tickSecondsUnder } from '../make-sampler.ts';
import { procRootOf } from '../origin/roots.ts';

/** Samples with a timestamp of their own a bucket of one thread holds. */
const TIMESTAMPED_MAX = 1_048_576;

export type SharedSettings = Omit<ThreadSettings, 'listener' | 'eolRequired' | 'unknownFields'>;

/** `rateLimiter` and `forward` as the parts of the control thread that know them say. Draws a new hash key, so it is called once a start. */
export function sharedSettings(
  config: Config,
  workloads: Workloads,
  parts: Pick<SharedSettings, 'rateLimiter' | 'forward' | 'waitsForTags'>,
): SharedSettings {
  const limits = contextLimitsOf(config);
  const intervalSeconds = tickSecondsUnder(config);
  const isEdge = config.global.role === 'edge' || config.global.role === 'both';
  return {
    module: loadCoreModule(),
    hashKey: {
      bytes: randomBytes(HASH_KEY_BYTES),
      seed: randomBytes(8).readBigUInt64LE(),
      ...(isEdge && { elements: elementHashKey(config.global.hash_key, HASH_KEY_BYTES) }),
    },
    core: {
      linesMax: config.limits.lines,
      contextsMax: slotsNeeded(limits),
      keysMax: config.limits.bucket_keys,
      histogramValuesMax: config.limits.histogram_values,
      exactWeights: config.weights === 'exact',
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
    backlogBytes: config.listeners.backlog_bytes,
    echoPerSecond: config.outputs.echo ? config.outputs.echo_per_second : 0,
    socketOrigin: config.dogstatsd_origin_detection ? { procRoot: procRootOf(config) } : undefined,
    ...parts,
  };
}
