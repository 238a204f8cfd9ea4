/**
 * The collector of the workloads file (docs/configuration.md, The workloads file): what it lists is known at once, and what
 * a reload takes out of it is forgotten at once.
 */
import type { LevelTags, Workloads } from '../../enrich/tags/tag-table.ts';
import type { Collector, CollectorState } from '../collector.ts';
import { NO_SOURCE_TAGS, type SourceTags } from '../entity.ts';
import type { LinkKind, StoreWriter } from '../store-writer.ts';
import type { TagStore } from '../tag-store.ts';

export class StaticCollector implements Collector {
  readonly name = 'static';
  private readonly store: TagStore;
  private readonly writer: StoreWriter;
  private workloads: Workloads = {};
  private path: string;

  /** `path` is that of the file, empty when there is none. */
  constructor(store: TagStore, workloads: Workloads, path: string) {
    this.store = store;
    this.writer = store.writer('static');
    this.path = path;
    this.use(workloads, path);
  }

  start(): void {
    // Everything is known since the constructor.
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  /** Takes the contents of the file anew. */
  use(workloads: Workloads, path: string): void {
    const before = this.workloads;
    this.workloads = workloads;
    this.path = path;
    this.store.update(() => {
      for (const entity of Object.keys(before.entities ?? {}))
        if (workloads.entities?.[entity] === undefined) this.writer.remove(entity);
      for (const [entity, tags] of Object.entries(workloads.entities ?? {}))
        this.writer.set('static', entity, sourceTags(tags));
      for (const kind of ['inodes', 'external'] as const) this.useLinks(kind, before[kind], workloads[kind]);
      const { global } = workloads;
      if (global !== undefined || before.global !== undefined)
        this.writer.setGlobal(global === undefined ? undefined : sourceTags(global));
    });
  }

  state(): CollectorState {
    const isUsed = this.path !== '' || this.writer.count > 0;
    return {
      ...{ name: this.name, status: isUsed ? 'running' : 'off', remedy: '', counts: {} },
      detail: isUsed ? `reads ${this.path}` : 'no workloads file is configured (workloads)',
      entities: this.writer.count,
    };
  }

  private useLinks(kind: LinkKind, before: Workloads['inodes'] = {}, after: Workloads['inodes'] = {}): void {
    for (const key of Object.keys(before)) if (after[key] === undefined) this.writer.removeLink(kind, key);
    for (const [key, container] of Object.entries(after)) this.writer.link(kind, key, container);
  }
}

function sourceTags({ low = [], orchestrator = [], high = [] }: LevelTags): SourceTags {
  return { ...NO_SOURCE_TAGS, low, orchestrator, high };
}
