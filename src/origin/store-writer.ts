/** The tag store as a collector sees it. */
import type { SourceTags, TagSource } from './entity.ts';

/** Inode that clients send, id in the v2 hierarchy, or an admission controller's words: each leads to a container. */
export type LinkKind = 'inodes' | 'cgroups' | 'external';

/** How a collector tells what it knows. */
export interface StoreWriter {
  set(source: TagSource, entity: string, tags: SourceTags): void;
  /** The workload has ended: what this collector knows of it lives KEEP_MS more. */
  end(entity: string): void;
  /** Forgets at once what this collector knows of an entity. */
  remove(entity: string): void;
  /** After a new list: everything of this collector that is not in it has ended. Returns how many have. */
  endOthers(entities: ReadonlySet<string>): number;
  setGlobal(tags: SourceTags | undefined): void;
  link(kind: LinkKind, key: string, containerId: string): void;
  endLink(kind: LinkKind, key: string): void;
  removeLink(kind: LinkKind, key: string): void;
  /** Entities of this collector, those that have ended included. */
  readonly count: number;
}
