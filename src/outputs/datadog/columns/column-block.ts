/**
 * The series of one payload, column by column: dictionaries of what they share, then one column for each property
 * (docs/datadog.md#series-in-columns).
 *
 *   series               names      name refs   types                        values
 *   hits  env:prod  3    1 hits     1           gauge, whole number  13      whole numbers  3
 *   hits  env:dev   0    2 load     0           gauge, zero          03
 *   load  env:prod  0.5             1           gauge, float         23      floats         0.5
 *
 * References and timestamps are differences from those of the series before, so that most are one byte. A value stands in the
 * column of the shortest form that says it exactly.
 *
 * Input   rows one by one; `byteCount` is the size of what they come to so far. Output: a whole message, once.
 * Memory  a writer for each column, and the indexes of the dictionaries, as long as the payload is open.
 */
import type { ByteString } from '../../../model/text.ts';
import { ProtoWriter } from '../../protobuf/proto-writer.ts';
import { DOGSTATSD, originOf } from '../origin.ts';
import { splitTags } from '../resources.ts';
import { SERIES_TYPES } from '../series-protobuf.ts';
import { DeltaColumn, SetDictionary, TextDictionary } from './dictionary.ts';
import type { SeriesRow } from './series-rows.ts';

const PAYLOAD = { metricData: 3 } as const;
/** Field numbers of MetricData. */
const FIELDS = {
  nameTexts: 1,
  tagTexts: 2,
  tagSets: 3,
  resourceTexts: 4,
  resourceCounts: 5,
  resourceTypes: 6,
  resourceNames: 7,
  origins: 9,
  types: 10,
  names: 11,
  tags: 12,
  resources: 13,
  intervals: 14,
  pointCounts: 15,
  timestamps: 16,
  integers: 17,
  floats: 18,
  doubles: 19,
  sourceTypes: 23,
  originRefs: 24,
  unitTexts: 25,
  units: 26,
} as const;

/** In the types of series, beside the number of the type itself. */
const VALUE = { zero: 0x00, integer: 0x10, float: 0x20, double: 0x30 } as const;
const HAS_UNIT = 0x200;
/** Larger ones are no shorter as whole numbers. */
const INTEGER_MAX = 2 ** 48;

/** Keys and lengths of all fields, at most. */
const FRAME_BYTES_MAX = 12 * (Object.keys(FIELDS).length + 1);
/** Of a series: its entry in every column, and the lengths of its texts, at most. */
const ROW_BYTES_MAX = 256;
const TAG_BYTES_MAX = 20;
/** A byte that is not UTF-8 becomes three. */
const TEXT_EXPANSION_MAX = 3;

export class ColumnBlock {
  private readonly nameTexts = new TextDictionary();
  private readonly tagTexts = new TextDictionary();
  private readonly resourceTexts = new TextDictionary();
  private readonly unitTexts = new TextDictionary();
  private readonly tagSetContent = new ProtoWriter();
  private readonly resourceCounts = new ProtoWriter();
  private readonly resourceTypes = new ProtoWriter();
  private readonly resourceNames = new ProtoWriter();
  private readonly originContent = new ProtoWriter();
  private readonly types = new ProtoWriter();
  private readonly intervals = new ProtoWriter();
  private readonly pointCounts = new ProtoWriter();
  private readonly integers = new ProtoWriter();
  private readonly floats = new ProtoWriter();
  private readonly doubles = new ProtoWriter();
  private readonly names = new DeltaColumn();
  private readonly tags = new DeltaColumn();
  private readonly resources = new DeltaColumn();
  private readonly timestamps = new DeltaColumn();
  private readonly sourceTypes = new DeltaColumn();
  private readonly originRefs = new DeltaColumn();
  private readonly units = new DeltaColumn();
  private readonly tagSets = new SetDictionary((tags) => this.writeTagSet(tags));
  /** Types and names in turn. */
  private readonly resourceSets = new SetDictionary((pairs) => this.writeResourceSet(pairs));
  private readonly origins = new SetDictionary((origin) => {
    for (const number of origin) this.originContent.entry(number);
  });
  private readonly contents: readonly (readonly [number, ProtoWriter])[] = [
    [FIELDS.nameTexts, this.nameTexts.content],
    [FIELDS.tagTexts, this.tagTexts.content],
    [FIELDS.tagSets, this.tagSetContent],
    [FIELDS.resourceTexts, this.resourceTexts.content],
    [FIELDS.resourceCounts, this.resourceCounts],
    [FIELDS.resourceTypes, this.resourceTypes],
    [FIELDS.resourceNames, this.resourceNames],
    [FIELDS.origins, this.originContent],
    [FIELDS.types, this.types],
    [FIELDS.names, this.names.content],
    [FIELDS.tags, this.tags.content],
    [FIELDS.resources, this.resources.content],
    [FIELDS.intervals, this.intervals],
    [FIELDS.pointCounts, this.pointCounts],
    [FIELDS.timestamps, this.timestamps.content],
    [FIELDS.integers, this.integers],
    [FIELDS.floats, this.floats],
    [FIELDS.doubles, this.doubles],
    [FIELDS.sourceTypes, this.sourceTypes.content],
    [FIELDS.originRefs, this.originRefs.content],
    [FIELDS.unitTexts, this.unitTexts.content],
    [FIELDS.units, this.units.content],
  ];
  /** Series of one context follow each other: what they share is looked up once. */
  private shared: { readonly context: SeriesRow['context']; readonly refs: SharedRefs } | undefined;

  /** Size of the message with the rows so far, at most. */
  get byteCount(): number {
    return this.contents.reduce((sum, [, { length }]) => sum + length, FRAME_BYTES_MAX);
  }

  add({ context, name, type, unit, interval, timestamp, value }: SeriesRow): void {
    if (this.shared?.context !== context) this.shared = { context, refs: this.share(context) };
    const { tags, resources, origin } = this.shared.refs;
    this.names.add(this.nameTexts.indexOf(name));
    this.tags.add(tags);
    this.resources.add(resources);
    this.sourceTypes.add(0);
    this.originRefs.add(origin);
    this.intervals.entry(interval);
    this.pointCounts.entry(1);
    this.timestamps.add(timestamp);
    if (unit !== '') this.units.add(this.unitTexts.indexOf(unit));
    this.types.entry(SERIES_TYPES[type] | this.writeValue(value) | (unit === '' ? 0 : HAS_UNIT));
  }

  /** The payload. */
  encode(): Uint8Array {
    const data = new ProtoWriter(this.byteCount);
    for (const [field, { bytes, length }] of this.contents) {
      if (length > 0) data.bytesItem(field, bytes, length);
    }
    const payload = new ProtoWriter(data.length + FRAME_BYTES_MAX);
    payload.bytesItem(PAYLOAD.metricData, data.bytes, data.length);
    return payload.bytes.subarray(0, payload.length);
  }

  private share({ host, tags: all, source = DOGSTATSD }: SeriesRow['context']): SharedRefs {
    const { tags, device, resources: others } = splitTags(all);
    const pairs = [this.resourceTexts.indexOf('host'), this.resourceTexts.indexOf(host)];
    const name = (type: ByteString, text: ByteString) =>
      pairs.push(this.resourceTexts.indexOf(type), this.resourceTexts.indexOf(text));
    if (device !== '') name('device', device);
    for (const other of others) name(other.type, other.name);
    const { product, category, service } = originOf(source);
    return {
      tags: this.tagSets.indexOf(tags.map((tag) => this.tagTexts.indexOf(tag))),
      resources: this.resourceSets.indexOf(pairs),
      origin: this.origins.indexOf([product, category, service]),
    };
  }

  private writeTagSet(tags: readonly number[]): void {
    this.tagSetContent.signedEntry(tags.length);
    writeDeltas(this.tagSetContent, tags);
  }

  private writeResourceSet(pairs: readonly number[]): void {
    this.resourceCounts.entry(pairs.length / 2);
    writeDeltas(
      this.resourceTypes,
      pairs.filter((_, i) => i % 2 === 0),
    );
    writeDeltas(
      this.resourceNames,
      pairs.filter((_, i) => i % 2 === 1),
    );
  }

  /** Returns which column has the value. */
  private writeValue(value: number): number {
    if (Object.is(value, 0)) return VALUE.zero;
    // Minus zero has a sign that a whole number cannot have.
    if (Number.isInteger(value) && value !== 0 && Math.abs(value) < INTEGER_MAX) {
      this.integers.signedEntry(value);
      return VALUE.integer;
    }
    if (Math.fround(value) === value) {
      this.floats.floatEntry(value);
      return VALUE.float;
    }
    this.doubles.doubleEntry(value);
    return VALUE.double;
  }
}

/** What a series refers to because of its context. */
interface SharedRefs {
  readonly tags: number;
  readonly resources: number;
  readonly origin: number;
}

/** What a row adds to `byteCount`, at most. */
export function rowBytesMax({ context: { host, tags }, name, unit }: SeriesRow): number {
  const texts = tags.reduce((sum, { length }) => sum + length, name.length + host.length + unit.length);
  return ROW_BYTES_MAX + TEXT_EXPANSION_MAX * texts + TAG_BYTES_MAX * tags.length;
}

function writeDeltas(column: ProtoWriter, values: readonly number[]): void {
  let last = 0;
  for (const value of values) {
    column.signedEntry(value - last);
    last = value;
  }
}
