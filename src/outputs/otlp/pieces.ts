/**
 * Takes built requests apart and puts parts together again: a receiver that finds a request too large gets halves of it. The
 * bytes are all there is, since a request may come from a file that an earlier process wrote.
 *
 *   metrics   resource ─▶ scope ─▶ metric ─▶ point
 *   logs      resource ─▶ scope ─▶ record
 */
import { fieldsOf } from '../protobuf/proto-reader.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';

/** What stands around a point: fields of the messages it is in, but for the repeated ones that lead to it. */
interface Frame {
  readonly resource: Uint8Array;
  readonly scope: Uint8Array;
  readonly metric: MetricFrame | undefined;
}

interface MetricFrame {
  /** Fields of Metric but for the data. */
  readonly head: Uint8Array;
  /** The field of the data: its shape. */
  readonly field: number;
  /** Fields of the data but for the points. */
  readonly rest: Uint8Array;
}

/** One point or record with its key, as a view of the request. */
export interface Piece {
  readonly frame: Frame;
  readonly bytes: Uint8Array;
}

export type Signal = 'metrics' | 'logs';

const DATA_FIELDS: ReadonlySet<number> = new Set([5, 7, 9, 10, 11]);

/** Throws RangeError when it is no request. */
export function takeApart(body: Uint8Array, signal: Signal): Piece[] {
  const pieces: Piece[] = [];
  for (const { number, bytes: group } of fieldsOf(body)) {
    if (number !== 1) continue;
    const resource = without(group, (field) => field === 2);
    for (const { number: field, bytes: scoped } of fieldsOf(group)) {
      if (field !== 2) continue;
      const scope = without(scoped, (one) => one === 2);
      for (const item of fieldsOf(scoped)) {
        if (item.number !== 2) continue;
        if (signal === 'logs') {
          const bytes = scoped.subarray(item.start, item.end);
          pieces.push({ frame: { resource, scope, metric: undefined }, bytes });
        } else pieces.push(...pointsOf(item.bytes, resource, scope));
      }
    }
  }
  return pieces;
}

/** A request of some of the pieces, in their order. */
export function putTogether(pieces: readonly Piece[]): Uint8Array {
  const body = new ProtoWriter(1024);
  for (const ofResource of runs(pieces, ({ frame }) => frame.resource)) {
    const group = new ProtoWriter(1024);
    group.raw((ofResource[0] as Piece).frame.resource);
    for (const ofScope of runs(ofResource, ({ frame }) => frame.scope)) {
      const scoped = new ProtoWriter(1024);
      scoped.raw((ofScope[0] as Piece).frame.scope);
      for (const ofMetric of runs(ofScope, ({ frame }) => frame.metric)) writeMetric(scoped, ofMetric);
      group.bytesItem(2, scoped.bytes, scoped.length);
    }
    body.bytesItem(1, group.bytes, group.length);
  }
  return body.bytes.slice(0, body.length);
}

function* pointsOf(metric: Uint8Array, resource: Uint8Array, scope: Uint8Array): Generator<Piece> {
  const head = without(metric, (field) => DATA_FIELDS.has(field));
  for (const { number: field, bytes: data } of fieldsOf(metric)) {
    if (!DATA_FIELDS.has(field)) continue;
    const rest = without(data, (one) => one === 1);
    const frame = { resource, scope, metric: { head, field, rest } };
    for (const point of fieldsOf(data))
      if (point.number === 1) yield { frame, bytes: data.subarray(point.start, point.end) };
  }
}

function writeMetric(scoped: ProtoWriter, pieces: readonly Piece[]): void {
  const { metric } = (pieces[0] as Piece).frame;
  if (metric === undefined) {
    for (const { bytes } of pieces) scoped.raw(bytes);
    return;
  }
  const data = new ProtoWriter(1024);
  for (const { bytes } of pieces) data.raw(bytes);
  data.raw(metric.rest);
  const message = new ProtoWriter(1024);
  message.raw(metric.head);
  message.bytesItem(metric.field, data.bytes, data.length);
  scoped.bytesItem(2, message.bytes, message.length);
}

/** Neighbours with the same key. */
function* runs(pieces: readonly Piece[], keyOf: (piece: Piece) => unknown): Generator<Piece[]> {
  let run: Piece[] = [];
  for (const piece of pieces) {
    if (run.length > 0 && keyOf(run[0] as Piece) !== keyOf(piece)) {
      yield run;
      run = [];
    }
    run.push(piece);
  }
  if (run.length > 0) yield run;
}

/** A message without some of its fields. */
function without(message: Uint8Array, isLeftOut: (field: number) => boolean): Uint8Array {
  const kept: Uint8Array[] = [];
  for (const { number, start, end } of fieldsOf(message))
    if (!isLeftOut(number)) kept.push(message.subarray(start, end));
  return Buffer.concat(kept);
}
