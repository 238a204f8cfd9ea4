/**
 * Settings of a shard that nobody has configured, for running its code where nothing comes of it (listeners/thread/start-warm-up.ts).
 */
import { HASH_KEY_BYTES } from '../core/core.ts';
import { loadCoreModule } from '../core/core-module.ts';
import { DEFAULT_ENRICH_OPTIONS } from '../enrich/settings.ts';
import type { ShardSettings } from './shard-settings.ts';

/** Room for as many lines, contexts and keys; tables begin small and never grow so far. */
const ROOM = 65_536;

/** All but what it has of its own. Throws an error with the `code` of the failed read when the package is not built. */
export function plainSettings(): Omit<ShardSettings, 'memory' | 'eolRequired'> {
  return {
    module: loadCoreModule(),
    hashKey: { bytes: new Uint8Array(HASH_KEY_BYTES), seed: 1n },
    core: {
      linesMax: ROOM,
      contextsMax: ROOM,
      keysMax: ROOM,
      histogramValuesMax: ROOM,
      exactWeights: false,
      timestampedMax: ROOM,
      idleBuckets: 1,
      timestamps: true,
      clientFields: true,
    },
    limits: {
      contexts: ROOM / 2,
      contextsPerMetric: 0,
      contextsPerOrigin: 0,
      tags: 0,
      tagValueBytes: 0,
      dryRun: false,
    },
    enrich: DEFAULT_ENRICH_OPTIONS,
    workloads: {},
    intervalSeconds: 10,
  };
}
