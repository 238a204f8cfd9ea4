/**
 * What a shard is made from, as plain data that can be sent to a thread, and the pipeline made from it.
 */
import type { CoreSettings, HashKey } from '../core/core.ts';
import type { ResolverSink } from '../enrich/resolver.ts';
import { compileEnrichSettings, type EnrichOptions } from '../enrich/settings.ts';
import { TagTable, type Workloads, type WorkloadsChange } from '../enrich/tags/tag-table.ts';
import type { Dialects } from '../model/dialect.ts';
import type { ContextLimits } from '../model/views/cardinality.ts';
import { ShardPipeline, type ShardPipelineOptions } from './pipeline.ts';

export type { WorkloadsChange };

/** What a reload may change. */
export interface ReloadableSettings {
  readonly enrich: EnrichOptions;
  readonly workloads: Workloads;
}

export interface ShardSettings extends ReloadableSettings {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly hashKey: HashKey;
  readonly core: CoreSettings;
  readonly limits: ContextLimits;
  readonly intervalSeconds: number;
  readonly eolRequired: boolean;
  /** Absent for DogStatsD alone. */
  readonly dialects?: Dialects | undefined;
}

/** What joins the shard to its surroundings; it cannot be sent to a thread. */
type Surroundings<Sink extends ResolverSink> = Omit<
  ShardPipelineOptions<Sink>,
  keyof ShardSettings | 'enrich' | 'tagger'
>;

/** Makes the pipeline. Throws when the settings of enrichment cannot be compiled; the server checks them before. */
export function openPipeline<Sink extends ResolverSink>(
  settings: ShardSettings,
  surroundings: Surroundings<Sink>,
): ShardPipeline<Sink> {
  return new ShardPipeline({ ...settings, ...compile(settings), ...surroundings });
}

/** Has the pipeline go on with other settings, between two packets. */
export function reloadPipeline(pipeline: ShardPipeline, settings: ReloadableSettings): void {
  const { enrich, tagger } = compile(settings);
  pipeline.use(enrich, tagger);
}

function compile({ enrich, workloads }: ReloadableSettings) {
  return { enrich: compileEnrichSettings(enrich), tagger: new TagTable(workloads) };
}
