/**
 * Builds the bodies of remote-write requests, version 1.0 or 2.0, before compression.
 *
 *   1.0   WriteRequest  timeseries 1 { labels 1 { name 1, value 2 }, samples 2 { value 1, timestamp 2 }, histograms 4 }
 *                       metadata 3 { type 1, metric_family_name 2, help 4, unit 5 }
 *   2.0   Request       symbols 4, timeseries 5 { labels_refs 1, samples 2 { …, start_timestamp 3 }, histograms 3,
 *                                                 metadata 5 { type 1, help_ref 3, unit_ref 4 } }
 *
 * In 2.0 each text stands once, in the order of first use, the empty one first; series refer to texts by number.
 *
 * Memory  what one request holds; finish() starts over.
 */
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import { writeHistogram, writeStaleHistogram } from './histogram-message.ts';
import { METRIC_TYPES, STALE_BITS, type WritePoint, type WriteSeries } from './write-series.ts';

export type WriteVersion = 1 | 2;

export interface BuiltRequest {
  readonly version: WriteVersion;
  readonly body: Uint8Array;
  /** Series and points in it. */
  readonly seriesCount: number;
  readonly pointCount: number;
}

export class RequestBuilder {
  seriesCount = 0;
  pointCount = 0;
  private version: WriteVersion;
  private readonly series = new ProtoWriter(64 * 1024);
  /** Symbols of 2.0, metadata of 1.0. */
  private readonly texts = new ProtoWriter(16 * 1024);
  private readonly symbols = new Map<string, number>();
  private readonly families = new Set<string>();
  private readonly refs: number[] = [];

  constructor(version: WriteVersion) {
    this.version = version;
    this.reset();
  }

  /** Bytes so far, before compression. */
  get byteLength(): number {
    return this.series.length + this.texts.length;
  }

  add(series: WriteSeries): void {
    one.length = 0;
    if (this.version === 2) this.write2(series);
    else this.write1(series);
    this.series.bytesItem(this.version === 2 ? 5 : 1, one.bytes, one.length);
    this.seriesCount++;
    this.pointCount += series.points.length;
  }

  /** The request so far; the next one begins empty, in `next`. */
  finish(next: WriteVersion): BuiltRequest {
    const [first, second] = this.version === 2 ? [this.texts, this.series] : [this.series, this.texts];
    const body = new Uint8Array(this.byteLength);
    body.set(first.bytes.subarray(0, first.length));
    body.set(second.bytes.subarray(0, second.length), first.length);
    const built = {
      version: this.version,
      body,
      seriesCount: this.seriesCount,
      pointCount: this.pointCount,
    };
    this.version = next;
    this.reset();
    return built;
  }

  private reset(): void {
    this.series.length = 0;
    this.texts.length = 0;
    this.symbols.clear();
    this.families.clear();
    this.seriesCount = 0;
    this.pointCount = 0;
    if (this.version === 2) this.symbol('');
  }

  private write1({ labels, family, points }: WriteSeries): void {
    for (let i = 0; i < labels.length; i += 2) {
      part.length = 0;
      part.stringItem(1, labels[i] as string);
      part.stringItem(2, labels[i + 1] as string);
      one.bytesItem(1, part.bytes, part.length);
    }
    for (const point of points) writePoint(point, 2, 4, 0);
    if (this.families.has(family.name)) return;
    this.families.add(family.name);
    part.length = 0;
    part.integer(1, METRIC_TYPES[family.type]);
    part.stringItem(2, family.name);
    part.stringItem(4, family.help);
    if (family.unit !== '') part.stringItem(5, family.unit);
    this.texts.bytesItem(3, part.bytes, part.length);
  }

  private write2({ labels, family, points, startAt }: WriteSeries): void {
    this.refs.length = 0;
    for (const text of labels) this.refs.push(this.symbol(text));
    one.packed(1, this.refs);
    for (const point of points) writePoint(point, 2, 3, startAt);
    part.length = 0;
    part.integer(1, METRIC_TYPES[family.type]);
    part.integer(3, this.symbol(family.help));
    // The empty text is number 0, which is what is not written.
    part.integer(4, this.symbol(family.unit));
    one.bytesItem(5, part.bytes, part.length);
  }

  private symbol(text: string): number {
    let ref = this.symbols.get(text);
    if (ref === undefined) {
      ref = this.symbols.size;
      this.symbols.set(text, ref);
      this.texts.stringItem(4, text);
    }
    return ref;
  }
}

/** Writes a point into `one`; a start time of 0 is left out, as in 1.0. */
function writePoint(point: WritePoint, samples: number, histograms: number, startAt: number): void {
  part.length = 0;
  if (point.kind === 'histogram') writeHistogram(part, point.histogram, point.sum, point.at, startAt);
  else if (point.kind === 'stale histogram') writeStaleHistogram(part, point.at);
  else {
    if (point.kind === 'stale') part.doubleBits(1, STALE_BITS);
    else part.double(1, point.value);
    part.integer(2, point.at);
    // The zero at the start itself has no start before it.
    part.integer(3, point.at === startAt ? 0 : startAt);
  }
  const isSample = point.kind === 'sample' || point.kind === 'stale';
  one.bytesItem(isSample ? samples : histograms, part.bytes, part.length);
}

/** Scratch: a series, and a message in it. */
const one = new ProtoWriter(4096);
const part = new ProtoWriter(4096);
