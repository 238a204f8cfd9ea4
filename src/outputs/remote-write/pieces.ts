/**
 * Takes built requests apart: to send a part of one, or to say the same in version 1.0. The bytes are all there is, since
 * a request may come from a file that an earlier process wrote.
 */
import { fieldsOf, packedOf, textOf } from '../protobuf/proto-reader.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import type { WriteVersion } from './request-builder.ts';

/** One series of a request, its key included, as a view of the request. */
export interface SeriesPiece {
  readonly bytes: Uint8Array;
  /** Samples and histograms in it. */
  readonly points: number;
}

export interface RequestPieces {
  readonly version: WriteVersion;
  /** What is no series: the symbols of 2.0, which come before the series, or the metadata of 1.0, which come after. */
  readonly rest: Uint8Array;
  readonly series: readonly SeriesPiece[];
}

/** Throws RangeError when it is no request. */
export function takeApart(body: Uint8Array, version: WriteVersion): RequestPieces {
  const seriesField = version === 2 ? 5 : 1;
  const series: SeriesPiece[] = [];
  const rest: Uint8Array[] = [];
  for (const { number, start, end, bytes } of fieldsOf(body)) {
    if (number !== seriesField) rest.push(body.subarray(start, end));
    else series.push({ bytes: body.subarray(start, end), points: countPoints(bytes, version) });
  }
  return { version, rest: Buffer.concat(rest), series };
}

/** A request of some of the series. */
export function putTogether({ version, rest }: RequestPieces, series: readonly SeriesPiece[]): Uint8Array {
  const parts = series.map(({ bytes }) => bytes);
  return Uint8Array.from(Buffer.concat(version === 2 ? [rest, ...parts] : [...parts, rest]));
}

/** Labels of a series, to tell whether two are the same: name and value by turns. */
export function labelsOf({ version, rest }: RequestPieces, piece: SeriesPiece): string[] {
  const symbols = version === 2 ? symbolsOf(rest) : [];
  const [series] = [...fieldsOf(piece.bytes)];
  const labels: string[] = [];
  for (const { number, bytes } of fieldsOf((series as { bytes: Uint8Array }).bytes)) {
    if (number !== 1) continue;
    if (version === 2) labels.push(...packedOf(bytes).map((ref) => symbols[ref] ?? ''));
    else for (const text of fieldsOf(bytes)) labels.push(textOf(text.bytes));
  }
  return labels;
}

/** The same in version 1.0: without start times, each series with its own labels. */
export function asVersion1(body: Uint8Array): Uint8Array {
  const { rest, series } = takeApart(body, 2);
  const symbols = symbolsOf(rest);
  const writer = new ProtoWriter(2 * body.length);
  const families = new ProtoWriter(4096);
  const known = new Set<string>();
  for (const { bytes } of series) {
    const [field] = [...fieldsOf(bytes)];
    if (field === undefined) continue;
    one.length = 0;
    let name = '';
    for (const part of fieldsOf(field.bytes)) {
      if (part.number === 1) name = writeLabels(packedOf(part.bytes), symbols);
      if (part.number === 2) one.bytesItem(2, without(part.bytes, 3));
      if (part.number === 3) one.bytesItem(4, without(part.bytes, 17));
      if (part.number === 5) writeFamily(families, part.bytes, name, symbols, known);
    }
    writer.bytesItem(1, one.bytes, one.length);
  }
  writer.raw(families.bytes, families.length);
  return writer.bytes.slice(0, writer.length);
}

function countPoints(series: Uint8Array, version: WriteVersion): number {
  const histograms = version === 2 ? 3 : 4;
  let points = 0;
  for (const { number } of fieldsOf(series)) if (number === 2 || number === histograms) points++;
  return points;
}

function symbolsOf(rest: Uint8Array): string[] {
  const symbols: string[] = [];
  for (const { number, bytes } of fieldsOf(rest)) if (number === 4) symbols.push(textOf(bytes));
  return symbols;
}

/** Writes labels into `one`; the name among them. */
function writeLabels(refs: readonly number[], symbols: readonly string[]): string {
  let metric = '';
  for (let i = 0; i + 1 < refs.length; i += 2) {
    const [name, value] = [symbols[refs[i] as number] ?? '', symbols[refs[i + 1] as number] ?? ''];
    if (name === '__name__') metric = value;
    label.length = 0;
    label.stringItem(1, name);
    label.stringItem(2, value);
    one.bytesItem(1, label.bytes, label.length);
  }
  return metric;
}

function writeFamily(
  families: ProtoWriter,
  metadata: Uint8Array,
  name: string,
  symbols: readonly string[],
  known: Set<string>,
): void {
  if (known.has(name)) return;
  known.add(name);
  label.length = 0;
  for (const { number, value } of fieldsOf(metadata)) {
    if (number === 1) label.integer(1, value);
    if (number === 3) label.stringItem(4, symbols[value] ?? '');
  }
  label.stringItem(2, name);
  families.bytesItem(3, label.bytes, label.length);
}

/** A message without one of its fields. */
function without(message: Uint8Array, field: number): Uint8Array {
  for (const { number, start, end } of fieldsOf(message)) {
    if (number === field) return Buffer.concat([message.subarray(0, start), message.subarray(end)]);
  }
  return message;
}

/** Scratch: a series, and a label in it. */
const one = new ProtoWriter(4096);
const label = new ProtoWriter(1024);
