/**
 * The work of `whippet simulate`: cases from a file to tables, JSON or a comparison on standard output.
 *
 *   FILE ─▶ cases ─▶ simulation ─┬─▶ tables, one for each flush
 *                                ├─▶ --json
 *                                └─▶ --golden: equal (exit code 0), different (1), or written (--update)
 */
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { flagsOf } from '../../config/sources/handy-flags.ts';
import { isRecording } from '../../inspect/capture/traffic.ts';
import { TrafficFile, TrafficFileError } from '../../inspect/capture/traffic-file.ts';
import { runTimeline, type SimulateResult } from '../../inspect/simulate/simulate.ts';
import { compareSeries, type Difference } from '../../inspect/simulate/simulate-compare.ts';
import {
  type RenderSeriesOptions,
  renderDifferences,
  renderFlushes,
  renderUnaggregated,
} from '../../inspect/simulate/simulate-render.ts';
import { type SimulateSettings, simulateSettings } from '../../inspect/simulate/simulate-settings.ts';
import { SimulateInputError, type Timeline } from '../../inspect/simulate/simulate-timeline.ts';
import { simulateTraffic } from '../../inspect/simulate/simulate-traffic.ts';
import { type Paint, painter, wantsColour } from '../../lib/text/paint.ts';
import { escapeControls } from '../../lib/text/terminal-text.ts';
import { TrafficInput } from '../capture/traffic-input.ts';
import { EXIT_CODES, type ExitCode } from '../exit.ts';
import type { ConfigOptions } from '../options.ts';
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
  readonly stderr: { readonly isTTY?: boolean; write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A case that has run. */
interface Run extends CaseResult {
  readonly timeline: Omit<Timeline, 'samples'>;
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
  const warnings = new Set<string>();
  const bytes = file === '-' ? await readAll(stdin) : await readPipe(file);
  const isRecorded = bytes === undefined ? await isRecordingAt(file) : isRecording(bytes);
  const runs = isRecorded
    ? [
        await runRecording(
          bytes === undefined ? file : '-',
          options,
          { stdin: once(bytes), stderr },
          warnings,
        ),
      ]
    : runCases(readCases(bytes?.toString('latin1') ?? readFile(file)), file, options, warnings);
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

/** A pipe by its name is read once, like standard input; undefined for a file. */
async function readPipe(file: string): Promise<Buffer | undefined> {
  try {
    return (await new TrafficFile(file).isPipe()) ? await readAll(createReadStream(file)) : undefined;
  } catch (error) {
    if (error instanceof TrafficFileError) return undefined;
    throw error;
  }
}

/** False for a file that cannot be read: whoever reads its lines says why. */
async function isRecordingAt(file: string): Promise<boolean> {
  try {
    return await new TrafficFile(file).isRecording();
  } catch (error) {
    if (error instanceof TrafficFileError) return false;
    throw error;
  }
}

async function readAll(stdin: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* once(bytes: Uint8Array | undefined): AsyncGenerator<Uint8Array> {
  if (bytes !== undefined) yield bytes;
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

function runCases(
  cases: readonly SimulateCase[],
  file: string,
  options: SimulateCommandOptions,
  warnings: Set<string>,
): Run[] {
  if (cases.every(({ samples }) => samples.length === 0)) warnings.add(`${file} has no lines`);
  return cases.map((one) => runCase(one, options, warnings));
}

/** Runs a capture or another recording: its own times drive the clock, and its workloads have the tags they had. */
async function runRecording(
  file: string,
  options: SimulateCommandOptions,
  { stdin, stderr }: Pick<SimulateSurroundings, 'stdin' | 'stderr'>,
  warnings: Set<string>,
): Promise<Run> {
  const settings = simulateSettings({
    file: options.config,
    values: {},
    flags: flagsOf(configOptions(options)),
  });
  for (const warning of settings.warnings) warnings.add(warning);
  const input = new TrafficInput(file, { stdin, stderr, port: settings.port, verb: 'simulating' });
  const stop_at = options.stopAt === undefined ? undefined : timesOf('--stop-at', options.stopAt)[0];
  const result = await simulateTraffic(
    {
      batches: input.batches(),
      senders: await input.readSenders(settings.tagger),
      flushAt: options.flushAt === undefined ? undefined : timesOf('--flush-at', options.flushAt),
      stopAt: stop_at,
      cold: options.cold ?? false,
      eolRequired: settings.eolRequired,
    },
    settings,
  );
  if (result.records === 0) warnings.add(`${file} has no packets`);
  if (result.tooLong > 0)
    warnings.add(`${result.tooLong} packets are longer than any listener takes and left out`);
  const timeline = { flush_at: result.flushAt, ...(stop_at !== undefined && { stop_at }) };
  return { id: undefined, timeline, result, series: result.series, hostname: settings.hostname };
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
