/**
 * Equal points: of one series and time an output gets one point, because a backend keeps one of several.
 *
 *   timestamped samples ─unite─▶ one for each series and time: counters add up, of gauges the last stays
 *            │   equal to a bucket of the flush: into it
 *            └─  equal to a point that was sent: to the next second that is free
 *   buckets ─findShared─▶ names that several types come to (lat.max of a histogram, and a gauge lat.max): the first stays
 *
 * Equal are the name with its suffix, the kind of series, host and tags whatever their order and repetition: tags that a
 * filter takes away, or that clients write in another order, make samples of different contexts equal.
 *
 * Owned by the control thread. Works in steps on what a flush took. Memory: for one flush 12 to 24 bytes a name that series may
 * have, while shared ones are looked for, and a number for each timestamped series and point; of points that were sent, those of the
 * last two turns (SENT_*).
 */
import { randomInt } from 'node:crypto';
import { addFinite, addsUp } from '../lib/finite.ts';
import { finishHash, hashOn } from '../lib/texts/text-hash.ts';
import type { Steps } from '../lib/time/steps.ts';
import { CONTEXT_TYPES, type Context } from '../model/context.ts';
import type { Series, SeriesType } from '../model/series.ts';
import type { ByteString } from '../model/text.ts';
import type { Bucket } from './bucket.ts';
import type { Registry } from './contexts/registry.ts';
import { HashMakers } from './hash-makers.ts';
import { SentPoints } from './sent-points.ts';
import { type TimestampedLog, timestampedSeries } from './timestamped-log.ts';

/** Samples or contexts of one step. */
const STEP_SAMPLES = 1024;
/** Who makes the names of timestamped samples; those of buckets have higher numbers. */
const TIMESTAMPED = 0;

/** Of this process, so that no sender can choose names whose hashes meet. */
const seed = randomInt(2 ** 32);

/** What a flush took, as far as its points go. */
export interface TakenPoints {
  readonly timestamped: TimestampedLog;
  readonly buckets: readonly Bucket[];
}

export interface EqualPointsOptions {
  readonly registry: Registry;
  /** What comes of context `id` at a flush, beside its own name. */
  readonly suffixesOf: (id: number) => readonly string[];
  /** Called for each value that was not added in full: a sum stays finite. */
  readonly onOutOfRange: () => void;
  /** Called with the number of values for which no second was free. */
  readonly onNoSecond: (values: number) => void;
  /** Called for each series that was left out for another of the same name. */
  readonly onLeftOut: () => void;
}

export class EqualPoints {
  private readonly options: EqualPointsOptions;
  private readonly sent = new SentPoints();

  constructor(options: EqualPointsOptions) {
    this.options = options;
  }

  /** Makes one sample of equal ones, before anything of the flush is emitted; what is left to do while it is. */
  *unite({ timestamped, buckets }: TakenPoints): Steps<SharedNames> {
    if (timestamped.size > 0) {
      yield* this.uniteSamples(timestamped);
      yield* this.moveIntoBuckets(timestamped, buckets);
    }
    return new SharedNames(yield* this.findShared(timestamped, buckets), this.options.onLeftOut);
  }

  private *uniteSamples(log: TimestampedLog): Steps {
    const { registry, onOutOfRange } = this.options;
    const identities = new Map<number, string>();
    const rows = new Map<string, Map<number, number>>();
    /** Values in a sample, where there is more than one. */
    const values = new Map<number, number>();
    this.sent.turn();
    let left = STEP_SAMPLES;
    for (let i = 0; i < log.count; i++) {
      const { id, timestamp, value } = log.at(i);
      const identity = identities.get(id) ?? identityOf(registry.context(id));
      identities.set(id, identity);
      const known = rows.get(identity) ?? new Map<number, number>();
      rows.set(identity, known);
      const row = known.get(timestamp);
      if (row !== undefined) {
        const before = log.at(row).value;
        const isCounter = registry.typeOf(id) === 'counter';
        if (isCounter && !addsUp(before, value)) onOutOfRange();
        log.setValue(row, isCounter ? addFinite(before, value) : value);
        values.set(row, (values.get(row) ?? 1) + 1);
        log.remove(i);
        registry.release(id);
      } else {
        known.set(timestamp, i);
      }
      if (left-- > 0) continue;
      yield;
      left = STEP_SAMPLES;
    }
    yield* this.claimSeconds(log, (id) => identities.get(id) as string, rows, values);
  }

  /** Moves samples whose point is sent already to the next second that is free. */
  private *claimSeconds(
    log: TimestampedLog,
    identityOfId: (id: number) => string,
    rows: ReadonlyMap<string, Map<number, number>>,
    values: ReadonlyMap<number, number>,
  ): Steps {
    const { registry, onNoSecond } = this.options;
    for (let i = 0; i < log.count; i++) {
      if (log.isRemoved(i)) continue;
      const { id, timestamp } = log.at(i);
      const identity = identityOfId(id);
      const known = rows.get(identity) as Map<number, number>;
      const time = this.sent.claim(identity, timestamp, (other) => other !== timestamp && known.has(other));
      if (time === undefined) {
        onNoSecond(values.get(i) ?? 1);
        log.remove(i);
        registry.release(id);
      } else if (time !== timestamp) {
        known.set(time, i);
        log.setTimestamp(i, time);
      }
      if (i % STEP_SAMPLES === 0) yield;
    }
  }

  /** A sample whose time is the start of a bucket with the same series is one of that bucket's. */
  private *moveIntoBuckets(log: TimestampedLog, buckets: readonly Bucket[]): Steps {
    const { registry, onOutOfRange } = this.options;
    for (const bucket of buckets) {
      const wanted = new Map<string, number>();
      const names = new Set<ByteString>();
      for (let i = 0; i < log.count; i++) {
        if (log.isRemoved(i) || log.at(i).timestamp !== bucket.start) continue;
        const { id } = log.at(i);
        wanted.set(identityOf(registry.context(id)), i);
        names.add(registry.nameOf(id));
        if (i % STEP_SAMPLES === 0) yield;
      }
      if (wanted.size === 0) continue;
      let left = STEP_SAMPLES;
      for (const id of bucket.ids()) {
        const i = names.has(registry.nameOf(id)) ? wanted.get(identityOf(registry.context(id))) : undefined;
        if (i !== undefined && !log.isRemoved(i)) {
          const { id: own, value } = log.at(i);
          // The last value of a gauge in the bucket is later than its start.
          if (registry.typeOf(id) === 'counter' && !bucket.addToCounter(id, value)) onOutOfRange();
          log.remove(i);
          registry.release(own);
        }
        if (left-- > 0) continue;
        yield;
        left = STEP_SAMPLES;
      }
    }
  }

  /**
   * Names that more than one type, or bucket of the same start, comes to. Hashes say which names to compare: nearly always
   * none, and of a million names there would be a map of strings for as long as this takes.
   */
  private *findShared(log: TimestampedLog, buckets: readonly Bucket[]): Steps<Set<string>> {
    const hashes = new HashMakers();
    yield* this.visitNames(log, buckets, (start, type, name, suffix, maker) => {
      hashes.note(hashOf(start, type, name, suffix), maker);
    });
    const shared = new Set<string>();
    if (hashes.shared.size === 0) return shared;
    const makers = new Map<string, number>();
    yield* this.visitNames(log, buckets, (start, type, name, suffix, maker) => {
      if (!hashes.shared.has(hashOf(start, type, name, suffix))) return;
      const key = nameKey(start, type, name + suffix);
      const known = makers.get(key);
      if (known === undefined) makers.set(key, maker);
      else if (known !== maker) shared.add(key);
    });
    return shared;
  }

  /** Shows the names of all series that the flush may come to, some of them several times. */
  private *visitNames(
    log: TimestampedLog,
    buckets: readonly Bucket[],
    visit: (start: number, type: SeriesType, name: ByteString, suffix: string, maker: number) => void,
  ): Steps {
    const { registry, suffixesOf } = this.options;
    const starts = new Set(buckets.map(({ start }) => start));
    for (let i = 0; i < log.count; i++) {
      const { id, timestamp } = log.at(i);
      if (log.isRemoved(i) || !starts.has(timestamp)) continue;
      const series = timestampedSeries(registry.typeOf(id), 0, 1);
      if (series !== undefined) visit(timestamp, series.type, registry.nameOf(id), '', TIMESTAMPED);
      if (i % STEP_SAMPLES === 0) yield;
    }
    let left = STEP_SAMPLES;
    for (const [at, bucket] of buckets.entries()) {
      const { start } = bucket;
      for (const [type, { rows }] of bucket.cellsByType()) {
        const maker = TIMESTAMPED + 1 + at * CONTEXT_TYPES.length + CONTEXT_TYPES.indexOf(type);
        for (let row = 0; row < rows.size; row++) {
          const id = rows.idAt(row);
          const name = registry.nameOf(id);
          if (type === 'counter') visit(start, 'rate', name, '', maker);
          else if (type === 'histogram')
            for (const suffix of suffixesOf(id))
              visit(start, suffix === '.count' ? 'rate' : 'gauge', name, suffix, maker);
          else visit(start, type === 'distribution' ? type : 'gauge', name, '', maker);
          if (left-- > 0) continue;
          yield;
          left = STEP_SAMPLES;
        }
      }
    }
  }
}

/** The names of one flush that several types come to: of each point the first is handed on. */
export class SharedNames {
  private readonly names: ReadonlySet<string>;
  private readonly onLeftOut: () => void;
  private readonly emitted = new Set<string>();

  constructor(names: ReadonlySet<string>, onLeftOut: () => void) {
    this.names = names;
    this.onLeftOut = onLeftOut;
  }

  /** The series of an aggregate without those whose point was handed on already. */
  keep(context: Context, timestamp: number, series: readonly Series[]): readonly Series[] {
    if (this.names.size === 0) return series;
    return series.filter(({ suffix, type }) => {
      const name = nameKey(timestamp, type, context.name + suffix);
      if (!this.names.has(name)) return true;
      const point = `${name}\n${ownerOf(context)}`;
      const isFirst = !this.emitted.has(point);
      if (isFirst) this.emitted.add(point);
      else this.onLeftOut();
      return isFirst;
    });
  }
}

function nameKey(start: number, type: SeriesType, name: ByteString): string {
  return `${start} ${type} ${name}`;
}

/** Of what nameKey() makes a text of. */
function hashOf(start: number, type: SeriesType, name: ByteString, suffix: string): number {
  return finishHash(hashOn(hashOn(hashOn(seed ^ start, type), name), suffix));
}

/** What tells series of one type apart, free of the order and repetition of tags. */
function identityOf(context: Context): string {
  return `${context.type}\n${context.name}\n${ownerOf(context)}`;
}

function ownerOf({ host, tags }: Context): string {
  return `${host}\n${[...new Set(tags)].sort().join('\n')}`;
}
