/** The core's benchmark on tiny input, and what its figures are made of. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { CORE_ROWS } from './core-shapes.ts';
import { readHistory } from './history.ts';
import { PARTS } from './parts.ts';
import { inTurn, undisturbed } from './rounds.ts';

const built = (path: string): string => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
const BENCH = built('bench/core/bench-core.js');
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'whippet-bench-core-'));
  folders.push(folder);
  return folder;
}

describe('npm run bench:core', () => {
  it.runIf(existsSync(BENCH))('measures every row beside another build, and records it', async () => {
    const history = join(makeFolder(), 'history.jsonl');
    const flags = ['--quick', '--against', built(''), '--build', 'itself', '--history', history];
    for (let run = 0; run < 2; run++) {
      const rows = run === 0 ? [] : ['--shapes', 'tiny', '--parts', 'none'];
      await promisify(execFile)(process.execPath, [BENCH, ...flags, ...rows, '--record']);
    }
    const stalls = ['--quick', '--shapes', 'none', '--parts', 'none', '--stalls', '--against', built('')];
    const { stderr } = await promisify(execFile)(process.execPath, [BENCH, ...stalls]);
    expect(
      stderr.match(/longest call of .*: ingest [\d.]+ ms, seal [\d.]+ ms, sweep [\d.]+ ms/g),
    ).toHaveLength(2);
    const [first, second] = readHistory(history);
    const names = [...Object.keys(CORE_ROWS), ...PARTS.map((part) => `part ${part}`)];
    expect(Object.keys(first?.ns ?? {})).toEqual(names);
    expect(Object.values(first?.ns ?? {}).every((ns) => ns > 0)).toBe(true);
    expect(first?.against?.build).toBe('itself');
    expect(Object.keys(first?.against?.ratio ?? {})).toEqual(names);
    expect(Object.keys(second?.ns ?? {})).toEqual(['tiny']);
  });

  it('has a history whose every line can be read', () => {
    const path = fileURLToPath(new URL('history.jsonl', import.meta.url));
    const entries = readHistory(path);
    expect(entries.length).toBe(readFileSync(path, 'utf8').trimEnd().split('\n').length);
    for (const { commit, date, ns } of entries) {
      expect(date).toMatch(/^\d{4}-\d\d-\d\d$/);
      expect(commit).toMatch(/^[0-9a-f]+\+?$/);
      expect(Object.keys(ns).length).toBeGreaterThan(0);
    }
  });
});

describe('rounds of builds in turn', () => {
  it('compare pairs of rounds, whichever build comes first', () => {
    const calls: string[] = [];
    const build = (name: string, ns: number) => (round: number) => {
      calls.push(`${name}${round}`);
      // The machine is half as fast in every other round.
      return Float64Array.of(ns * (1 + (round % 2)));
    };
    const measured = inTurn(4, 10, [build('own', 100), build('other', 150)]);
    expect(measured.comparison).toEqual({ ratio: 1.5, lower: 1.5, upper: 1.5 });
    expect(calls.slice(0, 4)).toEqual(['own0', 'other0', 'other1', 'own1']);
  });

  it('leave out the time in which a piece was interrupted', () => {
    const rounds = [Float64Array.of(10, 20), Float64Array.of(11, 4000), Float64Array.of(12, 21)];
    expect(undisturbed(rounds)).toEqual([30, 32, 33]);
  });
});
