/** What is known of entities, for people: whippet origin and GET /api/origins show it. */
import type { OriginSource } from '../enrich/trace.ts';
import type { CollectorName, SourceTags, TagSource } from './entity.ts';

/** What is known of an entity, for people. */
export interface EntityView {
  readonly entity: string;
  readonly kind: 'container' | 'pod';
  readonly tags: SourceTags;
  readonly generation: number;
  /** Seconds since it was first heard of. */
  readonly ageSeconds: number;
  readonly sources: readonly {
    readonly source: TagSource;
    readonly collector: CollectorName;
    /** Seconds since the collector last told of it. */
    readonly toldSecondsAgo: number;
    /** Seconds since the workload ended; absent while it runs. */
    readonly endedSecondsAgo?: number;
    readonly tags: SourceTags;
  }[];
}

/** One entity that a message's origin leads to, in the order in which they are asked. */
export interface ResolvedEntity {
  readonly source: OriginSource;
  /** Empty for the tags of everything. */
  readonly entity: string;
  readonly isKnown: boolean;
  readonly tags: readonly string[];
}
