/** The limits on cardinality, from the configuration. */
import type { ContextLimits } from '../../model/views/cardinality.ts';
import type { Config } from '../schema.ts';

export function contextLimitsOf({ limits }: Config): ContextLimits {
  return {
    contexts: limits.contexts,
    contextsPerMetric: limits.contexts_per_metric,
    contextsPerOrigin: limits.contexts_per_origin,
    tags: limits.tags,
    tagValueBytes: limits.tag_value_bytes,
    dryRun: limits.dry_run,
  };
}
