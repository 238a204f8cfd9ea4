/** Limits for tests of parts. */
import type { RegistryLimits } from '../../src/aggregate/contexts/registry.ts';

export function registryLimits(contexts: number, changes: Partial<RegistryLimits> = {}): RegistryLimits {
  return { contexts, contextsPerMetric: 0, dryRun: false, ...changes };
}
