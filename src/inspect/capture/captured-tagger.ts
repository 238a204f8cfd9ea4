/**
 * Tags as they were when traffic was captured: what the state of the capture knows first, then what the configuration
 * says. Process ids of the capture are those of its day and are looked up nowhere else.
 */
import type { PacketOrigin } from '../../enrich/enrich.ts';
import type { Cardinality } from '../../enrich/tags/cardinality.ts';
import type { Tagger } from '../../enrich/tags/tagger.ts';
import type { ExternalData } from '../../model/message.ts';
import type { ByteString } from '../../model/text.ts';
import { EMPTY_STATE, type EntityTags, type TaggerState } from './tagger-state.ts';

export class CapturedTagger implements Tagger {
  private readonly state: TaggerState;
  private readonly base: Tagger;

  constructor(state: TaggerState | undefined, base: Tagger) {
    this.state = state ?? EMPTY_STATE;
    this.base = base;
  }

  entityTags(entity: ByteString, level: Cardinality): readonly ByteString[] | undefined {
    const tags = this.state.entities.get(entity);
    return tags === undefined ? this.base.entityTags(entity, level) : atLevel(tags, level);
  }

  globalTags(level: Cardinality): readonly ByteString[] {
    return this.base.globalTags(level);
  }

  containerOfInode(inode: bigint): ByteString | undefined {
    return this.base.containerOfInode(inode);
  }

  containerOfExternal(external: ExternalData): ByteString | undefined {
    return this.base.containerOfExternal(external);
  }

  /** Who sent a record: its process, and the workload that the capture says it was in. */
  senderOf(pid: number): PacketOrigin {
    return { pid, socket: pid > 0 ? (this.state.pids.get(pid) ?? '') : '' };
  }
}

function atLevel({ low, orchestrator, high }: EntityTags, level: Cardinality): readonly ByteString[] {
  switch (level) {
    case 'none':
      return [];
    case 'low':
      return low;
    case 'orchestrator':
      return [...low, ...orchestrator];
    case 'high':
      return [...low, ...orchestrator, ...high];
  }
}
