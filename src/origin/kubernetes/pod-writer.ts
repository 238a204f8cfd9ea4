/**
 * Writes pods and their containers into the tag store: whole lists, where what is missing has ended, or one pod at a time.
 *
 * Limits  PODS_MAX pods; further ones are left out and counted, until others have ended.
 */
import { externalKey } from '../../enrich/tags/tag-table.ts';
import { CONTAINER, POD } from '../entity.ts';
import type { StoreWriter } from '../store-writer.ts';
import type { TagStore } from '../tag-store.ts';
import { type Separators, type TagCounts, TagList } from '../tags/tag-list.ts';
import type { PodFacts } from './pod.ts';
import { addPodContainerTags, addPodTags, type PodTagRules } from './pod-tags.ts';

/** A node has 110, some 500. */
const PODS_MAX = 5000;

export interface PodWriterOptions {
  readonly store: TagStore;
  readonly writer: StoreWriter;
  readonly rules: PodTagRules;
  readonly separators: Separators;
  readonly podsMax?: number;
}

/** What a pod has put into the store. */
interface Written {
  readonly entities: ReadonlySet<string>;
  /** Words of admission controllers that lead to a container. */
  readonly links: ReadonlySet<string>;
}

export class PodWriter {
  readonly counts: TagCounts & { refusedPods: number } = { tooLongTags: 0, tooManyTags: 0, refusedPods: 0 };
  private readonly options: PodWriterOptions;
  /** By uid: the pods that run, as many as the last list and the changes since then have told of. */
  private readonly pods = new Map<string, Written>();

  constructor(options: PodWriterOptions) {
    this.options = options;
  }

  /** Takes a whole list. */
  write(pods: readonly PodFacts[]): void {
    const uids = new Set(pods.map(({ uid }) => uid));
    this.options.store.update(() => {
      for (const uid of this.pods.keys()) if (!uids.has(uid)) this.end(uid);
      for (const pod of pods) this.set(pod);
    });
  }

  /** Takes one pod; those of its containers that it does not have any more have ended. */
  set(pod: PodFacts): void {
    const { store, writer, podsMax = PODS_MAX } = this.options;
    if (this.pods.size >= podsMax && !this.pods.has(pod.uid)) {
      this.counts.refusedPods++;
      return;
    }
    const entities = new Set<string>();
    const links = new Set<string>();
    store.update(() => {
      const own = this.list();
      addPodTags(own, pod, this.options.rules);
      writer.set('pod', POD + pod.uid, own.tags);
      entities.add(POD + pod.uid);
      for (const container of pod.containers) {
        const list = this.list();
        list.addAll(own.tags);
        addPodContainerTags(list, pod, container, this.options.rules);
        writer.set('pod', CONTAINER + container.id, list.tags);
        entities.add(CONTAINER + container.id);
        const key = externalKey({ init: container.isInit, podUid: pod.uid, containerName: container.name });
        writer.link('external', key, container.id);
        links.add(key);
      }
      const before = this.pods.get(pod.uid);
      this.pods.set(pod.uid, { entities, links });
      if (before !== undefined) this.endWritten(before, { entities, links });
    });
  }

  /** The pod is gone. */
  end(uid: string): void {
    const written = this.pods.get(uid);
    if (written === undefined) return;
    this.pods.delete(uid);
    this.options.store.update(() => this.endWritten(written));
  }

  private endWritten(before: Written, now?: Written): void {
    const { writer } = this.options;
    for (const entity of before.entities) if (now?.entities.has(entity) !== true) writer.end(entity);
    for (const key of before.links) if (now?.links.has(key) !== true) writer.endLink('external', key);
  }

  private list(): TagList {
    return new TagList(this.options.separators, this.counts);
  }
}
