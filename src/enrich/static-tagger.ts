/**
 * A tagger that answers from a plain object: a file that lists the workloads of a host, or a test.
 *
 *   entities:                                    tags by entity id, each level adds to the one before
 *     container_id://3f2a: { low: [image:web], high: [container_name:web-1] }
 *   inodes:   { '4026531835': 3f2a }             cgroup inode ─▶ container id
 *   external: { 'uid-1/web': 3f2a,               pod uid and container name ─▶ container id
 *               'init:uid-1/setup': 77b0 }       the same for an init container
 *   global:   { low: [cluster:blue] }            tags of everything
 */
import type { ExternalData } from '../model/message.ts';
import { type ByteString, toByteString } from '../model/text.ts';
import { CARDINALITIES, type Cardinality } from './cardinality.ts';
import type { Tagger } from './tagger.ts';

export interface LevelTags {
  readonly low?: readonly string[];
  readonly orchestrator?: readonly string[];
  readonly high?: readonly string[];
}

export interface Workloads {
  readonly entities?: Readonly<Record<string, LevelTags>>;
  readonly inodes?: Readonly<Record<string, string>>;
  readonly external?: Readonly<Record<string, string>>;
  readonly global?: LevelTags;
}

/** The tags to answer with, for each level. */
type TagsByLevel = Readonly<Record<Cardinality, readonly ByteString[]>>;

export class StaticTagger implements Tagger {
  private readonly entities: ReadonlyMap<ByteString, TagsByLevel>;
  private readonly inodes: ReadonlyMap<ByteString, ByteString>;
  private readonly external: ReadonlyMap<ByteString, ByteString>;
  private readonly global: TagsByLevel;

  constructor(workloads: Workloads) {
    this.entities = new Map(
      Object.entries(workloads.entities ?? {}).map(([id, tags]) => [toByteString(id), accumulate(tags)]),
    );
    this.inodes = toByteStrings(workloads.inodes);
    this.external = toByteStrings(workloads.external);
    this.global = accumulate(workloads.global ?? {});
  }

  entityTags(entity: ByteString, level: Cardinality): readonly ByteString[] | undefined {
    return this.entities.get(entity)?.[level];
  }

  globalTags(level: Cardinality): readonly ByteString[] {
    return this.global[level];
  }

  containerOfInode(inode: bigint): ByteString | undefined {
    return this.inodes.get(String(inode));
  }

  containerOfExternal({ init, podUid, containerName }: ExternalData): ByteString | undefined {
    return this.external.get(`${init ? 'init:' : ''}${podUid}/${containerName}`);
  }
}

/** Adds the tags of each level to those of the levels below it. */
function accumulate(tags: LevelTags): TagsByLevel {
  const byLevel: Record<Cardinality, readonly ByteString[]> = {
    none: [],
    low: [],
    orchestrator: [],
    high: [],
  };
  let sum: readonly ByteString[] = [];
  for (const level of CARDINALITIES) {
    if (level !== 'none') sum = sum.concat((tags[level] ?? []).map(toByteString));
    byLevel[level] = sum;
  }
  return byLevel;
}

function toByteStrings(texts: Readonly<Record<string, string>> | undefined): Map<ByteString, ByteString> {
  return new Map(Object.entries(texts ?? {}).map(([key, value]) => [toByteString(key), toByteString(value)]));
}
