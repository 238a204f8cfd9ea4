/**
 * The columns of a MetricData message of newer agents: the number of each field, and how its numbers are written.
 * decode-columns.ts says what they mean.
 */
import type { BinaryReader } from '@bufbuild/protobuf/wire';

const COLUMNS = {
  tagsets: 3,
  resourceLengths: 5,
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
  binCounts: 20,
  binKeys: 21,
  binWeights: 22,
  sourceTypes: 23,
  originRefs: 24,
  units: 26,
} as const;
export type Column = keyof typeof COLUMNS;

const TEXTS = { nameTexts: 1, tagTexts: 2, resourceTexts: 4, sourceTypeTexts: 8, unitTexts: 25 } as const;
export type TextColumn = keyof typeof TEXTS;

type ReadNumber = (reader: BinaryReader) => number;
const signed: ReadNumber = (reader) => Number(reader.sint64());
const unsigned: ReadNumber = (reader) => Number(reader.uint64());
export const READERS: Readonly<Record<Column, ReadNumber>> = {
  tagsets: signed,
  resourceLengths: (reader) => Number(reader.int64()),
  resourceTypes: signed,
  resourceNames: signed,
  origins: (reader) => reader.int32(),
  types: unsigned,
  names: signed,
  tags: signed,
  resources: signed,
  intervals: unsigned,
  pointCounts: unsigned,
  timestamps: signed,
  integers: signed,
  floats: (reader) => reader.float(),
  doubles: (reader) => reader.double(),
  binCounts: unsigned,
  binKeys: (reader) => reader.sint32(),
  binWeights: (reader) => reader.uint32(),
  sourceTypes: signed,
  originRefs: signed,
  units: signed,
};
export const COLUMN_BY_FIELD = new Map<number, Column>(
  Object.entries(COLUMNS).map(([name, field]) => [field, name as Column]),
);
export const TEXTS_BY_FIELD = new Map<number, TextColumn>(
  Object.entries(TEXTS).map(([name, field]) => [field, name as TextColumn]),
);
