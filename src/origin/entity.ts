/**
 * Entities: what tags belong to, and where tags come from (docs/origin.md#entities).
 *
 *   container_id://<id>          a container
 *   kubernetes_pod_uid://<uid>   a pod
 *
 * Sources of higher rank win over those of lower rank for each tag name; sources of the same rank are added up.
 */

export const CONTAINER = 'container_id://';
export const POD = 'kubernetes_pod_uid://';

export type EntityKind = 'container' | 'pod';

/** What a tag was made from. */
export type TagSource = 'static' | 'container' | 'pod' | 'task';

/** For one tag name, the tags of the highest rank alone are used. */
export const SOURCE_RANK: Readonly<Record<TagSource, number>> = { static: 0, container: 0, pod: 1, task: 1 };

export const COLLECTORS = ['static', 'docker', 'kubelet', 'kubernetes_api', 'ecs', 'replay'] as const;
export type CollectorName = (typeof COLLECTORS)[number];

/** Tags of one source, each in the level where it begins. Text as people write it, not as bytes. */
export interface SourceTags {
  readonly low: readonly string[];
  readonly orchestrator: readonly string[];
  readonly high: readonly string[];
  /** Those of `low` that are unified service tags: env, service, version. */
  readonly standard: readonly string[];
}

export const NO_SOURCE_TAGS: SourceTags = { low: [], orchestrator: [], high: [], standard: [] };

/** `container_id://3f2a` is a container; undefined for other texts. */
export function entityKind(entity: string): EntityKind | undefined {
  if (entity.startsWith(CONTAINER)) return 'container';
  return entity.startsWith(POD) ? 'pod' : undefined;
}
