/**
 * Tag store: what is known of the workloads of this host, from all collectors, merged.
 *
 *   docker ──┐                    ┌─▶ table: answers look-ups on this thread
 *   kubelet ─┼─▶ store ──change───┼─▶ onChange: the tables of the listener threads
 *   static ──┘      │             └─▶ views: whippet origin, GET /api/origins
 *                   └ expire(): what ended KEEP_MS ago is forgotten
 *
 * Tags outlive their workload by KEEP_MS, so that its last data is tagged: of each source for itself.
 *
 * Thread  the control thread.
 * Limits  ENTITIES_MAX entities and LINKS_MAX links of a kind. When they are reached, those that have ended are given up
 *         first, oldest first; with none left, what is new is refused and counted.
 */
import { type OriginSettings, resolveOriginTags } from '../enrich/tags/origin.ts';
import { type LevelTags, TagTable, type Workloads, type WorkloadsChange } from '../enrich/tags/tag-table.ts';
import type { Origin } from '../model/sample.ts';
import { toByteString, toText } from '../model/text.ts';
import { type CollectorName, entityKind, type SourceTags, type TagSource } from './entity.ts';
import type { EntityView, ResolvedEntity } from './entity-view.ts';
import { mergeTags } from './merge-tags.ts';
import type { LinkKind, StoreWriter } from './store-writer.ts';

/** How long tags live after the end of what they describe, ms. */
export const KEEP_MS = 300_000;
const ENTITIES_MAX = 20_000;
const LINKS_MAX = 50_000;

export interface TagStoreOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
  readonly entitiesMax?: number;
  readonly linksMax?: number;
}

/** One part of what is known of an entity. */
interface Part {
  readonly source: TagSource;
  readonly collector: CollectorName;
  tags: SourceTags;
  /** When it was last told, ms. */
  at: number;
  /** When its workload ended; undefined while it runs. */
  endedAt: number | undefined;
}

interface Entity {
  readonly parts: Map<string, Part>;
  merged: SourceTags;
  readonly since: number;
}

interface Link {
  container: string;
  endedAt: number | undefined;
}

export class TagStore {
  /** Answers look-ups on this thread. */
  readonly table = new TagTable();
  /** What was refused because the store is full. */
  refusedEntities = 0;
  refusedLinks = 0;
  private readonly options: Required<TagStoreOptions>;
  private readonly _entities = new Map<string, Entity>();
  private readonly links: Readonly<Record<LinkKind, Map<string, Link>>> = {
    inodes: new Map(),
    cgroups: new Map(),
    external: new Map(),
  };
  private readonly global = new Map<CollectorName, SourceTags>();
  private readonly listeners = new Set<(change: WorkloadsChange) => void>();
  private readonly entityListeners = new Set<(entity: string) => void>();
  /** What has changed within the update() under way. */
  private readonly dirty = new Set<string>();
  private readonly dirtyLinks: Readonly<Record<LinkKind, Set<string>>> = {
    inodes: new Set(),
    cgroups: new Set(),
    external: new Set(),
  };
  private globalIsDirty = false;
  private depth = 0;

  constructor(options: TagStoreOptions) {
    this.options = { entitiesMax: ENTITIES_MAX, linksMax: LINKS_MAX, ...options };
  }

  /** Where `collector` writes what it knows. */
  writer(collector: CollectorName): StoreWriter {
    const count = (): number => this.countOf(collector);
    return {
      set: (source, entity, tags) => this.update(() => this.set(collector, source, entity, tags)),
      end: (entity) => this.update(() => this.end(collector, entity)),
      remove: (entity) => this.update(() => this.remove(collector, entity)),
      endOthers: (entities) => this.update(() => this.endOthers(collector, entities)),
      setGlobal: (tags) => this.update(() => this.setGlobal(collector, tags)),
      link: (kind, key, containerId) => this.update(() => this.link(kind, key, containerId)),
      endLink: (kind, key) => {
        const link = this.links[kind].get(key);
        if (link !== undefined) link.endedAt ??= this.options.clock();
      },
      removeLink: (kind, key) =>
        this.update(() => {
          if (this.links[kind].delete(key)) this.dirtyLinks[kind].add(key);
        }),
      get count() {
        return count();
      },
    };
  }

  /** Tells of everything that `work` changes as one change. */
  update<Result>(work: () => Result): Result {
    this.depth++;
    try {
      return work();
    } finally {
      if (--this.depth === 0) this.publish();
    }
  }

  /** Calls with every change, at once; the result ends that. */
  onChange(listener: (change: WorkloadsChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls with every entity whose tags appear, change or go; the result ends that. */
  onEntity(listener: (entity: string) => void): () => void {
    this.entityListeners.add(listener);
    return () => this.entityListeners.delete(listener);
  }

  /** Everything that is known, for a thread that starts. */
  snapshot(): Workloads {
    const linksOf = (kind: LinkKind): Record<string, string> =>
      Object.fromEntries([...this.links[kind]].map(([key, { container }]) => [key, container]));
    return {
      entities: Object.fromEntries([...this._entities].map(([id, { merged }]) => [id, levelsOf(merged)])),
      inodes: linksOf('inodes'),
      cgroups: linksOf('cgroups'),
      external: linksOf('external'),
      global: levelsOf(this.mergedGlobalTags()),
    };
  }

  /** The entities that an origin leads to under the settings (docs/behaviour/origin.md#resolution), as many as are asked. */
  resolve(origin: Origin, settings: OriginSettings): ResolvedEntity[] {
    const asked: ResolvedEntity[] = [];
    resolveOriginTags(origin, settings, this.table, (step) => {
      if (step.kind !== 'origin') return;
      const { source, entity, tags } = step;
      const texts = (tags ?? []).map(toText);
      asked.push({ source, entity: toText(entity), isKnown: tags !== undefined, tags: texts });
    });
    return asked;
  }

  has(entity: string): boolean {
    return this._entities.has(entity);
  }

  /** The container that a link leads to. */
  linked(kind: LinkKind, key: string): string | undefined {
    return this.links[kind].get(key)?.container;
  }

  get entityCount(): number {
    return this._entities.size;
  }

  linkCount(kind: LinkKind): number {
    return this.links[kind].size;
  }

  view(entity: string): EntityView | undefined {
    const known = this._entities.get(entity);
    const kind = entityKind(entity);
    if (known === undefined || kind === undefined) return undefined;
    const now = this.options.clock();
    const seconds = (at: number): number => Math.round((now - at) / 1000);
    return {
      ...{ entity, kind, tags: known.merged, ageSeconds: seconds(known.since) },
      generation: this.table.generationOf(toByteString(entity)),
      sources: [...known.parts.values()].map(({ source, collector, at, endedAt, tags }) => ({
        ...{ source, collector, toldSecondsAgo: seconds(at), tags },
        ...(endedAt !== undefined && { endedSecondsAgo: seconds(endedAt) }),
      })),
    };
  }

  /** The entities' ids, oldest first. */
  entities(): IterableIterator<string> {
    return this._entities.keys();
  }

  /** Tags of everything on this host. */
  get globalTags(): SourceTags {
    return this.mergedGlobalTags();
  }

  /** Forgets what ended KEEP_MS ago or earlier; to be called now and then. */
  expire(): void {
    const before = this.options.clock() - KEEP_MS;
    this.update(() => {
      for (const [id, entity] of this._entities) {
        for (const [key, { endedAt }] of entity.parts)
          if (endedAt !== undefined && endedAt <= before) this.dropPart(id, entity, key);
      }
      for (const kind of LINK_KINDS)
        for (const [key, { endedAt }] of this.links[kind])
          if (endedAt !== undefined && endedAt <= before) {
            this.links[kind].delete(key);
            this.dirtyLinks[kind].add(key);
          }
    });
  }

  private set(collector: CollectorName, source: TagSource, id: string, tags: SourceTags): void {
    const now = this.options.clock();
    let entity = this._entities.get(id);
    if (entity === undefined) {
      if (!this.hasRoom()) {
        this.refusedEntities++;
        return;
      }
      entity = { parts: new Map(), merged: mergeTags([]), since: now };
      this._entities.set(id, entity);
      this.dirty.add(id);
    }
    const key = `${collector} ${source}`;
    const part = entity.parts.get(key);
    if (part === undefined) entity.parts.set(key, { source, collector, tags, at: now, endedAt: undefined });
    else Object.assign(part, { tags, at: now, endedAt: undefined });
    this.merge(id, entity);
  }

  private end(collector: CollectorName, id: string): void {
    for (const part of this._entities.get(id)?.parts.values() ?? [])
      if (part.collector === collector) part.endedAt ??= this.options.clock();
  }

  private remove(collector: CollectorName, id: string): void {
    const entity = this._entities.get(id);
    if (entity === undefined) return;
    for (const [key, part] of entity.parts) if (part.collector === collector) this.dropPart(id, entity, key);
  }

  private endOthers(collector: CollectorName, listed: ReadonlySet<string>): number {
    let ended = 0;
    for (const [id, { parts }] of this._entities) {
      if (listed.has(id)) continue;
      for (const part of parts.values()) {
        if (part.collector !== collector || part.endedAt !== undefined) continue;
        part.endedAt = this.options.clock();
        ended++;
      }
    }
    return ended;
  }

  private setGlobal(collector: CollectorName, tags: SourceTags | undefined): void {
    if (tags === undefined) this.global.delete(collector);
    else this.global.set(collector, tags);
    this.globalIsDirty = true;
  }

  private link(kind: LinkKind, key: string, container: string): void {
    const links = this.links[kind];
    const link = links.get(key);
    if (link !== undefined) {
      link.endedAt = undefined;
      if (link.container === container) return;
      link.container = container;
    } else if (links.size < this.options.linksMax || this.giveUpLink(kind)) {
      links.set(key, { container, endedAt: undefined });
    } else {
      this.refusedLinks++;
      return;
    }
    this.dirtyLinks[kind].add(key);
  }

  private giveUpLink(kind: LinkKind): boolean {
    for (const [key, { endedAt }] of this.links[kind]) {
      if (endedAt === undefined) continue;
      this.dirtyLinks[kind].add(key);
      return this.links[kind].delete(key);
    }
    return false;
  }

  /** Whether one more entity fits; gives up the oldest that has ended when that is needed. */
  private hasRoom(): boolean {
    if (this._entities.size < this.options.entitiesMax) return true;
    for (const [id, entity] of this._entities) {
      if ([...entity.parts.values()].some(({ endedAt }) => endedAt === undefined)) continue;
      for (const key of entity.parts.keys()) this.dropPart(id, entity, key);
      return true;
    }
    return false;
  }

  private dropPart(id: string, entity: Entity, key: string): void {
    entity.parts.delete(key);
    if (entity.parts.size > 0) this.merge(id, entity);
    else {
      this._entities.delete(id);
      this.dirty.add(id);
    }
  }

  private merge(id: string, entity: Entity): void {
    const merged = mergeTags([...entity.parts.values()]);
    if (areEqual(merged, entity.merged)) return;
    entity.merged = merged;
    this.dirty.add(id);
  }

  private mergedGlobalTags(): SourceTags {
    return mergeTags([...this.global.values()].map((tags) => ({ source: 'static', tags })));
  }

  private countOf(collector: CollectorName): number {
    let count = 0;
    for (const { parts } of this._entities.values())
      if ([...parts.values()].some((part) => part.collector === collector)) count++;
    return count;
  }

  private publish(): void {
    const entities = [...this.dirty];
    const links = LINK_KINDS.filter((kind) => this.dirtyLinks[kind].size > 0);
    if (entities.length === 0 && links.length === 0 && !this.globalIsDirty) return;
    const change: WorkloadsChange = {
      ...(entities.length > 0 && {
        entities: Object.fromEntries(entities.map((id) => [id, this.levels(id)])),
      }),
      ...Object.fromEntries(links.map((kind) => [kind, this.linkChange(kind)])),
      ...(this.globalIsDirty && { global: levelsOf(this.mergedGlobalTags()) }),
    };
    this.dirty.clear();
    for (const kind of links) this.dirtyLinks[kind].clear();
    this.globalIsDirty = false;
    this.table.apply(change);
    for (const listener of this.listeners) listener(change);
    for (const listener of this.entityListeners) for (const id of entities) listener(id);
  }

  private levels(id: string): LevelTags | null {
    const entity = this._entities.get(id);
    return entity === undefined ? null : levelsOf(entity.merged);
  }

  private linkChange(kind: LinkKind): Record<string, string | null> {
    const links = this.links[kind];
    return Object.fromEntries(
      [...this.dirtyLinks[kind]].map((key) => [key, links.get(key)?.container ?? null]),
    );
  }
}

const LINK_KINDS: readonly LinkKind[] = ['inodes', 'cgroups', 'external'];

function levelsOf({ low, orchestrator, high }: SourceTags): LevelTags {
  return {
    ...(low.length > 0 && { low }),
    ...(orchestrator.length > 0 && { orchestrator }),
    ...(high.length > 0 && { high }),
  };
}

function areEqual(one: SourceTags, other: SourceTags): boolean {
  return (['low', 'orchestrator', 'high', 'standard'] as const).every(
    (level) =>
      one[level].length === other[level].length && one[level].every((tag, at) => tag === other[level][at]),
  );
}
