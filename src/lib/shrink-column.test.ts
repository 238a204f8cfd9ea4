import { describe, expect, it } from 'vitest';
import { shrunk } from './shrink-column.ts';

describe('a column', () => {
  it('much longer than what is used of it is cut, with room to grow', () => {
    const column = Uint32Array.from({ length: 65_536 }, (_, i) => i);
    const cut = shrunk(column, 3000);
    expect(cut.length).toBe(8192);
    expect(cut).toEqual(column.slice(0, 8192));
    expect(cut.buffer.byteLength).toBe(8192 * 4);
  });

  it('that is needed, or short, stays as it is', () => {
    const column = new Float64Array(65_536);
    expect(shrunk(column, 20_000)).toBe(column);
    const short = new Uint8Array(1024);
    expect(shrunk(short, 0)).toBe(short);
  });
});
