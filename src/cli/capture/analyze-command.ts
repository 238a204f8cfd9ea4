/**
 * The work of `whippet analyze`: what is in a recording, or in what two differ, as text, JSON or a page.
 */
import { writeFileSync } from 'node:fs';
import { contextLimitsOf } from '../../config/checks/context-limits.ts';
import { Analysis } from '../../inspect/analysis/analysis.ts';
import { compareAnalyses, renderComparison } from '../../inspect/analysis/analysis-compare.ts';
import { renderAnalysisHtml } from '../../inspect/analysis/analysis-html.ts';
import type { AnalysisReport } from '../../inspect/analysis/analysis-report.ts';
import { renderAnalysis } from '../../inspect/analysis/analysis-text.ts';
import type { TrafficFacts, TrafficKind } from '../../inspect/capture/traffic.ts';
import { trafficNotes } from '../../inspect/capture/traffic-notes.ts';
import { walkSettings } from '../../inspect/explain/explain.ts';
import { isEolRequired } from '../../inspect/simulate/simulate-settings.ts';
import type { ProgressStream } from '../../lib/progress.ts';
import { painter, wantsColour } from '../../lib/text/paint.ts';
import { type ConfigOptions, loadFromOptions } from '../options.ts';
import { SendUsageError } from '../send/send-lines.ts';
import { makeFilter } from './replay-command.ts';
import { TrafficInput } from './traffic-input.ts';

export interface AnalyzeOptions extends Omit<ConfigOptions, 'file'> {
  readonly json?: boolean;
  readonly html?: string;
  readonly filter?: readonly string[];
}

export interface AnalyzeSurroundings {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: { readonly isTTY?: boolean; write(text: string): unknown };
  readonly stderr: ProgressStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Analyzed {
  readonly file: string;
  readonly kind: TrafficKind;
  readonly notes: readonly string[];
  readonly facts: TrafficFacts;
  readonly report: AnalysisReport;
}

export async function analyzeCommand(
  files: readonly string[],
  options: AnalyzeOptions,
  surroundings: AnalyzeSurroundings = process,
): Promise<void> {
  const { json = false, html, filter = [], ...configOptions } = options;
  const { stdout, stderr, env } = surroundings;
  if (files.length > 2) throw new SendUsageError('one recording, or two to compare');
  if (files.filter((file) => file === '-').length > 1)
    throw new SendUsageError('standard input can be read once');
  if (html !== undefined && files.length > 1) throw new SendUsageError('--html shows one recording');
  const loaded = await loadFromOptions(configOptions, env);
  for (const warning of loaded.warnings) stderr.write(`whippet: warning: ${warning}\n`);
  const analyzed: Analyzed[] = [];
  for (const file of files) {
    const input = new TrafficInput(file, {
      ...{ stdin: surroundings.stdin, stderr, verb: 'analyzing' },
      ...{ port: loaded.config.dogstatsd_port, filter: makeFilter(filter) },
    });
    analyzed.push(await analyze(file, input, loaded));
  }
  const [first, second] = analyzed as [Analyzed, Analyzed | undefined];
  const paint = painter(wantsColour(stdout.isTTY === true, env));
  if (html !== undefined) {
    writeFileSync(html, renderAnalysisHtml(first.file, first.report, first.notes), { mode: 0o600 });
    stdout.write(`wrote ${html}\n`);
  } else if (json) {
    const views = analyzed.map(viewOf);
    const comparison = second === undefined ? undefined : compareAnalyses(first.report, second.report);
    stdout.write(
      `${JSON.stringify(comparison === undefined ? views[0] : { before: views[0], after: views[1], comparison })}\n`,
    );
  } else if (second !== undefined) {
    stdout.write(
      renderComparison([first.file, second.file], compareAnalyses(first.report, second.report), paint),
    );
  } else stdout.write(renderAnalysis(titleOf(first), first.report, paint));
}

async function analyze(
  file: string,
  input: TrafficInput,
  loaded: Awaited<ReturnType<typeof loadFromOptions>>,
): Promise<Analyzed> {
  const walk = walkSettings(loaded, {});
  const analysis = new Analysis({
    walk,
    limits: contextLimitsOf(loaded.config),
    senders: await input.readSenders(walk.tagger),
    eolRequired: (listener) => isEolRequired(loaded.config, listener),
  });
  let end: [TrafficFacts, TrafficKind] | undefined;
  for await (const batch of input.batches((...args) => (end = args)))
    for (const record of batch) analysis.add(record);
  const [facts, kind] = end as [TrafficFacts, TrafficKind];
  return { file, kind, facts, notes: trafficNotes(facts), report: analysis.report() };
}

function titleOf({ file, kind, facts }: Analyzed): string {
  const version = facts.capture === undefined ? '' : `, version ${facts.capture.version}`;
  const note = facts.state?.note;
  const moment =
    note !== undefined && note.reason !== ''
      ? `; saved because of ${note.reason} at ${momentOf(note.moment)}`
      : '';
  return `${file}: ${kind}${version}${moment}`;
}

function momentOf(ns: bigint): string {
  return new Date(Number(ns / 1_000_000n)).toISOString();
}

/** What the file is, what is wrong with it, and the report. */
function viewOf({ file, kind, notes, facts, report }: Analyzed): object {
  const note = facts.state?.note;
  return {
    file,
    kind,
    ...(facts.capture !== undefined && { version: facts.capture.version, end: facts.capture.end.kind }),
    file_bytes: facts.fileBytes,
    notes,
    ...(note !== undefined &&
      note.reason !== '' && { trigger: { reason: note.reason, at: momentOf(note.moment) } }),
    ...report,
  };
}
