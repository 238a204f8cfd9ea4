/** Columns: typed arrays that stand for one field of many rows and grow by doubling. */

export type Column = Float64Array | Uint32Array | Int32Array | Uint8Array;

/** The column with room for `index`: itself, or a copy at least twice as long, new fields 0. */
export function reserve<C extends Column>(column: C, index: number): C {
  if (index < column.length) return column;
  let length = Math.max(column.length, 16);
  while (length <= index) length *= 2;
  const larger = new (column.constructor as new (length: number) => C)(length);
  larger.set(column);
  return larger;
}
