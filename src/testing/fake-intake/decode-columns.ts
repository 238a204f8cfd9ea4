/**
 * Reads the column-wise protobuf payload of newer agents: `/api/intake/metrics/v3/series` and `…/v3/sketches`.
 *
 *   Payload { Metadata metadata = 2 { tags 1, resources 2 }; MetricData data = 3, several times }
 *   MetricData: dictionaries of texts, tag sets, resource sets and origins; then one column for each property of a series,
 *   and one for each property of a point
 *
 *   names       │ 04 hits │ 04 load │               index 1, 2; 0 is the empty text everywhere
 *   tag sets    │ 2, 1, 1 │ 2, -1, 4 │              set 1: tags 1 and 2; set 2: all of set 1, and tag 3 (deltas within a set)
 *   name refs   │ 1, 1, -1 │                         series of names 1, 2, 1 (deltas over the whole column)
 *
 * A body may be several of our payloads, one behind the other: each MetricData has dictionaries of its own, so a reader that
 * merges them, as protobuf does with a repeated message, or keeps the last one, reads nonsense.
 *
 * A column that is left out is empty for every series; one that is too short is an error. Values of sketches are sum, min and
 * max, in the column their type says, then the count, always among the integers; keys are deltas within one sketch.
 * The column of units has an entry for each series, or for each series that has a unit: the length tells.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { COLUMN_BY_FIELD, type Column, READERS, TEXTS_BY_FIELD, type TextColumn } from './column-layout.ts';
import type { DecodeBudget, Reading } from './decode-budget.ts';
import { DecodeError } from './decode-error.ts';
import {
  type IntakeOrigin,
  type IntakePoint,
  type IntakeResource,
  type IntakeSeries,
  type IntakeSketch,
  type IntakeSketchPoint,
  SERIES_TYPES,
} from './intake-data.ts';

const TYPE_MASK = 0xf;
const TYPE_SKETCH = 4;
const VALUE_MASK = 0xf0;
const VALUE_ZERO = 0x00;
const VALUE_INTEGER = 0x10;
const VALUE_FLOAT = 0x20;
const VALUE_DOUBLE = 0x30;
const FLAG_NOT_INDEXED = 0x100;
const FLAG_UNIT = 0x200;

/** What stands for every series of a payload. */
interface Metadata {
  readonly tags: readonly string[];
  readonly resources: readonly IntakeResource[];
}

/** Series of a column-wise payload. Throws DecodeError. */
export function* readSeriesColumns(body: Uint8Array, budget: DecodeBudget): Reading<IntakeSeries[]> {
  const items: IntakeSeries[] = [];
  for (const row of yield* readRows(body, budget)) {
    const { isSketch, ...series } = row;
    if (isSketch) {
      throw new DecodeError(`"${row.metric}" is a sketch, which belongs on /api/intake/metrics/v3/sketches`);
    }
    items.push(series as IntakeSeries);
  }
  return items;
}

/** Sketches of a column-wise payload. Throws DecodeError. */
export function* readSketchColumns(body: Uint8Array, budget: DecodeBudget): Reading<IntakeSketch[]> {
  const items: IntakeSketch[] = [];
  for (const row of yield* readRows(body, budget)) {
    if (!row.isSketch) {
      throw new DecodeError(`"${row.metric}" is no sketch, which belongs on /api/intake/metrics/v3/series`);
    }
    const { metric, host, tags, points, origin } = row;
    items.push({ metric, host, tags, points: points as IntakeSketchPoint[], ...(origin && { origin }) });
  }
  return items;
}

/** A series or a sketch; its points are of one kind. */
type Row = Omit<IntakeSeries, 'points'> & {
  readonly points: readonly (IntakePoint | IntakeSketchPoint)[];
  readonly isSketch: boolean;
};

function* readRows(body: Uint8Array, budget: DecodeBudget): Reading<Row[]> {
  try {
    const rows: Row[] = [];
    let metadata: Metadata = { tags: [], resources: [] };
    const blocks: Uint8Array[] = [];
    const reader = new BinaryReader(body);
    while (reader.pos < reader.len) {
      budget.spend(1);
      const [field, wire] = reader.tag();
      if (field === 2) metadata = readMetadata(reader.bytes(), budget);
      else if (field === 3) blocks.push(reader.bytes());
      else reader.skip(wire, field);
    }
    for (const block of blocks) {
      yield;
      yield* new ColumnReader(block, budget, metadata).readInto(rows);
    }
    return rows;
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new DecodeError(`the body is not the column-wise message of this route: ${why}`, 400, error);
  }
}

function readMetadata(bytes: Uint8Array, budget: DecodeBudget): Metadata {
  const tags: string[] = [];
  const pairs: string[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    budget.spend(1);
    const [field, wire] = reader.tag();
    if (field === 1) tags.push(reader.string());
    else if (field === 2) pairs.push(reader.string());
    else reader.skip(wire, field);
  }
  if (pairs.length % 2 !== 0) throw new DecodeError('the resources of the metadata are not pairs');
  const resources = pairs.flatMap((type, i) => (i % 2 === 0 ? [{ type, name: pairs[i + 1] as string }] : []));
  return { tags, resources };
}

/** One MetricData. */
class ColumnReader {
  private readonly budget: DecodeBudget;
  private readonly metadata: Metadata;
  private readonly columns = new Map<Column, number[]>();
  private readonly texts = new Map<TextColumn, string[]>();
  /** How much of each column that is read in order has been read. */
  private readonly read = new Map<Column, number>();
  /** Of each column of deltas, their sum so far. */
  private readonly sums = new Map<Column, number>();

  constructor(block: Uint8Array, budget: DecodeBudget, metadata: Metadata) {
    this.budget = budget;
    this.metadata = metadata;
    const reader = new BinaryReader(block);
    while (reader.pos < reader.len) {
      budget.spend(1);
      const [field, wire] = reader.tag();
      const column = COLUMN_BY_FIELD.get(field);
      const texts = TEXTS_BY_FIELD.get(field);
      if (column !== undefined && wire === 2) this.readColumn(column, reader.bytes());
      else if (texts !== undefined && wire === 2) this.readTexts(texts, reader.bytes());
      else reader.skip(wire, field);
    }
  }

  *readInto(rows: Row[]): Reading<void> {
    const types = this.column('types');
    const tagsets = this.tagsets();
    const resourceSets = this.resourceSets();
    const origins = this.origins();
    this.checkLengths(types.length);
    const hasUnit = this.unitTeller(types);
    for (const [index, packed] of types.entries()) {
      const type = packed & TYPE_MASK;
      const metric = this.text('nameTexts', this.reference('names', index));
      const tags = pick(tagsets, this.reference('tags', index), 'tag set');
      const own = pick(resourceSets, this.reference('resources', index), 'resource set');
      const resources = [...own, ...this.metadata.resources];
      const sourceTypeName = this.text('sourceTypeTexts', this.reference('sourceTypes', index));
      const origin = pick(origins, this.reference('originRefs', index), 'origin');
      const unit = hasUnit(packed) ? this.text('unitTexts', this.delta('units')) : '';
      const kind = type === TYPE_SKETCH ? 'unspecified' : SERIES_TYPES[type];
      if (kind === undefined) throw new DecodeError(`series "${metric}" has the unknown type ${type}`);
      const count = this.column('pointCounts')[index] ?? 0;
      this.budget.spend(count);
      const points: (IntakePoint | IntakeSketchPoint)[] = [];
      for (let point = 0; point < count; point++) {
        const timestamp = this.delta('timestamps');
        points.push(
          type === TYPE_SKETCH
            ? this.sketch(timestamp, packed & VALUE_MASK)
            : { timestamp, value: this.value(packed & VALUE_MASK) },
        );
      }
      rows.push({
        isSketch: type === TYPE_SKETCH,
        metric,
        type: kind,
        points,
        tags: [...tags, ...this.metadata.tags],
        host: resources.find((resource) => resource.type === 'host')?.name ?? '',
        resources,
        interval: this.column('intervals')[index] ?? 0,
        unit,
        sourceTypeName,
        ...(origin && { origin }),
        ...((packed & FLAG_NOT_INDEXED) !== 0 && { notIndexed: true }),
      });
      yield;
    }
  }

  private readColumn(column: Column, bytes: Uint8Array): void {
    const numbers = this.columns.get(column) ?? [];
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      this.budget.spend(1);
      numbers.push(READERS[column](reader));
    }
    this.columns.set(column, numbers);
  }

  private readTexts(column: TextColumn, bytes: Uint8Array): void {
    const texts = this.texts.get(column) ?? [''];
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      this.budget.spend(1);
      texts.push(reader.string());
    }
    this.texts.set(column, texts);
  }

  private column(column: Column): readonly number[] {
    return this.columns.get(column) ?? [];
  }

  private text(column: TextColumn, index: number): string {
    return pick(this.texts.get(column) ?? [''], index, column);
  }

  private tagsets(): string[][] {
    const packed = this.column('tagsets');
    const sets: string[][] = [[]];
    for (let at = 0; at < packed.length; ) {
      const size = packed[at++] as number;
      if (size < 0 || at + size > packed.length) throw new DecodeError('the tag sets end too early');
      const set: string[] = [];
      let index = 0;
      for (const end = at + size; at < end; at++) {
        index += packed[at] as number;
        const more = index < 0 ? pick(sets, -index, 'tag set') : [this.text('tagTexts', index)];
        this.budget.spend(more.length);
        set.push(...more);
      }
      sets.push(set);
    }
    return sets;
  }

  private resourceSets(): IntakeResource[][] {
    const [types, names] = [this.column('resourceTypes'), this.column('resourceNames')];
    const sets: IntakeResource[][] = [[]];
    let at = 0;
    for (const size of this.column('resourceLengths')) {
      if (size < 0 || at + size > Math.min(types.length, names.length)) {
        throw new DecodeError('the resource sets end too early');
      }
      const set: IntakeResource[] = [];
      let [type, name] = [0, 0];
      for (const end = at + size; at < end; at++) {
        type += types[at] as number;
        name += names[at] as number;
        set.push({ type: this.text('resourceTexts', type), name: this.text('resourceTexts', name) });
      }
      sets.push(set);
    }
    return sets;
  }

  private origins(): (IntakeOrigin | undefined)[] {
    const packed = this.column('origins');
    if (packed.length % 3 !== 0) throw new DecodeError('the origins are not triples');
    const origins: (IntakeOrigin | undefined)[] = [undefined];
    for (let at = 0; at < packed.length; at += 3) {
      const [product = 0, category = 0, service = 0] = packed.slice(at, at + 3);
      origins.push({ product, category, service });
    }
    return origins;
  }

  /** A column that is there has an entry for each series. */
  private checkLengths(count: number): void {
    for (const column of [
      'names',
      'tags',
      'resources',
      'sourceTypes',
      'originRefs',
      'intervals',
      'pointCounts',
    ] as const) {
      const { length } = this.column(column);
      if (length === 0 || length === count) continue;
      throw new DecodeError(`column ${column} has ${length} entries for ${count} series`);
    }
  }

  private unitTeller(types: readonly number[]): (packed: number) => boolean {
    const { length } = this.column('units');
    const flagged = types.filter((packed) => (packed & FLAG_UNIT) !== 0).length;
    if (length === types.length) return () => length > 0;
    if (length === flagged) return (packed) => (packed & FLAG_UNIT) !== 0;
    throw new DecodeError(
      `column units has ${length} entries for ${types.length} series, ${flagged} with a unit`,
    );
  }

  /** The reference of a series: its delta added to those before. 0 when the column is left out. */
  private reference(column: Column, index: number): number {
    const sum = (this.sums.get(column) ?? 0) + (this.column(column)[index] ?? 0);
    this.sums.set(column, sum);
    return sum;
  }

  /** The next entry of a column of deltas that is read in order. */
  private delta(column: Column): number {
    const sum = (this.sums.get(column) ?? 0) + this.next(column);
    this.sums.set(column, sum);
    return sum;
  }

  private next(column: Column): number {
    const at = this.read.get(column) ?? 0;
    const value = this.column(column)[at];
    if (value === undefined) throw new DecodeError(`column ${column} ends too early`);
    this.read.set(column, at + 1);
    return value;
  }

  private value(valueType: number): number {
    switch (valueType) {
      case VALUE_ZERO:
        return 0;
      case VALUE_INTEGER:
        return this.next('integers');
      case VALUE_FLOAT:
        return this.next('floats');
      case VALUE_DOUBLE:
        return this.next('doubles');
      default:
        throw new DecodeError(`unknown type of value 0x${valueType.toString(16)}`);
    }
  }

  private sketch(timestamp: number, valueType: number): IntakeSketchPoint {
    const [sum, min, max] = [this.value(valueType), this.value(valueType), this.value(valueType)];
    const count = this.next('integers');
    const bins = this.next('binCounts');
    this.budget.spend(bins);
    const keys: number[] = [];
    const counts: number[] = [];
    let key = 0;
    for (let bin = 0; bin < bins; bin++) {
      key += this.next('binKeys');
      keys.push(key);
      counts.push(this.next('binWeights'));
    }
    return { timestamp, count, min, max, avg: count === 0 ? 0 : sum / count, sum, keys, counts };
  }
}

function pick<T>(list: readonly T[], index: number, what: string): T {
  if (!(index >= 0 && index < list.length)) {
    throw new DecodeError(`there is no ${what} ${index} among ${list.length - 1}`);
  }
  return list[index] as T;
}
