/**
 * Metrics: what each name sends, exactly for the first METRICS_MAX names and by SpaceSaving beyond.
 *
 *   sealed part of a bucket ─▶ context id ─▶ metric │ samples, rates, contexts, new ones, tag keys, last values
 *                                   └─ no room ─▶ SpaceSaving by name
 *
 * Fed when a bucket is sealed, once for each context with data, so a sample costs nothing here.
 *
 * Thread  the control thread.
 * Memory  about 900 bytes a metric, METRICS_MAX of them; 20 bytes for each context id; OTHERS_MAX counters beyond.
 * Limits  a metric without contexts goes after KEEP_SECONDS without samples; a name beyond the table is then taken up.
 */
import { CONTEXT_TYPES, type Context, type ContextType } from '../model/context.ts';
import type { MetricTraffic, ValueSummary } from '../model/live/traffic-views.ts';
import { type ByteString, toText } from '../model/text.ts';
import { CellPool, RateCells } from './rate-cells.ts';
import { SpaceSaving } from './space-saving.ts';
import { largestKey, NO_KEYS, type TagKeys, type TagTable } from './tag-table.ts';

const METRICS_MAX = 16_384;
const OTHERS_MAX = 1024;
const KEEP_SECONDS = 600;
const SPARK_CELLS = 30;
/** Metrics whose cells share a slab of memory. */
const PER_SLAB = 128;
const UNKNOWN = 0;
const BEYOND = -1;
const IDS_MIN = 1024;
/** What a line has besides name, host and tags: `:1|c|#`, a value of a few digits. */
const LINE_OVERHEAD_BYTES = 10;

/** What the table asks of the registry. */
export interface KnownContexts {
  nameOf(id: number): ByteString;
  typeOf(id: number): ContextType;
  isOverflow(id: number): boolean;
  context(id: number): Context;
}

export interface MetricEntry {
  readonly name: ByteString;
  readonly cells: RateCells;
  /** New contexts. */
  readonly newCells: RateCells;
  tagKeys: TagKeys;
  /** Positions in CONTEXT_TYPES, as bits: hasType(). */
  types: number;
  readonly firstSeen: number;
  lastSeen: number;
  samples: number;
  /** Samples times the bytes of a line of their context. */
  lineBytes: number;
  /** Contexts that have a series of their own. */
  contexts: number;
  /** Contexts, overflow series included, that point here. */
  references: number;
  overLimit: number;
  last: ValueSummary | null;
  /** What the flush under way has for it; the value log's. */
  open: unknown;
}

export class MetricTable {
  /** How far counts are complete, Unix seconds. */
  covered = 0;
  readonly others = new SpaceSaving(OTHERS_MAX);
  private readonly entries = new Map<ByteString, MetricEntry>();
  private readonly cellPool = new CellPool(2 * PER_SLAB);
  /** By id of a context: its metric. */
  private byId: (MetricEntry | undefined)[] = [];
  /** By id of a context: bytes of a line, UNKNOWN before the first sample, BEYOND when it is in no entry. */
  private lineBytes = new Int32Array(IDS_MIN);
  /** By id of a context: samples since they were last taken. */
  private recent = new Float64Array(IDS_MIN);
  private readonly known: KnownContexts;
  private readonly tags: TagTable;
  private readonly metricsMax: number;

  /** `metricsMax` is for tests. */
  constructor(known: KnownContexts, tags: TagTable, metricsMax = METRICS_MAX) {
    this.known = known;
    this.tags = tags;
    this.metricsMax = metricsMax;
  }

  get size(): number {
    return this.entries.size;
  }

  values(): IterableIterator<MetricEntry> {
    return this.entries.values();
  }

  get(name: ByteString): MetricEntry | undefined {
    return this.entries.get(name);
  }

  /** The metric of a context that has had samples. */
  ofContext(id: number): MetricEntry | undefined {
    return this.byId[id];
  }

  /** Counts samples of context `id` that came in [start, end), the last one at `seen`. */
  add(id: number, samples: number, start: number, end: number, seen: number): MetricEntry | undefined {
    if ((this.lineBytes[id] ?? UNKNOWN) === UNKNOWN) this.meet(id, start, end);
    const bytes = this.lineBytes[id] as number;
    const entry = this.byId[id];
    (this.recent[id] as number) += samples;
    if (entry === undefined) {
      this.others.add(this.known.nameOf(id), samples);
      return undefined;
    }
    entry.samples += samples;
    entry.lineBytes += samples * Math.abs(bytes);
    entry.cells.add(start, end, samples);
    if (seen > entry.lastSeen) entry.lastSeen = seen;
    // Overflow series are below BEYOND (meet()).
    if (bytes < BEYOND) entry.overLimit += samples;
    return entry;
  }

  /** Samples of a context since this was last asked: those of the bucket that is flushed. */
  takeRecent(id: number): number {
    const samples = this.recent[id] ?? 0;
    if (samples > 0) this.recent[id] = 0;
    return samples;
  }

  /** Takes note of the tags of a context that a limit keeps from having an id. */
  noteRefused(name: ByteString, tags: readonly ByteString[]): void {
    const entry = this.entries.get(name);
    if (entry !== undefined) entry.tagKeys = this.tags.add(entry.tagKeys, tags, false);
  }

  /** Contexts are gone; their ids may name others from now on. */
  forget(ids: Iterable<number>): void {
    for (const id of ids) {
      const entry = this.byId[id];
      if (entry !== undefined) {
        entry.references--;
        if ((this.lineBytes[id] as number) > 0) entry.contexts--;
      }
      this.byId[id] = undefined;
      if (id >= this.lineBytes.length) continue;
      this.lineBytes[id] = UNKNOWN;
      this.recent[id] = 0;
    }
  }

  /** Drops the metrics that are gone for a while, at `now` in Unix seconds. */
  sweep(now: number): void {
    for (const [name, entry] of this.entries) {
      this.tags.rest(entry.tagKeys);
      if (entry.references > 0 || entry.lastSeen + KEEP_SECONDS > now) continue;
      this.tags.drop(entry.tagKeys);
      entry.cells.release();
      entry.newCells.release();
      this.entries.delete(name);
    }
  }

  /** A metric as the API shows it. `scale`: real bytes for each estimated one. */
  rowOf(entry: MetricEntry, since: number, scale: number): MetricTraffic {
    const { name, samples, contexts, firstSeen, lastSeen, last, overLimit } = entry;
    const key = largestKey(entry.tagKeys);
    const from = Math.max(since, firstSeen - 10);
    const rates = entry.cells.rates(this.covered, from);
    const bytesPerSample = samples === 0 ? 0 : (entry.lineBytes / samples) * scale;
    return {
      name: toText(name),
      types: CONTEXT_TYPES.filter((type) => hasType(entry, type)),
      ...{ samples, error: 0, rates, contexts },
      bytes: Math.round(samples * bytesPerSample),
      bytesPerSecond: rates.s10 * bytesPerSample,
      newPerMinute: Math.round(entry.newCells.sum(this.covered - 60, this.covered)),
      tagValues: key?.distinct ?? null,
      tagKey: key?.key ?? null,
      ...{ firstSeen, lastSeen, last, overLimit },
      spark: entry.cells.spark(this.covered, SPARK_CELLS),
    };
  }

  /** The metrics beyond the table, as far as they are known. */
  otherRows(): MetricTraffic[] {
    return this.others.entries().map(({ key, count, error }) => ({
      name: toText(key),
      types: [],
      ...{ samples: count, error, bytes: 0, bytesPerSecond: 0, contexts: 0, newPerMinute: 0, overLimit: 0 },
      rates: { s10: 0, s60: 0, s600: 0 },
      ...{ tagValues: null, tagKey: null, firstSeen: 0, lastSeen: 0, last: null, spark: [] },
    }));
  }

  /** Finds the metric of a context that has its first samples. */
  private meet(id: number, start: number, end: number): void {
    this.reserve(id);
    const name = this.known.nameOf(id);
    let entry = this.entries.get(name);
    if (entry === undefined && this.entries.size < this.metricsMax) {
      entry = newEntry(name, start, this.cellPool);
      this.entries.set(name, entry);
    }
    if (entry === undefined) {
      this.lineBytes[id] = BEYOND;
      return;
    }
    this.byId[id] = entry;
    entry.references++;
    const { tags, type } = this.known.context(id);
    entry.types |= 1 << CONTEXT_TYPES.indexOf(type);
    let bytes = name.length + LINE_OVERHEAD_BYTES;
    for (let i = 0; i < tags.length; i++) bytes += (tags[i] as ByteString).length + 1;
    // Overflow series are no contexts of their own; their bytes are kept below 0 to tell them apart.
    if (this.known.isOverflow(id)) this.lineBytes[id] = -1 - bytes;
    else {
      this.lineBytes[id] = bytes;
      entry.contexts++;
      entry.newCells.add(start, end, 1);
      entry.tagKeys = this.tags.add(entry.tagKeys, tags);
    }
  }

  private reserve(id: number): void {
    if (id < this.lineBytes.length) return;
    const larger = new Int32Array(Math.max(id + 1, this.lineBytes.length * 2));
    larger.set(this.lineBytes);
    this.lineBytes = larger;
    const recent = new Float64Array(larger.length);
    recent.set(this.recent);
    this.recent = recent;
  }
}

/** Whether the metric has contexts of a type. */
export function hasType({ types }: MetricEntry, type: ContextType): boolean {
  return (types & (1 << CONTEXT_TYPES.indexOf(type))) !== 0;
}

function newEntry(name: ByteString, at: number, pool: CellPool): MetricEntry {
  return {
    name,
    cells: new RateCells(pool),
    newCells: new RateCells(pool),
    tagKeys: NO_KEYS,
    types: 0,
    firstSeen: at,
    lastSeen: at,
    samples: 0,
    lineBytes: 0,
    contexts: 0,
    references: 0,
    overLimit: 0,
    last: null,
    open: undefined,
  };
}
