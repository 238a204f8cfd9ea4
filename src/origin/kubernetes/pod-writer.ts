/** Writes the pods of a list, and their containers, into the tag store; what is not in it any more has ended. */
import { externalKey } from '../../enrich/tags/tag-table.ts';
import { CONTAINER, POD } from '../entity.ts';
import type { StoreWriter } from '../store-writer.ts';
import type { TagStore } from '../tag-store.ts';
import { type Separators, type TagCounts, TagList } from '../tags/tag-list.ts';
import type { PodFacts } from './pod.ts';
import { addPodContainerTags, addPodTags, type PodTagRules } from './pod-tags.ts';

export interface PodWriterOptions {
  readonly store: TagStore;
  readonly writer: StoreWriter;
  readonly rules: PodTagRules;
  readonly separators: Separators;
}

export class PodWriter {
  readonly counts: TagCounts = { tooLongTags: 0, tooManyTags: 0 };
  private readonly options: PodWriterOptions;
  /** Words of admission controllers that lead to a container now. */
  private links = new Set<string>();

  constructor(options: PodWriterOptions) {
    this.options = options;
  }

  /** Takes a whole list. */
  write(pods: readonly PodFacts[]): void {
    const { store, writer, rules } = this.options;
    const listed = new Set<string>();
    const links = new Set<string>();
    store.update(() => {
      for (const pod of pods) {
        const own = this.list();
        addPodTags(own, pod, rules);
        writer.set('pod', POD + pod.uid, own.tags);
        listed.add(POD + pod.uid);
        for (const container of pod.containers) {
          const list = this.list();
          list.addAll(own.tags);
          addPodContainerTags(list, pod, container, rules);
          writer.set('pod', CONTAINER + container.id, list.tags);
          listed.add(CONTAINER + container.id);
          const key = externalKey({ init: container.isInit, podUid: pod.uid, containerName: container.name });
          writer.link('external', key, container.id);
          links.add(key);
        }
      }
      writer.endOthers(listed);
      for (const key of this.links) if (!links.has(key)) writer.endLink('external', key);
      this.links = links;
    });
  }

  private list(): TagList {
    return new TagList(this.options.separators, this.counts);
  }
}
