/** The registry of contexts, from the configuration. */
import { Registry } from '../../aggregate/contexts/registry.ts';
import { contextLimitsOf } from '../../config/checks/context-limits.ts';
import type { Config } from '../../config/schema.ts';
import { compileHostTags } from '../../enrich/tags/host-tags.ts';
import { toByteString } from '../../model/text.ts';

export function makeRegistry(config: Config): Registry {
  const registry = new Registry(contextLimitsOf(config));
  nameOverflowSeries(registry, config);
  return registry;
}

/** Takes host and tags of overflow series. They are the server's own: a host may be what there are too many of. */
export function nameOverflowSeries(registry: Registry, config: Config): void {
  registry.overflowHost = config.serverless ? '' : toByteString(config.hostname);
  registry.overflowTags = compileHostTags(config);
}
