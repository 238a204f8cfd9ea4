/**
 * What origin resolution asks about workloads. Implementations answer at once, from memory: resolution
 * runs while a packet waits.
 */
import type { ExternalData } from '../model/message.ts';
import type { ByteString } from '../model/text.ts';
import type { Cardinality } from './cardinality.ts';

export interface Tagger {
  /**
   * Tags of the entity `container_id://<id>` or `kubernetes_pod_uid://<uid>`, those of lower levels
   * included; an empty list for a known entity without tags, undefined for an unknown one.
   */
  entityTags(entity: ByteString, level: Cardinality): readonly ByteString[] | undefined;
  /** Tags of everything on this host. */
  globalTags(level: Cardinality): readonly ByteString[];
  /** Id of the container whose cgroup directory has this inode. */
  containerOfInode(inode: bigint): ByteString | undefined;
  /** Id of the container that pod, container name and init flag select together. */
  containerOfExternal(external: ExternalData): ByteString | undefined;
}

/** For servers without workload information: no entity is known and nothing has tags. */
export const NO_TAGGER: Tagger = {
  entityTags: () => undefined,
  globalTags: () => [],
  containerOfInode: () => undefined,
  containerOfExternal: () => undefined,
};
