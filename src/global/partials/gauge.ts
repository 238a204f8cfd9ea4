/**
 * Gauges: what the values of a fleet come to.
 *
 *   last            the value received last; of two at the same time that of the higher edge id
 *   sum, min, max   over the edges, each with its own last value in the bucket
 *   avg             sum over count
 *
 *   encoded   kind u8 │ form 0 │ value f64 │ at f64                                            one edge
 *             kind u8 │ form 1 │ sum f64 │ min f64 │ max f64 │ count varint │ last f64 │ at f64 │ edge 16 bytes
 *
 * A later partial of the same edge in the same bucket replaces the earlier one: an edge that restarted within a bucket
 * would count twice otherwise. Therefore every kind but `last` remembers its edges, about 100 bytes each.
 * A value that comes late says nothing about a later bucket, except that a `last` may still be the newest.
 */
import type { GlobalGauge } from '../../model/metric-rule.ts';
import { GLOBAL_GAUGES } from '../../model/metric-rule.ts';
import type { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';
import type { GlobalOutcome, Partial, Source } from './partial.ts';

const FORM = { one: 0, many: 1 } as const;
const SOURCE_BYTES = 16;
const SHARE_BYTES = 100;

/** What one source contributes: one edge, or the edges of a partition of level 1. */
interface Share {
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly last: number;
  readonly at: number;
  readonly edge: Source;
}

export class GaugePartial implements Partial {
  private kind: GlobalGauge = 'last';
  /** For `last`, the newest; for the other kinds, of each source. */
  private newest: Share | undefined;
  private readonly shares = new Map<Source, Share>();

  /** The gauge of one edge, as it writes it. */
  static of(kind: GlobalGauge, value: number, at: number): GaugePartial {
    const gauge = new GaugePartial();
    gauge.kind = kind;
    gauge.take({ sum: value, min: value, max: value, count: 1, last: value, at, edge: '' }, '');
    return gauge;
  }

  static writeOne(writer: ByteWriter, kind: GlobalGauge, value: number, at: number): void {
    writer.u8(GLOBAL_GAUGES.indexOf(kind));
    writer.u8(FORM.one);
    writer.f64(value);
    writer.f64(at);
  }

  get bytes(): number {
    return SHARE_BYTES * (1 + this.shares.size);
  }

  /** `key` tells apart what is to be counted side by side; one of a key replaces the one before. */
  merge(reader: ByteReader, source: Source, key = source): void {
    this.kind = readKind(reader);
    this.take(readShare(reader, source), key);
  }

  mergeLate(reader: ByteReader, source: Source): boolean {
    const kind = readKind(reader);
    const share = readShare(reader, source);
    if (kind !== 'last') return false;
    this.kind = kind;
    this.take(share, source);
    return true;
  }

  write(writer: ByteWriter): void {
    const share = this.kind === 'last' ? this.newest : this.total();
    if (share === undefined) throw new Error('an empty gauge is never written');
    if (share.edge === '') {
      GaugePartial.writeOne(writer, this.kind, share.last, share.at);
      return;
    }
    writer.u8(GLOBAL_GAUGES.indexOf(this.kind));
    writer.u8(FORM.many);
    writer.f64(share.sum);
    writer.f64(share.min);
    writer.f64(share.max);
    writer.varint(share.count);
    writer.f64(share.last);
    writer.f64(share.at);
    writer.raw(Buffer.from(share.edge, 'latin1'));
  }

  outcome(): GlobalOutcome | undefined {
    const value = this.value();
    if (value === undefined) return undefined;
    return { data: { kind: 'gauge', value }, series: [{ suffix: '', type: 'gauge', value }] };
  }

  private value(): number | undefined {
    if (this.kind === 'last') return this.newest?.last;
    const total = this.total();
    if (total === undefined) return undefined;
    return this.kind === 'avg' ? total.sum / total.count : total[this.kind];
  }

  private take(share: Share, source: Source): void {
    if (this.newest === undefined || isNewer(share, this.newest)) this.newest = share;
    if (this.kind !== 'last') this.shares.set(source, share);
  }

  private total(): Share | undefined {
    let total: Share | undefined;
    for (const share of this.shares.values()) total = total === undefined ? share : sumOf(total, share);
    return total;
  }
}

function sumOf(a: Share, b: Share): Share {
  const newer = isNewer(b, a) ? b : a;
  return {
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    count: a.count + b.count,
    last: newer.last,
    at: newer.at,
    edge: newer.edge,
  };
}

/** A value of the same edge at the same time came later in the log. */
function isNewer(a: Share, b: Share): boolean {
  return a.at > b.at || (a.at === b.at && a.edge >= b.edge);
}

function readKind(reader: ByteReader): GlobalGauge {
  const kind = GLOBAL_GAUGES[reader.u8()];
  if (kind === undefined) throw new RangeError('a gauge is of no known kind');
  return kind;
}

function readShare(reader: ByteReader, source: Source): Share {
  if (reader.u8() === FORM.one) {
    const value = reader.f64();
    return { sum: value, min: value, max: value, count: 1, last: value, at: reader.f64(), edge: source };
  }
  return {
    sum: reader.f64(),
    min: reader.f64(),
    max: reader.f64(),
    count: reader.varint(),
    last: reader.f64(),
    at: reader.f64(),
    edge: reader.raw(SOURCE_BYTES).toString('latin1'),
  };
}
