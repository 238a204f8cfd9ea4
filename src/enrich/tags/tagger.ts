/**
 * What origin resolution asks about workloads. Implementations answer at once, from memory: resolution
 * runs while a packet waits.
 */
import type { ExternalData } from '../../model/message.ts';
import type { ByteString } from '../../model/text.ts';
import type { Cardinality } from './cardinality.ts';

export interface Tagger {
  /**
   * Tags of the entity `container_id://<id>` or `kubernetes_pod_uid://<uid>`, those of lower levels
   * included; an empty list for a known entity without tags, undefined for an unknown one. `isSender` says that a socket
   * named it, and not the message.
   */
  entityTags(entity: ByteString, level: Cardinality, isSender?: boolean): readonly ByteString[] | undefined;
  /** Tags of everything on this host. */
  globalTags(level: Cardinality): readonly ByteString[];
  /** Id of the container whose cgroup directory has this inode. */
  containerOfInode(inode: bigint): ByteString | undefined;
  /** Id of the container that pod, container name and init flag select together. */
  containerOfExternal(external: ExternalData): ByteString | undefined;
  /** A line is resolved from here on, and it came to this slot and is cached: for whoever has to know what rests on what. */
  beginLine?(): void;
  noteSlot?(slot: number): void;
}

/** For servers without workload information: no entity is known and nothing has tags. */
export const NO_TAGGER: Tagger = {
  entityTags: () => undefined,
  globalTags: () => [],
  containerOfInode: () => undefined,
  containerOfExternal: () => undefined,
};
