/**
 * Registry: every context the server knows, under a dense id that is reused after the context is gone.
 * Owned by the control thread.
 *
 *   key ──index──▶ id ─▶ type │ usedAt │ live │ holds │ name │ host      columns by id
 *                     └▶ tags: numbers of texts                          tag-lists.ts
 *   number ─▶ text, once for all contexts                                text-table.ts
 *
 * Two lives. By the rules of aggregation a context lives from a live sample until its time to live has
 * passed (spec aggregation §5.4); only then is a counter zero-filled. The entry itself may stay longer:
 * while an output wants to look it up, and while something holds it (a shard's slot, data not yet
 * flushed). A longer stay never changes what is emitted, and no data loses its context.
 *
 * Memory  about 63 bytes a context, 8 of index, 4 a tag, and every text once.
 * Limits  those on cardinality, exactly and over all shards: what is beyond is interned as the overflow context of
 *         its name and type (model/cardinality.ts), of which there are at most OVERFLOW_SERIES_MAX names' worth.
 */
import { isWasteful, shrunk } from '../lib/shrink-column.ts';
import {
  type ContextLimits,
  OVER,
  OVERFLOW_NAME,
  OVERFLOW_SERIES_MAX,
  OVERFLOW_TAG,
} from '../model/cardinality.ts';
import { CONTEXT_TYPES, type Context, type ContextType } from '../model/context.ts';
import type { ByteString } from '../model/text.ts';
import { reserve } from './columns.ts';
import { ContextCounts } from './context-counts.ts';
import { ContextIndex, type ContextKey } from './context-index.ts';
import { TagLists } from './tag-lists.ts';
import { TextTable } from './text-table.ts';

/** Id of no context. */
export const NO_CONTEXT = -1;

/** Which limits the registry keeps; those of one context's size are the shards'. */
export type RegistryLimits = Pick<ContextLimits, 'contexts' | 'contextsPerMetric' | 'dryRun'>;

/** Where the samples of a slot go. */
export interface Admission {
  readonly id: number;
  /** Number of the limit they are over, 0 for none. In a dry run the context is nevertheless their own. */
  readonly limit: number;
  /** The registry decided so, and not the shard: when there is room again, it says so. */
  readonly isHere: boolean;
}

/** When a context is forgotten, in seconds after its last sample. */
export interface Retention {
  /** `dogstatsd_context_expiry_seconds`. */
  readonly contextExpirySeconds: number;
  /** `dogstatsd_expiry_seconds`: how long a counter is zero-filled, which adds to its life. */
  readonly counterExpirySeconds: number;
  /** The longest any output asks for. */
  readonly outputSeconds: number;
}

const UNUSED = 0;
const COUNTER = codeOf('counter');

export class Registry {
  /** Host of overflow contexts: the server's own. */
  overflowHost: ByteString = '';
  readonly #dryRun: boolean;
  readonly #counts: ContextCounts;
  /** Overflow contexts by type, name and host. They are in no other index. */
  readonly #overflows = new Map<string, number>();
  readonly #overflowIds = new Set<number>();
  readonly #index = new ContextIndex();
  readonly #texts = new TextTable();
  readonly #tags = new TagLists();
  #free: number[] = [];
  /** Ids ever used. */
  #idCount = 0;
  /** Position in CONTEXT_TYPES plus 1, or UNUSED. */
  #types = new Uint8Array(0);
  /** Second of the last sample, or of the registration before there is one. */
  #usedAt = new Float64Array(0);
  /** 1 while the rules of aggregation know the context. */
  #live = new Uint8Array(0);
  #holds = new Uint32Array(0);
  #names = new Uint32Array(0);
  #hosts = new Uint32Array(0);
  /** Samples since the context is known. */
  #samples = new Float64Array(0);
  /** JMX checks, of the few contexts that have one. */
  readonly #sources = new Map<number, string>();

  constructor(limits: RegistryLimits) {
    this.#dryRun = limits.dryRun;
    this.#counts = new ContextCounts(limits.contexts, limits.contextsPerMetric);
  }

  /** Contexts, those of overflow series included. */
  get size(): number {
    return this.#index.size + this.#overflows.size;
  }

  get overflowSize(): number {
    return this.#overflows.size;
  }

  /** How many contexts there are, without overflow series. */
  get counts(): Pick<ContextCounts, 'total' | 'ofType'> {
    return this.#counts;
  }

  /** The metrics with the most contexts, at most `count`, the largest first. */
  largest(count: number): { readonly name: ByteString; readonly contexts: number }[] {
    const top: { name: number; contexts: number }[] = [];
    for (const [name, budget] of this.#counts.names()) {
      if (top.length === count && budget.count <= (top.at(-1)?.contexts ?? 0)) continue;
      const at = top.findIndex(({ contexts }) => contexts < budget.count);
      top.splice(at < 0 ? top.length : at, 0, { name, contexts: budget.count });
      if (top.length > count) top.pop();
    }
    return top.map(({ name, contexts }) => ({ name: this.#texts.textOf(name), contexts }));
  }

  /** One more than the highest id ever used. */
  get idEnd(): number {
    return this.#idCount;
  }

  /**
   * The context under `key`, made from `text` when it is new; over a limit the overflow context of its name. `limit`
   * is what the shard says the context is over. `text` is name LF host, and LF with the tags joined by LF when there
   * are any; `now` in seconds.
   */
  admit(
    key: ContextKey,
    type: ContextType,
    text: ByteString,
    now: number,
    limit: number = OVER.none,
  ): Admission {
    const name = text.slice(0, text.indexOf('\n'));
    if (limit !== OVER.none && !this.#dryRun)
      return { id: this.#internOverflow(type, name, now), limit, isHere: false };
    const known = this.#index.find(key);
    if (known >= 0) {
      this.#noteUse(known, now);
      return { id: known, limit, isHere: false };
    }
    const nameId = this.#texts.take(name);
    const over = this.#counts.refuse(nameId);
    if (over !== OVER.none && !this.#dryRun) {
      this.#texts.release(nameId);
      return { id: this.#internOverflow(type, name, now), limit: over, isHere: true };
    }
    const id = this.#add(type, text, now);
    this.#index.add(key, id);
    this.#counts.take(nameId, type);
    this.#texts.release(nameId);
    return {
      id,
      limit: limit === OVER.none ? over : limit,
      isHere: limit === OVER.none && over !== OVER.none,
    };
  }

  /** Keeps which JMX check the samples of a context come from; an overflow context has samples of any. */
  setSource(id: number, source: string): void {
    if (!this.#overflowIds.has(id)) this.#sources.set(id, source);
  }

  /** The id of what admit() answers. */
  intern(key: ContextKey, type: ContextType, text: ByteString, now: number): number {
    return this.admit(key, type, text, now).id;
  }

  /**
   * Whether contexts that went to overflow context `id` have room now; undefined when nothing has changed since it
   * was last asked.
   */
  takeReturned(): ((id: number) => boolean) | undefined {
    const returned = this.#counts.takeReturned();
    if (returned === undefined) return undefined;
    if (returned === 'all') return () => true;
    // A name whose text is gone has no overflow context either: that would hold it.
    return (id) => returned.has(this.#names[id] as number);
  }

  /** How many more contexts there may be. */
  get room(): number {
    return Math.max(0, this.#counts.room);
  }

  typeOf(id: number): ContextType {
    return CONTEXT_TYPES[(this.#types[id] as number) - 1] as ContextType;
  }

  /** Second of the context's last live sample; undefined when it has none or outlived it. */
  lastSeen(id: number): number | undefined {
    return this.#isLive(id) ? this.#usedAt[id] : undefined;
  }

  /** Whether the context is the one for what is over a limit. */
  isOverflow(id: number): boolean {
    return this.#overflowIds.has(id);
  }

  /** Whether `id` stands for a context now. */
  has(id: number): boolean {
    return id < this.#idCount && this.#types[id] !== UNUSED;
  }

  /** Second of the last sample, whatever it was, or of the registration before there is one. */
  usedAt(id: number): number {
    return this.#usedAt[id] as number;
  }

  /** Samples since the context is known, whatever their rate. */
  samplesOf(id: number): number {
    return this.#samples[id] as number;
  }

  countSamples(id: number, samples: number): void {
    (this.#samples[id] as number) += samples;
  }

  nameOf(id: number): ByteString {
    return this.#texts.textOf(this.#names[id] as number);
  }

  context(id: number): Context {
    const source = this.#sources.get(id);
    const tags: ByteString[] = [];
    const tagCount = this.#tags.countOf(id);
    for (let i = 0; i < tagCount; i++) tags.push(this.#texts.textOf(this.#tags.at(id, i)));
    return {
      id,
      name: this.#texts.textOf(this.#names[id] as number),
      type: this.typeOf(id),
      host: this.#texts.textOf(this.#hosts[id] as number),
      tags,
      ...(source !== undefined && { source }),
    };
  }

  *ids(): Generator<number> {
    for (let id = 0; id < this.#idCount; id++) if (this.#types[id] !== UNUSED) yield id;
  }

  /**
   * Notes a live sample at second `seen`. Shards deliver out of order, so an earlier second is ignored,
   * except when the clock itself has gone back.
   */
  noteSample(id: number, seen: number, clockWentBack: boolean): void {
    if (this.#isLive(id) && !clockWentBack && seen < (this.#usedAt[id] as number)) return;
    this.#usedAt[id] = seen;
    this.#live[id] = 1;
  }

  /** Notes a sample with a timestamp of its own: it keeps the entry, and gives it no life in aggregation. */
  noteTimestamped(id: number, receivedAt: number): void {
    if (!this.#isLive(id)) this.#usedAt[id] = Math.max(this.#usedAt[id] as number, receivedAt);
  }

  /** Keeps the entry until as many calls of release(). */
  hold(id: number): void {
    (this.#holds[id] as number)++;
  }

  release(id: number): void {
    (this.#holds[id] as number)--;
  }

  /** Visits the live counters with the second of their last sample: all, or those with ids in [start, end). */
  forEachLiveCounter(visit: (id: number, seen: number) => void, start = 0, end = this.#idCount): void {
    for (let id = start; id < Math.min(end, this.#idCount); id++) {
      if (this.#types[id] === COUNTER && this.#isLive(id)) visit(id, this.#usedAt[id] as number);
    }
  }

  /**
   * Ends what has outlived its time (spec aggregation §5.4), of all contexts or of those with ids in
   * [start, end); returns the ids that are free again.
   */
  expire(
    now: number,
    retention: Retention | ((id: number) => Retention),
    start = 0,
    end = this.#idCount,
  ): number[] {
    const retentionOf = typeof retention === 'function' ? retention : () => retention;
    const forgotten: number[] = [];
    for (let id = start; id < Math.min(end, this.#idCount); id++) {
      const type = this.#types[id];
      if (type === UNUSED) continue;
      const { contextExpirySeconds, counterExpirySeconds, outputSeconds } = retentionOf(id);
      const lifeSeconds = contextExpirySeconds + (type === COUNTER ? counterExpirySeconds : 0);
      const usedAt = this.#usedAt[id] as number;
      if (usedAt + lifeSeconds >= now) continue;
      this.#live[id] = 0;
      if (usedAt + outputSeconds >= now || this.#holds[id] !== 0) continue;
      this.#forget(id);
      forgotten.push(id);
    }
    return forgotten;
  }

  /** Gives back what a burst of contexts needed, once those that are left have low ids. */
  trim(): void {
    if (!isWasteful(this.#types.length, this.size)) return;
    let end = this.#idCount;
    while (end > 0 && this.#types[end - 1] === UNUSED) end--;
    this.#idCount = end;
    this.#free = this.#free.filter((id) => id < end);
    this.#types = shrunk(this.#types, end);
    this.#usedAt = shrunk(this.#usedAt, end);
    this.#live = shrunk(this.#live, end);
    this.#holds = shrunk(this.#holds, end);
    this.#names = shrunk(this.#names, end);
    this.#hosts = shrunk(this.#hosts, end);
    this.#index.trim(end);
    this.#tags.trim(end);
    this.#texts.trim();
  }

  #isLive(id: number): boolean {
    return this.#live[id] === 1;
  }

  // hits␊web-1␊env:prod␊team:x      name, host, tags
  // hits␊web-1                      without tags
  #keepText(id: number, text: ByteString): void {
    const [name = '', host = '', ...tags] = text.split('\n');
    this.#names[id] = this.#texts.take(name);
    this.#hosts[id] = this.#texts.take(host);
    this.#tags.set(
      id,
      tags.map((tag) => this.#texts.take(tag)),
    );
  }

  #internOverflow(type: ContextType, name: ByteString, now: number): number {
    const isCounted = this.#overflows.size < OVERFLOW_SERIES_MAX || name === OVERFLOW_NAME;
    const key = overflowKey(type, name, this.overflowHost);
    const known = this.#overflows.get(key);
    if (known !== undefined) {
      this.#noteUse(known, now);
      return known;
    }
    if (!isCounted) return this.#internOverflow(type, OVERFLOW_NAME, now);
    const id = this.#add(type, `${name}\n${this.overflowHost}\n${OVERFLOW_TAG}`, now);
    this.#overflows.set(key, id);
    this.#overflowIds.add(id);
    return id;
  }

  /** A new id with type and text, in no index yet. */
  #add(type: ContextType, text: ByteString, now: number): number {
    const id = this.#free.pop() ?? this.#idCount++;
    this.#reserve(id);
    this.#types[id] = codeOf(type);
    this.#usedAt[id] = Math.trunc(now);
    this.#live[id] = 0;
    this.#holds[id] = 0;
    this.#samples[id] = 0;
    this.#keepText(id, text);
    return id;
  }

  #noteUse(id: number, now: number): void {
    if (!this.#isLive(id)) this.#usedAt[id] = Math.max(this.#usedAt[id] as number, Math.trunc(now));
  }

  #forget(id: number): void {
    const type = this.typeOf(id);
    if (this.#overflowIds.delete(id)) {
      this.#overflows.delete(
        overflowKey(type, this.nameOf(id), this.#texts.textOf(this.#hosts[id] as number)),
      );
    } else {
      this.#index.remove(id);
      this.#counts.give(this.#names[id] as number, type);
    }
    this.#types[id] = UNUSED;
    this.#sources.delete(id);
    this.#texts.release(this.#names[id] as number);
    this.#texts.release(this.#hosts[id] as number);
    const tagCount = this.#tags.countOf(id);
    for (let i = 0; i < tagCount; i++) this.#texts.release(this.#tags.at(id, i));
    this.#tags.delete(id);
    this.#free.push(id);
  }

  #reserve(id: number): void {
    this.#types = reserve(this.#types, id);
    this.#usedAt = reserve(this.#usedAt, id);
    this.#live = reserve(this.#live, id);
    this.#holds = reserve(this.#holds, id);
    this.#samples = reserve(this.#samples, id);
    this.#names = reserve(this.#names, id);
    this.#hosts = reserve(this.#hosts, id);
  }
}

function overflowKey(type: ContextType, name: ByteString, host: ByteString): string {
  return `${type}\n${host}\n${name}`;
}

function codeOf(type: ContextType): number {
  return CONTEXT_TYPES.indexOf(type) + 1;
}
