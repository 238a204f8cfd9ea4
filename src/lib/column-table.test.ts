import { describe, expect, it } from 'vitest';
import { ColumnTable, ROWS_KEPT } from './column-table.ts';

const makeTable = (rows?: number) => new ColumnTable({ small: Uint8Array, large: Float64Array }, rows);

describe('a column table', () => {
  it('begins with the rows it is told, all 0', () => {
    expect(makeTable().capacity).toBe(0);
    expect(makeTable(4).columns).toEqual({ small: new Uint8Array(4), large: new Float64Array(4) });
  });

  it.each([
    [0, 16],
    [15, 16],
    [16, 32],
    [1000, 1024],
    [1024, 2048],
  ])('with room for row %i has %i', (index, rows) => {
    const table = makeTable();
    table.reserve(index);
    expect([table.capacity, table.columns.small.length, table.columns.large.length]).toEqual([
      rows,
      rows,
      rows,
    ]);
  });

  it('keeps its fields when it grows, and new ones are 0', () => {
    const table = makeTable(2);
    table.columns.small.set([1, 2]);
    table.columns.large.set([0.5, 1.5]);
    table.reserve(2);
    expect([...table.columns.small.subarray(0, 4)]).toEqual([1, 2, 0, 0]);
    expect([...table.columns.large.subarray(0, 4)]).toEqual([0.5, 1.5, 0, 0]);
  });

  it('does nothing where there is room', () => {
    const table = makeTable(16);
    const { small } = table.columns;
    table.reserve(15);
    expect(table.columns.small).toBe(small);
  });

  it('much longer than what is used of it is cut, all columns, with room to grow', () => {
    const table = makeTable(65_536);
    table.columns.large.forEach((_, i, column) => {
      column[i] = i;
    });
    table.trim(3000);
    const { small, large } = table.columns;
    expect([table.capacity, small.length, large.length]).toEqual([8192, 8192, 8192]);
    expect([small.buffer.byteLength, large.buffer.byteLength]).toEqual([8192, 8192 * 8]);
    expect([large[2999], large[3000]]).toEqual([2999, 0]);
  });

  it.each([
    ['that is needed', 65_536, 20_000],
    ['that is short', 1024, 0],
  ])('%s stays as it is', (_, rows, used) => {
    const table = makeTable(rows);
    const { small } = table.columns;
    table.trim(used);
    expect(table.columns.small).toBe(small);
  });

  it('is cut behind the last row that is marked', () => {
    const table = makeTable(65_536);
    table.columns.small[1500] = 1;
    expect(table.trimUnused('small', 20_000)).toBeUndefined();
    expect(table.trimUnused('small', 1)).toBe(1501);
    expect([table.capacity, table.columns.small[1500]]).toEqual([4096, 1]);
    table.columns.small[1500] = 0;
    expect(table.trimUnused('small', 0)).toBe(0);
    expect(table.capacity).toBe(ROWS_KEPT);
  });

  it('that is cleared is as at its start', () => {
    const table = makeTable(4);
    table.reserve(100);
    table.columns.small.fill(7);
    table.clear();
    expect([table.capacity, ...table.columns.small]).toEqual([4, 0, 0, 0, 0]);
  });
});
