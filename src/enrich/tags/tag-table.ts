/**
 * What a thread knows of workloads: tags by entity and level, and which container an inode, a cgroup or an admission
 * controller's words mean. It answers from memory and can be changed while it is used.
 *
 *   entities:                                    tags by entity id, each level adds to the one before
 *     container_id://3f2a: { low: [image:web], high: [container_name:web-1] }
 *   inodes:   { '4026531835': 3f2a }             inode that clients send ─▶ container id
 *   cgroups:  { '12608': 3f2a }                  id in the v2 hierarchy, of pidfds ─▶ container id
 *   external: { 'uid-1/web': 3f2a,               pod uid and container name ─▶ container id
 *               'init:uid-1/setup': 77b0 }       the same for an init container
 *   global:   { low: [cluster:blue] }            tags of everything
 *
 * Thread  one; the tag store (origin/tag-store.ts) on the control thread sends the others what changes.
 * Limits  those of the tag store, and of asked-slots.ts.
 */
import type { ExternalData } from '../../model/message.ts';
import { type ByteString, toByteString } from '../../model/text.ts';
import { AskedSlots } from './asked-slots.ts';
import { CARDINALITIES, type Cardinality } from './cardinality.ts';
import type { Tagger } from './tagger.ts';

export interface LevelTags {
  readonly low?: readonly string[];
  readonly orchestrator?: readonly string[];
  readonly high?: readonly string[];
}

/** All that is known, as plain data that can be sent to a thread. */
export interface Workloads {
  readonly entities?: Readonly<Record<string, LevelTags>>;
  readonly inodes?: Readonly<Record<string, string>>;
  readonly cgroups?: Readonly<Record<string, string>>;
  readonly external?: Readonly<Record<string, string>>;
  readonly global?: LevelTags;
}

/** What is different from before; null stands for what is gone. */
export interface WorkloadsChange {
  readonly entities?: Readonly<Record<string, LevelTags | null>>;
  readonly inodes?: Readonly<Record<string, string | null>>;
  readonly cgroups?: Readonly<Record<string, string | null>>;
  readonly external?: Readonly<Record<string, string | null>>;
  readonly global?: LevelTags;
}

/** The tags to answer with, for each level. */
type TagsByLevel = Readonly<Record<Cardinality, readonly ByteString[]>>;

/** Slots beyond which it is cheaper to forget everything. */
const SLOTS_MAX = 16_384;

interface Known {
  readonly tags: TagsByLevel;
  readonly generation: number;
}

/** What a change means for cached lines: all of them, or those of some slots, are to be looked up anew. */
export interface ChangeEffect {
  readonly all: boolean;
  readonly slots: ReadonlySet<number>;
}

export class TagTable implements Tagger {
  private readonly entities = new Map<ByteString, Known>();
  private readonly inodes = new Map<ByteString, ByteString>();
  private readonly cgroups = new Map<ByteString, ByteString>();
  private readonly external = new Map<ByteString, ByteString>();
  private global: TagsByLevel = accumulate({});
  private readonly asked = new AskedSlots();
  private generation = 0;

  constructor(workloads: Workloads = {}) {
    this.apply(workloads);
  }

  entityTags(entity: ByteString, level: Cardinality, isSender = false): readonly ByteString[] | undefined {
    if (!isSender) this.asked.ask(entity);
    return this.entities.get(entity)?.tags[level];
  }

  globalTags(level: Cardinality): readonly ByteString[] {
    return this.global[level];
  }

  containerOfInode(inode: bigint): ByteString | undefined {
    const key = String(inode);
    this.asked.ask(`inode ${key}`);
    return this.inodes.get(key);
  }

  /** Id of the container whose directory in the v2 hierarchy has this id. */
  containerOfCgroup(id: bigint): ByteString | undefined {
    return this.cgroups.get(String(id));
  }

  containerOfExternal(external: ExternalData): ByteString | undefined {
    const key = externalKey(external);
    this.asked.ask(`external ${key}`);
    return this.external.get(key);
  }

  /** The same as containerOfInode() and containerOfExternal(), for whoever caches nothing that rests on it. */
  linkOfInode(inode: bigint): ByteString | undefined {
    return this.inodes.get(String(inode));
  }

  linkOfExternal(external: ExternalData): ByteString | undefined {
    return this.external.get(externalKey(external));
  }

  /** Differs after each change of what is known of an entity; 0 while nothing is. */
  generationOf(entity: ByteString): number {
    return this.entities.get(entity)?.generation ?? 0;
  }

  /** Whether anything is known of the entity. */
  has(entity: ByteString): boolean {
    return this.entities.has(entity);
  }

  /** Takes a change; which cached lines it touches. */
  apply(change: WorkloadsChange): ChangeEffect {
    let all = change.global !== undefined || this.asked.isFull;
    const slots = new Set<number>();
    const touch = (key: ByteString): void => {
      for (const slot of this.asked.take(key) ?? []) slots.add(slot);
    };
    for (const [id, tags] of Object.entries(change.entities ?? {})) {
      const entity = toByteString(id);
      if (tags === null) this.entities.delete(entity);
      else this.entities.set(entity, { tags: accumulate(tags), generation: ++this.generation });
      touch(entity);
    }
    link(this.inodes, change.inodes, (key) => touch(`inode ${key}`));
    link(this.external, change.external, (key) => touch(`external ${key}`));
    // Processes are looked up anew for every sender: no line depends on the cgroups of pidfds.
    link(this.cgroups, change.cgroups, () => undefined);
    if (change.global !== undefined) this.global = accumulate(change.global);
    if (slots.size > SLOTS_MAX) all = true;
    return { all, slots };
  }

  /** A line is resolved from here on. */
  beginLine(): void {
    this.asked.begin();
  }

  /** The line that has begun is cached and comes to this slot. */
  noteSlot(slot: number): void {
    this.asked.note(slot);
  }

  /** No line that was resolved before is cached any more. */
  forgetAsked(): void {
    this.asked.clear();
  }
}

function link(
  into: Map<ByteString, ByteString>,
  links: WorkloadsChange['inodes'],
  touched: (key: ByteString) => void,
): void {
  for (const [text, container] of Object.entries(links ?? {})) {
    const key = toByteString(text);
    if (container === null) into.delete(key);
    else into.set(key, toByteString(container));
    touched(key);
  }
}

/** What the words of an admission controller are listed under. */
export function externalKey({ init, podUid, containerName }: ExternalData): string {
  return `${init ? 'init:' : ''}${podUid}/${containerName}`;
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
