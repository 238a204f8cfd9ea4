import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeLimits, readSystemLimits } from './system-limits.ts';

const NONE = { openFiles: Number.POSITIVE_INFINITY, addressSpaceBytes: Number.POSITIVE_INFINITY };

describe('limits of the system', () => {
  it('are read from the form of Linux', () => {
    const folder = mkdtempSync(join(tmpdir(), 'whippet-limits-'));
    const path = join(folder, 'limits');
    writeFileSync(
      path,
      'Limit                     Soft Limit           Hard Limit           Units\nMax open files            256                  1024                 files\nMax address space         unlimited            unlimited            bytes\n',
    );
    expect(readSystemLimits(path)).toEqual({ ...NONE, openFiles: 256 });
    rmSync(folder, { recursive: true });
    expect(readSystemLimits('/nonexistent')).toEqual(NONE);
  });
  it('that are large enough are not named', () => {
    expect(describeLimits(NONE, 4096, 4)).toEqual([]);
    expect(describeLimits({ ...NONE, openFiles: 1024 }, 0, 1)).toEqual([]);
  });
  it('of files are named with what does not fit', () => {
    expect(describeLimits({ ...NONE, openFiles: 256 }, 4096, 1)).toEqual([
      'the limit of open files is 256 and 4160 may be needed: about 192 of the 4096 connections of listeners.connections_max fit; raise it (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of Docker)',
    ]);
    expect(describeLimits({ ...NONE, openFiles: 40 }, 0, 1)[0]).toContain('files and sockets may not open');
  });
  it('of the address space are named', () => {
    expect(describeLimits({ ...NONE, addressSpaceBytes: 4 * 1024 ** 3 }, 0, 1)[0]).toContain(
      'the address space is limited to 4.0 GiB and 1 threads reserve up to 20 GiB',
    );
  });
});
