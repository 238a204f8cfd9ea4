/**
 * Columns that give memory back: typed arrays by id or number grow by doubling, and a burst of contexts leaves them
 * long. Numbers are given out from the lowest on, so what is left after a burst is at the beginning.
 */
export type ShrinkableColumn =
  | Float64Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

const SMALLEST = 1024;

/** Whether a column of `length` is much longer than the `used` rows it needs. */
export function isWasteful(length: number, used: number): boolean {
  return length > SMALLEST && length >= used * 4;
}

/** The column itself, or a copy with twice the room that `used` rows need when it is much longer. */
export function shrunk<C extends ShrinkableColumn>(column: C, used: number): C {
  if (!isWasteful(column.length, used)) return column;
  let length = SMALLEST;
  while (length < used * 2) length *= 2;
  return column.slice(0, length) as C;
}
