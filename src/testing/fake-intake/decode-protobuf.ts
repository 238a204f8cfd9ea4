/**
 * Reads the two protobuf payloads of a Datadog intake field by field (docs/datadog.md#what-is-sent).
 *
 * Written by hand against the specification, and on purpose not with the types that the Datadog output encodes
 * with: a mistake in those would otherwise pass its own test. Unknown fields are skipped, as protobuf asks.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { DecodeBudget, type Reading, readAtOnce } from './decode-budget.ts';
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

/** Reads one field, or says that it does not know it. */
type ReadField = (field: number, reader: BinaryReader, wire: WireType) => boolean;

/** Throws DecodeError, as the one below. */
export const decodeSeriesProtobuf = (body: Uint8Array): IntakeSeries[] =>
  readAtOnce(readSeriesProtobuf(body, new DecodeBudget()));
export const decodeSketchesProtobuf = (body: Uint8Array): IntakeSketch[] =>
  readAtOnce(readSketchesProtobuf(body, new DecodeBudget()));

/** MetricPayload { repeated MetricSeries series = 1 } */
export function readSeriesProtobuf(body: Uint8Array, budget: DecodeBudget): Reading<IntakeSeries[]> {
  return readItems(body, budget, readSeries);
}

/** SketchPayload { repeated Sketch sketches = 1; CommonMetadata metadata = 2 } */
export function readSketchesProtobuf(body: Uint8Array, budget: DecodeBudget): Reading<IntakeSketch[]> {
  return readItems(body, budget, readSketch);
}

function readSeries(bytes: Uint8Array, budget: DecodeBudget): IntakeSeries {
  const resources: IntakeResource[] = [];
  const tags: string[] = [];
  const points: IntakePoint[] = [];
  let metric = '';
  let typeNumber = 0;
  let unit = '';
  let sourceTypeName = '';
  let interval = 0;
  let origin: IntakeOrigin | undefined;
  readMessage(bytes, budget, (field, reader) => {
    switch (field) {
      case 1:
        resources.push(readResource(reader.bytes(), budget));
        return true;
      case 2:
        metric = reader.string();
        return true;
      case 3:
        tags.push(reader.string());
        return true;
      case 4:
        points.push(readPoint(reader.bytes(), budget));
        return true;
      case 5:
        typeNumber = reader.int32();
        return true;
      case 6:
        unit = reader.string();
        return true;
      case 7:
        sourceTypeName = reader.string();
        return true;
      case 8:
        interval = Number(reader.int64());
        return true;
      case 9:
        origin = readMetadata(reader.bytes(), budget);
        return true;
      default:
        return false;
    }
  });
  const type = SERIES_TYPES[typeNumber];
  if (type === undefined) throw new DecodeError(`series "${metric}" has the unknown type ${typeNumber}`);
  const host = resources.find((resource) => resource.type === 'host')?.name ?? '';
  return {
    metric,
    type,
    points,
    tags,
    host,
    resources,
    interval,
    unit,
    sourceTypeName,
    ...(origin && { origin }),
  };
}

function readResource(bytes: Uint8Array, budget: DecodeBudget): IntakeResource {
  let type = '';
  let name = '';
  readMessage(bytes, budget, (field, reader) => {
    if (field === 1) type = reader.string();
    else if (field === 2) name = reader.string();
    else return false;
    return true;
  });
  return { type, name };
}

function readPoint(bytes: Uint8Array, budget: DecodeBudget): IntakePoint {
  let value = 0;
  let timestamp = 0;
  readMessage(bytes, budget, (field, reader) => {
    if (field === 1) value = reader.double();
    else if (field === 2) timestamp = Number(reader.int64());
    else return false;
    return true;
  });
  return { timestamp, value };
}

// Metadata { Origin origin = 1 }, Origin { product = 4; category = 5; service = 6 }
function readMetadata(bytes: Uint8Array, budget: DecodeBudget): IntakeOrigin | undefined {
  let origin: IntakeOrigin | undefined;
  readMessage(bytes, budget, (field, reader) => {
    if (field !== 1) return false;
    origin = readOrigin(reader.bytes(), budget);
    return true;
  });
  return origin;
}

function readOrigin(bytes: Uint8Array, budget: DecodeBudget): IntakeOrigin {
  let [product, category, service] = [0, 0, 0];
  readMessage(bytes, budget, (field, reader) => {
    if (field === 4) product = reader.uint32();
    else if (field === 5) category = reader.uint32();
    else if (field === 6) service = reader.uint32();
    else return false;
    return true;
  });
  return { product, category, service };
}

function readSketch(bytes: Uint8Array, budget: DecodeBudget): IntakeSketch {
  const tags: string[] = [];
  const points: IntakeSketchPoint[] = [];
  let metric = '';
  let host = '';
  let origin: IntakeOrigin | undefined;
  readMessage(bytes, budget, (field, reader) => {
    switch (field) {
      case 1:
        metric = reader.string();
        return true;
      case 2:
        host = reader.string();
        return true;
      case 4:
        tags.push(reader.string());
        return true;
      case 7:
        points.push(readSketchPoint(metric, reader.bytes(), budget));
        return true;
      case 8:
        origin = readMetadata(reader.bytes(), budget);
        return true;
      default:
        return false;
    }
  });
  return { metric, host, tags, points, ...(origin && { origin }) };
}

function readSketchPoint(metric: string, bytes: Uint8Array, budget: DecodeBudget): IntakeSketchPoint {
  const keys: number[] = [];
  const counts: number[] = [];
  let [timestamp, count, min, max, avg, sum] = [0, 0, 0, 0, 0, 0];
  readMessage(bytes, budget, (field, reader, wire) => {
    switch (field) {
      case 1:
        timestamp = Number(reader.int64());
        return true;
      case 2:
        count = Number(reader.int64());
        return true;
      case 3:
        min = reader.double();
        return true;
      case 4:
        max = reader.double();
        return true;
      case 5:
        avg = reader.double();
        return true;
      case 6:
        sum = reader.double();
        return true;
      case 7:
        readNumbers(reader, wire, budget, keys, () => reader.sint32());
        return true;
      case 8:
        readNumbers(reader, wire, budget, counts, () => reader.uint32());
        return true;
      default:
        return false;
    }
  });
  if (keys.length !== counts.length) {
    throw new DecodeError(`sketch "${metric}" has ${keys.length} keys and ${counts.length} counts`);
  }
  return { timestamp, count, min, max, avg, sum, keys, counts };
}

/** A repeated number, packed or not: both are valid on the wire. */
function readNumbers(
  reader: BinaryReader,
  wire: WireType,
  budget: DecodeBudget,
  into: number[],
  read: () => number,
): void {
  if (wire !== WireType.LengthDelimited) {
    into.push(read());
    return;
  }
  const end = reader.uint32() + reader.pos;
  budget.spend(Math.min(end, reader.len) - reader.pos);
  while (reader.pos < end) into.push(read());
}

/** The items of field 1, one at a time. */
function* readItems<T>(
  body: Uint8Array,
  budget: DecodeBudget,
  readItem: (bytes: Uint8Array, budget: DecodeBudget) => T,
): Reading<T[]> {
  const items: T[] = [];
  try {
    const reader = new BinaryReader(body);
    while (reader.pos < reader.len) {
      budget.spend(1);
      const [field, wire] = reader.tag();
      if (field === 1) items.push(readItem(reader.bytes(), budget));
      else reader.skip(wire, field);
      yield;
    }
    return items;
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new DecodeError(`the body is not the protobuf message of this route: ${why}`, 400, error);
  }
}

function readMessage(bytes: Uint8Array, budget: DecodeBudget, readField: ReadField): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    budget.spend(1);
    const [field, wire] = reader.tag();
    if (!readField(field, reader, wire)) reader.skip(wire, field);
  }
}
