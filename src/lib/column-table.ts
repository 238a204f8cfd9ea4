/**
 * Column table: the fields of many rows as typed arrays of one length, which grow and shrink together.
 *
 *   const rows = new ColumnTable({ types: Uint8Array, usedAt: Float64Array });
 *   rows.reserve(id);
 *   rows.columns.types[id] = 1;
 *
 * Memory  what the fields take, for a power of two of rows: at most twice what is needed. A burst of rows leaves a table
 *         long; trim() gives that back. Row numbers are given out from the lowest on, so what is left after a burst is at
 *         the beginning.
 * Why     one object a row takes several times the memory, and the garbage collector walks it. One class, because a table
 *         that grows its columns by hand forgets one of them when it shrinks.
 */
type ColumnType =
  | typeof Float64Array
  | typeof Uint32Array
  | typeof Int32Array
  | typeof Uint16Array
  | typeof Int16Array
  | typeof Uint8Array;

type Column = InstanceType<ColumnType>;

/** The type of each column, by its name. */
export type ColumnTypes = Readonly<Record<string, ColumnType>>;

export type ColumnsOf<Types extends ColumnTypes> = {
  readonly [Name in keyof Types]: InstanceType<Types[Name]>;
};

/** Tables of so many rows or fewer are never shortened. */
export const ROWS_KEPT = 1024;
const ROWS_AT_FIRST = 16;

export class ColumnTable<Types extends ColumnTypes> {
  /** The columns by name. Growing and shrinking replaces them: keep this object, and no column. */
  readonly columns: ColumnsOf<Types>;
  private readonly types: Types;
  private readonly rowsAtStart: number;
  private rows: number;

  constructor(types: Types, rowsAtStart = 0) {
    this.types = types;
    this.rowsAtStart = rowsAtStart;
    this.rows = rowsAtStart;
    const columns: Record<string, Column> = {};
    for (const [name, Type] of Object.entries(types)) columns[name] = new Type(rowsAtStart);
    this.columns = columns as ColumnsOf<Types>;
  }

  /** How many rows there is room for. */
  get capacity(): number {
    return this.rows;
  }

  /** Makes room for row `index`; the fields of new rows are 0. */
  reserve(index: number): void {
    if (index < this.rows) return;
    let rows = Math.max(this.rows, ROWS_AT_FIRST);
    while (rows <= index) rows *= 2;
    this.resize(rows, this.rows);
  }

  /** Whether the table is much longer than the `used` rows it needs. */
  isWasteful(used: number): boolean {
    return this.rows > ROWS_KEPT && this.rows >= used * 4;
  }

  /** Gives back the memory of rows from `end` on, which nobody needs, and keeps room for as many as are left. */
  trim(end: number): void {
    if (!this.isWasteful(end)) return;
    let rows = ROWS_KEPT;
    while (rows < end * 2) rows *= 2;
    this.resize(rows, end);
  }

  /**
   * The same for rows at the end whose field `mark` is 0, when the table is much longer than the `used` rows it needs.
   * Returns where the rows end that may be in use; undefined when the table was left as it is.
   */
  trimUnused(mark: keyof Types & string, used: number): number | undefined {
    if (!this.isWasteful(used)) return undefined;
    const marks = this.columns[mark] as Column;
    let end = marks.length;
    while (end > 0 && marks[end - 1] === 0) end--;
    this.trim(end);
    return end;
  }

  /** Forgets all rows and gives their memory back. */
  clear(): void {
    this.resize(this.rowsAtStart, 0);
  }

  /** Replaces every column by one of `rows` rows; the first `kept` keep their fields, the others are 0. */
  private resize(rows: number, kept: number): void {
    const columns = this.columns as Record<string, Column>;
    for (const [name, Type] of Object.entries(this.types)) {
      const column = new Type(rows);
      column.set((columns[name] as Column).subarray(0, kept));
      columns[name] = column;
    }
    this.rows = rows;
  }
}
