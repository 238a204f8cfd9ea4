/**
 * Registry: every context the server knows, under a dense id that is reused after the context is gone.
 * Owned by the control thread.
 *
 *   key ──index──▶ id ─▶ type │ usedAt │ live │ holds │ name │ host      columns by id
 *                     └▶ tags: numbers of texts                          tag-lists.ts
 *   number ─▶ text, once for all contexts                                text-table.ts
 *
 * Two lives. By the rules of aggregation a context lives from a live sample until its time to live has
 * passed (docs/behaviour/aggregation.md#zeros-and-expiry); only then is a counter zero-filled. The entry itself may stay longer:
 * while an output wants to look it up, and while something holds it (a shard's slot, data not yet
 * flushed). A longer stay never changes what is emitted, and no data loses its context.
 *
 * Memory  about 64 bytes a context, 8 of index, 4 a tag, and every text once.
 * Limits  those on cardinality, exactly and over all shards: what is beyond is interned as the overflow context of
 *         its name and type (model/cardinality.ts), of which there are at most OVERFLOW_SERIES_MAX names' worth.
 */
import { assert } from '../../lib/assert.ts';
import { ColumnTable } from '../../lib/column-table.ts';
import { TextTable } from '../../lib/texts/text-table.ts';
import {
  CONTEXT_TYPES,
  type Context,
  type ContextType,
  SCOPE_MARKS,
  SCOPES,
  type Scope,
} from '../../model/context.ts';
import { LF } from '../../model/core-border.ts';
import { type ByteString, type TextRange, textAt, toRange } from '../../model/text.ts';
import {
  type ContextLimits,
  OVER,
  OVERFLOW_NAME,
  OVERFLOW_SERIES_MAX,
  OVERFLOW_TAG,
} from '../../model/views/cardinality.ts';
import { ContextCounts } from './context-counts.ts';
import { ContextIndex, type ContextKey } from './context-index.ts';
import { TagLists } from './tag-lists.ts';

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

/** ColumnTable.trimUnused() relies on the 0. */
const UNUSED = 0;
const COUNTER = codeOf('counter');
/** Tags come after name and host. */
const TAGS_AT = 2;
const GLOBAL_ENDING = `\n${SCOPE_MARKS.global}`;
const BOTH_ENDING = `\n${SCOPE_MARKS.both}`;

export class Registry {
  /** Host of overflow contexts: the server's own. */
  overflowHost: ByteString = '';
  /** Tags of overflow contexts, beside the one that names them: those of the server's host. */
  overflowTags: readonly ByteString[] = [];
  private readonly dryRun: boolean;
  private readonly contextCounts: ContextCounts;
  /** Overflow contexts by type, name and host. They are in no other index. */
  private readonly overflows = new Map<string, number>();
  /** Their ids, with their keys in the map above. */
  private readonly overflowIds = new Map<number, string>();
  private readonly index = new ContextIndex();
  private readonly texts = new TextTable();
  /** Of the context that is added now: name, host and tags. */
  private readonly lineNumbers: number[] = [];
  private readonly tags = new TagLists();
  private free: number[] = [];
  /** Ids ever used. */
  private idCount = 0;
  /** By id. */
  private readonly rows = new ColumnTable({
    /** Position in CONTEXT_TYPES plus 1, or UNUSED. */
    types: Uint8Array,
    /** Second of the last sample, or of the registration before there is one. */
    usedAt: Float64Array,
    /** 1 while the rules of aggregation know the context. */
    live: Uint8Array,
    /** Positions in SCOPES. */
    scopes: Uint8Array,
    holds: Uint32Array,
    names: Uint32Array,
    hosts: Uint32Array,
    /** Samples since the context is known. */
    samples: Float64Array,
  });
  /** JMX checks, of the few contexts that have one. */
  private readonly sources = new Map<number, string>();
  /** Ids of contexts whose samples came as timings. */
  private readonly timings = new Set<number>();

  constructor(limits: RegistryLimits) {
    this.dryRun = limits.dryRun;
    this.contextCounts = new ContextCounts(limits.contexts, limits.contextsPerMetric);
  }

  /** Contexts, those of overflow series included. */
  get size(): number {
    return this.index.size + this.overflows.size;
  }

  get overflowSize(): number {
    return this.overflows.size;
  }

  /** How many contexts there are, without overflow series. */
  get counts(): Pick<ContextCounts, 'total' | 'ofType'> {
    return this.contextCounts;
  }

  /** The metrics with the most contexts, at most `count`, the largest first. */
  largest(count: number): { readonly name: ByteString; readonly contexts: number }[] {
    const top: { name: number; contexts: number }[] = [];
    for (const [name, contexts] of this.contextCounts.names()) {
      if (top.length === count && contexts <= (top.at(-1)?.contexts ?? 0)) continue;
      const at = top.findIndex((other) => other.contexts < contexts);
      top.splice(at < 0 ? top.length : at, 0, { name, contexts });
      if (top.length > count) top.pop();
    }
    return top.map(({ name, contexts }) => ({ name: this.texts.textOf(name), contexts }));
  }

  /** How many contexts a metric has, those of overflow series left out. */
  contextsOf(metric: ByteString): number {
    const name = this.texts.numberOf(metric);
    return name === undefined ? 0 : this.contextCounts.ofName(name);
  }

  /** One more than the highest id ever used. */
  get idEnd(): number {
    return this.idCount;
  }

  /** The same as admitBytes() for a text of its own. */
  admit(
    key: ContextKey,
    type: ContextType,
    text: ByteString,
    now: number,
    limit: number = OVER.none,
  ): Admission {
    return this.admitBytes(key, type, toRange(text), now, limit);
  }

  /**
   * The context under `key`, made from `text` when it is new; over a limit the overflow context of its name. `limit`
   * is what the shard says the context is over. `text` is name LF host, and LF with the tags joined by LF when there
   * are any; `now` in seconds.
   */
  admitBytes(key: ContextKey, type: ContextType, text: TextRange, now: number, limit: number): Admission {
    const { bytes, start } = text;
    let end = start;
    while (bytes[end] !== LF) end++;
    if (limit !== OVER.none && !this.dryRun)
      return { id: this.internOverflow(type, textAt({ bytes, start, end }), now), limit, isHere: false };
    const known = this.index.find(key);
    if (known >= 0) {
      this.noteUse(known, now);
      return { id: known, limit, isHere: false };
    }
    const nameId = this.texts.takeBytes(bytes, start, end);
    const over = this.contextCounts.refuse(nameId);
    if (over !== OVER.none && !this.dryRun) {
      this.texts.release(nameId);
      const name = textAt({ bytes, start, end });
      return { id: this.internOverflow(type, name, now), limit: over, isHere: true };
    }
    const id = this.add(type, text, now);
    this.index.add(key, id);
    this.contextCounts.acquire(nameId, type);
    this.texts.release(nameId);
    return {
      id,
      limit: limit === OVER.none ? over : limit,
      isHere: limit === OVER.none && over !== OVER.none,
    };
  }

  /** Keeps which JMX check the samples of a context come from; an overflow context has samples of any. */
  setSource(id: number, source: string): void {
    if (!this.overflowIds.has(id)) this.sources.set(id, source);
  }

  /** Keeps that the samples of a context came as timings; an overflow context has samples of any kind. */
  setTiming(id: number): void {
    if (!this.overflowIds.has(id)) this.timings.add(id);
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
    const returned = this.contextCounts.takeReturned();
    if (returned === undefined) return undefined;
    if (returned === 'all') return () => true;
    // A name whose text is gone has no overflow context either: that would hold it.
    return (id) => returned.has(this.rows.columns.names[id] as number);
  }

  /** How many more contexts there may be. */
  get room(): number {
    return Math.max(0, this.contextCounts.room);
  }

  /** Where a context is aggregated. */
  scopeOf(id: number): Scope {
    return SCOPES[this.rows.columns.scopes[id] as number] as Scope;
  }

  typeOf(id: number): ContextType {
    return CONTEXT_TYPES[(this.rows.columns.types[id] as number) - 1] as ContextType;
  }

  /** Second of the context's last live sample; undefined when it has none or outlived it. */
  lastSeen(id: number): number | undefined {
    return this.isLive(id) ? this.rows.columns.usedAt[id] : undefined;
  }

  /** Whether the context is the one for what is over a limit. */
  isOverflow(id: number): boolean {
    return this.overflowIds.has(id);
  }

  /** Whether `id` stands for a context now. */
  has(id: number): boolean {
    return id < this.idCount && this.rows.columns.types[id] !== UNUSED;
  }

  /** Second of the last sample, whatever it was, or of the registration before there is one. */
  usedAt(id: number): number {
    return this.rows.columns.usedAt[id] as number;
  }

  /** Samples since the context is known, whatever their rate. */
  samplesOf(id: number): number {
    return this.rows.columns.samples[id] as number;
  }

  countSamples(id: number, samples: number): void {
    (this.rows.columns.samples[id] as number) += samples;
  }

  nameOf(id: number): ByteString {
    return this.texts.textOf(this.rows.columns.names[id] as number);
  }

  context(id: number): Context {
    const source = this.sources.get(id);
    const scope = this.scopeOf(id);
    const tags: ByteString[] = [];
    const tagCount = this.tags.countOf(id);
    for (let i = 0; i < tagCount; i++) tags.push(this.texts.textOf(this.tags.at(id, i)));
    return {
      id,
      name: this.texts.textOf(this.rows.columns.names[id] as number),
      type: this.typeOf(id),
      host: this.texts.textOf(this.rows.columns.hosts[id] as number),
      tags,
      ...(source !== undefined && { source }),
      ...(this.timings.has(id) && { isTiming: true }),
      ...(scope !== 'local' && { scope }),
    };
  }

  *ids(): Generator<number> {
    for (let id = 0; id < this.idCount; id++) if (this.rows.columns.types[id] !== UNUSED) yield id;
  }

  /**
   * Notes a live sample at second `seen`. Shards deliver out of order, so an earlier second is ignored,
   * except when the clock itself has gone back.
   */
  noteSample(id: number, seen: number, clockWentBack: boolean): void {
    if (this.isLive(id) && !clockWentBack && seen < (this.rows.columns.usedAt[id] as number)) return;
    this.rows.columns.usedAt[id] = seen;
    this.rows.columns.live[id] = 1;
  }

  /** Notes a sample with a timestamp of its own: it keeps the entry, and gives it no life in aggregation. */
  noteTimestamped(id: number, receivedAt: number): void {
    if (!this.isLive(id))
      this.rows.columns.usedAt[id] = Math.max(this.rows.columns.usedAt[id] as number, receivedAt);
  }

  /** Keeps the entry until as many calls of release(). */
  hold(id: number): void {
    assert(this.has(id), 'a context that is held is known');
    (this.rows.columns.holds[id] as number)++;
  }

  release(id: number): void {
    const holds = this.rows.columns.holds[id];
    assert(holds !== undefined && holds > 0, 'a context is released as often as it was held');
    this.rows.columns.holds[id] = holds - 1;
  }

  /** Visits the live counters with the second of their last sample: all, or those with ids in [start, end). */
  forEachLiveCounter(visit: (id: number, seen: number) => void, start = 0, end = this.idCount): void {
    for (let id = start; id < Math.min(end, this.idCount); id++) {
      if (this.rows.columns.types[id] === COUNTER && this.isLive(id))
        visit(id, this.rows.columns.usedAt[id] as number);
    }
  }

  /**
   * Ends what has outlived its time (docs/behaviour/aggregation.md#zeros-and-expiry), of all contexts or of those with ids in
   * [start, end); returns the ids that are free again.
   */
  expire(
    now: number,
    retention: Retention | ((id: number) => Retention),
    start = 0,
    end = this.idCount,
  ): number[] {
    const retentionOf = typeof retention === 'function' ? retention : () => retention;
    const forgotten: number[] = [];
    for (let id = start; id < Math.min(end, this.idCount); id++) {
      const type = this.rows.columns.types[id];
      if (type === UNUSED) continue;
      const { contextExpirySeconds, counterExpirySeconds, outputSeconds } = retentionOf(id);
      const lifeSeconds = contextExpirySeconds + (type === COUNTER ? counterExpirySeconds : 0);
      const usedAt = this.rows.columns.usedAt[id] as number;
      if (usedAt + lifeSeconds >= now) continue;
      this.rows.columns.live[id] = 0;
      if (usedAt + outputSeconds >= now || this.rows.columns.holds[id] !== 0) continue;
      this.forget(id);
      forgotten.push(id);
    }
    return forgotten;
  }

  /** Gives back what a burst of contexts needed, once those that are left have low ids. */
  trim(): void {
    const end = this.rows.trimUnused('types', this.size);
    if (end === undefined) return;
    this.idCount = end;
    this.free = this.free.filter((id) => id < end);
    this.index.trim(end);
    this.tags.trim(end);
    this.texts.trim();
  }

  private isLive(id: number): boolean {
    return this.rows.columns.live[id] === 1;
  }

  // hits␊web-1␊env:prod␊team:x      name, host, tags
  // hits␊web-1                      without tags
  // hits␊␊env:prod␊,global          the fleet's (model/context.ts)
  private keepText(id: number, text: TextRange): void {
    const { columns } = this.rows;
    const lines = this.lineNumbers;
    this.texts.takeLines(text, LF, lines);
    if (lines.length < TAGS_AT) lines.push(this.texts.take(''));
    const scope = lines.length > TAGS_AT ? scopeOfEnd(text) : 'local';
    if (scope !== 'local') this.texts.release(lines.pop() as number);
    columns.scopes[id] = SCOPES.indexOf(scope);
    columns.names[id] = lines[0] as number;
    columns.hosts[id] = lines[1] as number;
    this.tags.set(id, lines, TAGS_AT);
  }

  private internOverflow(type: ContextType, name: ByteString, now: number): number {
    const isCounted = this.overflows.size < OVERFLOW_SERIES_MAX || name === OVERFLOW_NAME;
    const text = [name, this.overflowHost, OVERFLOW_TAG, ...this.overflowTags].join('\n');
    const key = `${type}\n${text}`;
    const known = this.overflows.get(key);
    if (known !== undefined) {
      this.noteUse(known, now);
      return known;
    }
    if (!isCounted) return this.internOverflow(type, OVERFLOW_NAME, now);
    const id = this.add(type, toRange(text), now);
    this.overflows.set(key, id);
    this.overflowIds.set(id, key);
    return id;
  }

  /** A new id with type and text, in no index yet. */
  private add(type: ContextType, text: TextRange, now: number): number {
    const id = this.free.pop() ?? this.idCount++;
    this.rows.reserve(id);
    this.rows.columns.types[id] = codeOf(type);
    this.rows.columns.usedAt[id] = Math.trunc(now);
    this.rows.columns.live[id] = 0;
    this.rows.columns.holds[id] = 0;
    this.rows.columns.samples[id] = 0;
    this.keepText(id, text);
    return id;
  }

  private noteUse(id: number, now: number): void {
    if (!this.isLive(id))
      this.rows.columns.usedAt[id] = Math.max(this.rows.columns.usedAt[id] as number, Math.trunc(now));
  }

  private forget(id: number): void {
    const type = this.typeOf(id);
    const overflowKey = this.overflowIds.get(id);
    if (overflowKey !== undefined) {
      this.overflowIds.delete(id);
      this.overflows.delete(overflowKey);
    } else {
      this.index.remove(id);
      this.contextCounts.give(this.rows.columns.names[id] as number, type);
    }
    this.rows.columns.types[id] = UNUSED;
    this.sources.delete(id);
    this.timings.delete(id);
    this.texts.release(this.rows.columns.names[id] as number);
    this.texts.release(this.rows.columns.hosts[id] as number);
    const tagCount = this.tags.countOf(id);
    for (let i = 0; i < tagCount; i++) this.texts.release(this.tags.at(id, i));
    this.tags.delete(id);
    this.free.push(id);
  }
}

/** The scope by the last tag of a context's text. */
function scopeOfEnd(text: TextRange): Scope {
  if (endsWith(text, GLOBAL_ENDING)) return 'global';
  return endsWith(text, BOTH_ENDING) ? 'both' : 'local';
}

function endsWith({ bytes, start, end }: TextRange, ending: ByteString): boolean {
  const at = end - ending.length;
  if (at < start) return false;
  // From its end on: texts that do not end so differ there.
  for (let i = ending.length - 1; i >= 0; i--) if (bytes[at + i] !== ending.charCodeAt(i)) return false;
  return true;
}

function codeOf(type: ContextType): number {
  return CONTEXT_TYPES.indexOf(type) + 1;
}
