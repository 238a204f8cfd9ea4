/**
 * The work of `whippet simulate`: cases from a file to tables, JSON or a comparison on standard output.
 *
 *   FILE ─▶ cases ─▶ simulation ─┬─▶ tables, one for each flush
 *                                ├─▶ --json
 *                                └─▶ --golden: equal (exit code 0), different (1), or written (--update)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { flagsOf } from '../config/handy-flags.ts';
import { runTimeline, type SimulateResult } from '../inspect/simulate.ts';
import { compareSeries, type Difference } from '../inspect/simulate-compare.ts';
import {
  type RenderSeriesOptions,
  renderDifferences,
  renderFlushes,
  renderUnaggregated,
} from '../inspect/simulate-render.ts';
import { type SimulateSettings, simulateSettings } from '../inspect/simulate-settings.ts';
import { SimulateInputError, type Timeline } from '../inspect/simulate-timeline.ts';
import { type Paint, painter, wantsColour } from '../lib/paint.ts';
import { escapeControls } from '../lib/terminal-text.ts';
import { EXIT_CODES, type ExitCode } from './exit.ts';
import type { ConfigOptions } from './options.ts';
import { type CaseResult, isReplaceable, readGolden, writeResults } from './simulate-golden.ts';
import { flushTimes, readCases, type SimulateCase } from './simulate-input.ts';

export interface SimulateCommandOptions extends Omit<ConfigOptions, 'file'> {
  readonly flushAt?: string;
  readonly stopAt?: string;
  readonly cold?: boolean;
  readonly json?: boolean;
  readonly golden?: string;
  readonly update?: boolean;
}

/** Where the command reads and writes; the process itself in the program. */
export interface SimulateSurroundings {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: {
    readonly isTTY?: boolean;
    write(text: string): unknown;
    on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A case that has run. */
interface Run extends CaseResult {
  readonly timeline: Timeline;
  readonly result: SimulateResult;
  readonly hostname: string;
}

export async function simulateCommand(
  file: string,
  options: SimulateCommandOptions,
  { stdin, stdout, stderr, env }: SimulateSurroundings = process,
): Promise<ExitCode> {
  checkOptions(options);
  // The reader may leave early, as `head` does.
  stdout.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const cases = readCases(await readInput(file, stdin));
  const warnings = new Set<string>();
  if (cases.every(({ samples }) => samples.length === 0)) warnings.add(`${file} has no lines`);
  const runs = cases.map((one) => runCase(one, options, warnings));
  for (const warning of warnings) stderr.write(`whippet: warning: ${warning}\n`);
  const paint = painter(wantsColour(stdout.isTTY === true, env));
  const { golden, update = false, json = false } = options;
  if (golden !== undefined && update) {
    updateGolden(golden, runs);
    stdout.write(`wrote ${golden}: ${countSeries(runs)}\n`);
  } else if (golden !== undefined) {
    const report = compareWithGolden(golden, runs, paint);
    stdout.write(report === '' ? `as in ${golden}: ${countSeries(runs)}\n` : report);
    return report === '' ? EXIT_CODES.ok : EXIT_CODES.failure;
  } else if (json) {
    stdout.write(writeResults(runs));
  } else {
    stdout.write(runs.map((run) => renderRun(run, { paint, hostname: run.hostname })).join('\n'));
  }
  return EXIT_CODES.ok;
}

function checkOptions({ golden, update, json }: SimulateCommandOptions): void {
  if (update && golden === undefined) throw new SimulateInputError('--update needs --golden');
  if (json && golden !== undefined) throw new SimulateInputError('--json and --golden exclude each other');
}

async function readInput(file: string, stdin: AsyncIterable<Uint8Array>): Promise<string> {
  if (file !== '-') return readFile(file);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a directory' : `: ${message}`;
    throw new SimulateInputError(`${path} ${why}; give a file with lines or JSON, or - for standard input`, {
      cause,
    });
  }
}

function runCase(one: SimulateCase, options: SimulateCommandOptions, warnings: Set<string>): Run {
  const settings = settingsOf(one, options);
  for (const warning of settings.warnings) warnings.add(warning);
  const stop_at = options.stopAt === undefined ? one.stop_at : timesOf('--stop-at', options.stopAt)[0];
  const timeline: Timeline = {
    samples: one.samples,
    flush_at: flushesOf(one, options, settings, stop_at),
    ...(stop_at !== undefined && { stop_at }),
  };
  const result = runTimeline(timeline, settings, { cold: options.cold ?? false });
  return { id: one.id, timeline, result, series: result.series, hostname: settings.hostname };
}

/** The case wins over the file of -c, and flags win over the case. */
function settingsOf({ config }: SimulateCase, options: SimulateCommandOptions): SimulateSettings {
  return simulateSettings({ file: options.config, values: config, flags: flagsOf(configOptions(options)) });
}

function configOptions({
  flushAt,
  stopAt,
  cold,
  json,
  golden,
  update,
  ...rest
}: SimulateCommandOptions): ConfigOptions {
  return rest;
}

function flushesOf(
  { samples, flush_at }: SimulateCase,
  { flushAt }: SimulateCommandOptions,
  settings: SimulateSettings,
  stop_at: number | undefined,
): readonly number[] {
  if (flushAt !== undefined) return timesOf('--flush-at', flushAt);
  if (flush_at !== undefined) return flush_at;
  const until = stop_at === undefined ? [] : [{ line: '', at: stop_at }];
  const times = flushTimes([...samples, ...until], settings.widths);
  return stop_at === undefined ? times : times.filter((time) => time < stop_at);
}

function timesOf(option: string, text: string): number[] {
  return text.split(',').map((part) => {
    if (/^\s*\d+(\.\d+)?\s*$/.test(part)) return Number(part);
    throw new SimulateInputError(`${option} is a time in seconds, such as 1010; it is "${text}"`);
  });
}

function renderRun({ id, timeline, result, series }: Run, options: RenderSeriesOptions): string {
  const title = titleOf(id, options.paint);
  const { flush_at, stop_at } = timeline;
  return (
    title +
    renderFlushes(series, { flush_at, stop_at }, options) +
    renderUnaggregated(result.unaggregated, options)
  );
}

/** Returns what differs, as text; empty when nothing does. */
function compareWithGolden(path: string, runs: readonly Run[], paint: Paint): string {
  const text = readIfThere(path);
  if (text === undefined) throw new SimulateInputError(`${path} does not exist; --update makes it`);
  const golden = new Map(readGolden(text).map(({ id, series }) => [id, series]));
  const reports = runs.map(({ id, series, hostname }) => {
    const want = golden.get(id);
    golden.delete(id);
    if (want === undefined) return `${titleOf(id, paint)}not in ${path}\n`;
    return renderComparison(id, compareSeries(series, want), { paint, hostname });
  });
  for (const id of golden.keys()) reports.push(`${titleOf(id, paint)}only in ${path}\n`);
  return reports.filter((report) => report !== '').join('\n');
}

function renderComparison(
  id: string | undefined,
  differences: readonly Difference[],
  options: RenderSeriesOptions,
): string {
  if (differences.length === 0) return '';
  const title = titleOf(id, options.paint);
  return title + renderDifferences(differences, options);
}

function titleOf(id: string | undefined, paint: Paint): string {
  return id === undefined ? '' : `${paint('cyan', escapeControls(id))}\n`;
}

function updateGolden(path: string, runs: readonly Run[]): void {
  const before = readIfThere(path);
  if (before !== undefined && !isReplaceable(before))
    throw new SimulateInputError(`${path} is no stored result; --update does not write over it`);
  writeFileSync(path, writeResults(runs));
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function countSeries(runs: readonly Run[]): string {
  const series = runs.reduce((sum, run) => sum + run.series.length, 0);
  return runs.length === 1 ? `${series} series` : `${runs.length} cases, ${series} series`;
}
