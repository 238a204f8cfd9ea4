/**
 * The committed record of the core's benchmark: one line of JSON for each recorded run, oldest first.
 *
 * Figures of another machine or version of Node say nothing, so a run is shown beside the last one of its own kind. The
 * ratio to another build in the same process is what compares across machines.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';
import type { Measured } from './rounds.ts';

export interface HistoryEntry {
  /** Day of the run. */
  readonly date: string;
  /** The commit that was measured, with `+` when there were changes to it. */
  readonly commit: string;
  readonly cpu: string;
  readonly arch: string;
  readonly node: string;
  readonly rounds: number;
  /** Medians, ns a line or unit. */
  readonly ns: Readonly<Record<string, number>>;
  /** The build it was compared with, and how many times as fast this one is. */
  readonly against?: { readonly build: string; readonly ratio: Readonly<Record<string, number>> };
  readonly note?: string;
}

export function readHistory(path: string): HistoryEntry[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HistoryEntry);
}

export function appendToHistory(path: string, entry: HistoryEntry): void {
  appendFileSync(path, `${JSON.stringify(entry)}\n`);
}

/** The last run on such a machine. */
export function lastLike(history: readonly HistoryEntry[], entry: HistoryEntry): HistoryEntry | undefined {
  return history.findLast(
    ({ cpu, arch, node }) => cpu === entry.cpu && arch === entry.arch && node === entry.node,
  );
}

export function makeEntry(
  rows: Readonly<Record<string, Measured>>,
  rounds: number,
  extra: { readonly against?: string | undefined; readonly note?: string | undefined },
): HistoryEntry {
  const of = (value: (row: Measured) => number | undefined, digits: number): Record<string, number> =>
    Object.fromEntries(
      Object.entries(rows).flatMap(([name, row]) => {
        const found = value(row);
        return found === undefined ? [] : [[name, Number(found.toFixed(digits))]];
      }),
    );
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: describeCommit(),
    cpu: cpus()[0]?.model ?? 'unknown',
    arch: arch(),
    node: process.version,
    rounds,
    ns: of(({ ns }) => ns, 1),
    ...(extra.against !== undefined && {
      against: { build: extra.against, ratio: of(({ comparison }) => comparison?.ratio, 3) },
    }),
    ...(extra.note !== undefined && { note: extra.note }),
  };
}

function describeCommit(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', 'src/core') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}
