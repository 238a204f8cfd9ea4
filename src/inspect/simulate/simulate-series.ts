/**
 * What a simulation emits, as records of the aggregation vectors.
 *
 *   aggregates of one flush ──same context, type and suffix──▶ one record, a point for each bucket
 *   samples with a timestamp ────────────────────────────────▶ one record each
 *
 * Numbers and texts are encoded as in all vectors (encode.ts). The order is fixed, whatever order things
 * came in: flush, name, tags; timestamped samples last. Tags are sorted, except those of timestamped
 * samples, whose order is part of the result.
 */
import type { Aggregate, Series } from '../../model/series.ts';
import type { Sketch } from '../../model/sketch.ts';
import type { ByteString } from '../../model/text.ts';
import { encodePlain, type JsonObject, text, texts } from '../encode.ts';

/** A number, or its name in a string where JSON has none for it: `Infinity`, `NaN`, `-0`. */
export type EncodedNumber = number | string;
export type Point = readonly [timestamp: number, value: EncodedNumber];

export interface SketchPoint {
  readonly ts: number;
  readonly cnt: EncodedNumber;
  readonly min: EncodedNumber;
  readonly max: EncodedNumber;
  readonly sum: EncodedNumber;
  readonly avg: EncodedNumber;
  /** Bin keys, ascending, and what each bin holds. */
  readonly k: readonly number[];
  readonly n: readonly number[];
}

export interface SimulatedSeries {
  /** Index into `flush_at`, or `stop`; absent for samples with a timestamp of their own. */
  readonly flush?: number | 'stop';
  readonly via?: 'no_aggregation';
  readonly name: string;
  /** Like `tags_b64` and `host_b64`: the exact bytes, when they are not UTF-8. */
  readonly name_b64?: string;
  readonly type: 'gauge' | 'rate' | 'count' | 'sketch';
  readonly tags: readonly string[];
  readonly tags_b64?: readonly string[];
  readonly host: string;
  readonly host_b64?: string;
  readonly interval: number;
  /** For all types but `sketch`, by ascending time. */
  readonly points?: readonly Point[];
  /** For `sketch`, by ascending time. */
  readonly sketches?: readonly SketchPoint[];
}

/** A record under way. */
interface Entry {
  readonly flush: number | 'stop' | undefined;
  readonly name: ByteString;
  readonly type: SimulatedSeries['type'];
  readonly tags: readonly ByteString[];
  readonly host: ByteString;
  readonly interval: number;
  readonly points: { readonly timestamp: number; readonly value: number; readonly sketch?: Sketch }[];
}

export class SeriesLog {
  private readonly entries: Entry[] = [];
  /** Entries of the flush under way, by context, type and suffix. */
  private readonly open = new Map<string, Entry>();
  private flush: number | 'stop' | undefined;

  /** Adds what a flush emitted. Flushes come one after another. */
  add(flush: number | 'stop', aggregate: Aggregate): void {
    if (flush !== this.flush) this.open.clear();
    this.flush = flush;
    const { data, timestamp } = aggregate;
    for (const series of aggregate.series) {
      const { points } =
        data.kind === 'timestamped'
          ? this.push(undefined, aggregate, series)
          : this.entryOf(flush, aggregate, series);
      if (data.kind === 'distribution') points.push({ timestamp, value: series.value, sketch: data.sketch });
      else points.push({ timestamp, value: series.value });
    }
  }

  series(): SimulatedSeries[] {
    for (const { points } of this.entries) points.sort((a, b) => a.timestamp - b.timestamp);
    return this.entries.sort(compareEntries).map(encodeEntry);
  }

  private entryOf(flush: number | 'stop', aggregate: Aggregate, series: Series): Entry {
    const key = `${aggregate.context.id} ${series.type} ${series.suffix}`;
    const known = this.open.get(key);
    if (known !== undefined) return known;
    const entry = this.push(flush, aggregate, series);
    this.open.set(key, entry);
    return entry;
  }

  private push(flush: number | 'stop' | undefined, { context, interval }: Aggregate, series: Series): Entry {
    const entry: Entry = {
      flush,
      name: context.name + series.suffix,
      type: series.type === 'distribution' ? 'sketch' : series.type,
      tags: flush === undefined ? context.tags : [...context.tags].sort(),
      host: context.host,
      interval,
      points: [],
    };
    this.entries.push(entry);
    return entry;
  }
}

function encodeEntry({ flush, name, type, tags, host, interval, points }: Entry): SimulatedSeries {
  return {
    ...(flush === undefined ? { via: 'no_aggregation' } : { flush }),
    ...text('name', name),
    type,
    ...texts('tags', tags),
    ...text('host', host),
    interval,
    ...(type === 'sketch'
      ? { sketches: points.map(({ timestamp, sketch }) => encodeSketch(timestamp, sketch as Sketch)) }
      : { points: points.map(({ timestamp, value }) => encodePlain([timestamp, value])) }),
  } as unknown as SimulatedSeries;
}

function encodeSketch(ts: number, { count, min, max, sum, avg, keys, counts }: Sketch): SketchPoint {
  const moments = { cnt: count, min, max, sum, avg };
  const bins = { k: Array.from(keys), n: Array.from(counts) };
  return { ts, ...(encodePlain(moments) as JsonObject), ...bins } as unknown as SketchPoint;
}

function compareEntries(a: Entry, b: Entry): number {
  return (
    rankOf(a) - rankOf(b) ||
    compare(a.name, b.name) ||
    compare(a.tags.join('\n'), b.tags.join('\n')) ||
    compare(a.host, b.host) ||
    compare(a.type, b.type) ||
    comparePoints(a, b)
  );
}

function rankOf({ flush }: Entry): number {
  if (flush === undefined) return Number.MAX_SAFE_INTEGER;
  return flush === 'stop' ? Number.MAX_SAFE_INTEGER - 1 : flush;
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function comparePoints({ points: [a] }: Entry, { points: [b] }: Entry): number {
  if (a === undefined || b === undefined) return 0;
  return compare(a.timestamp, b.timestamp) || compare(a.value, b.value);
}
