/**
 * What the test servers of a run received, for the reporter: each server leaves a file when it is closed or reset, in the
 * folder that the reporter has named in a variable, which worker processes and threads inherit.
 *
 *   reporter (main process) ── WHIPPET_TEST_RUN=folder ──▶ workers ── one file per server ──▶ reporter
 *
 * Without the variable nothing is written. A folder that is gone is no error: the run is over then.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReceivedMetric, ReceivedType, RejectedMessage } from '../test-server/received.ts';

export const RUN_VARIABLE = 'WHIPPET_TEST_RUN';

/** One metric of a run: a name and a type, over all servers. */
export interface RunMetric {
  readonly name: string;
  readonly type: ReceivedType;
  /** Sorted. */
  readonly tagKeys: readonly string[];
  readonly messages: number;
  readonly samples: number;
}

/** What a run received. */
export interface RunRecord {
  readonly metrics: readonly RunMetric[];
  readonly events: readonly string[];
  readonly serviceChecks: readonly string[];
  /** Lines that meant nothing, each once, with the reason. */
  readonly rejected: readonly string[];
}

/** Leaves what a server received for the reporter, if there is one. */
export function leaveRecord(server: {
  metrics(): readonly ReceivedMetric[];
  events(): readonly { readonly title: string }[];
  serviceChecks(): readonly { readonly name: string }[];
  rejected(): readonly RejectedMessage[];
}): void {
  const folder = process.env[RUN_VARIABLE] ?? '';
  if (folder === '') return;
  const record: RunRecord = {
    metrics: mergeMetrics(
      server.metrics().map(({ name, type, tags, messages, samples }) => ({
        ...{ name, type, messages, samples },
        tagKeys: tags.map((tag) => tag.split(':', 1)[0] as string),
      })),
    ),
    events: unique(server.events().map(({ title }) => title)),
    serviceChecks: unique(server.serviceChecks().map(({ name }) => name)),
    rejected: unique(server.rejected().map(({ line, reason }) => `${line}  ${reason}`)),
  };
  if (Object.values(record).every((list) => list.length === 0)) return;
  const path = join(folder, randomUUID());
  try {
    // A reader never sees half of a file.
    writeFileSync(path, JSON.stringify(record));
    renameSync(path, `${path}.json`);
  } catch {
    // The reporter has ended.
  }
}

/** Makes the folder empty, for a run that begins. */
export function beginRun(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

/** What all servers of the run left. */
export function readRun(folder: string): RunRecord {
  const records = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as RunRecord);
  return {
    metrics: mergeMetrics(records.flatMap(({ metrics }) => metrics)),
    events: unique(records.flatMap(({ events }) => events)),
    serviceChecks: unique(records.flatMap(({ serviceChecks }) => serviceChecks)),
    rejected: unique(records.flatMap(({ rejected }) => rejected)),
  };
}

/** The table that the reporter prints; empty when nothing was received. */
export function formatRun({ metrics, events, serviceChecks, rejected }: RunRecord): string {
  const rows = metrics.map(({ name, type, tagKeys, samples }) => [
    name,
    type,
    tagKeys.join(',') || '-',
    `${samples} values`,
  ]);
  const widths = [0, 1, 2, 3].map((i) => Math.max(0, ...rows.map((row) => (row[i] ?? '').length)));
  const lines = rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
  const sections: [title: string, lines: readonly string[]][] = [
    ['metrics received in this run', lines],
    ['events', events],
    ['service checks', serviceChecks],
    ['rejected lines', rejected],
  ];
  return sections
    .filter(([, own]) => own.length > 0)
    .map(
      ([title, own]) =>
        `\n ${title}\n${own.map((line) => `   ${line.replace(/[\r\n]+/g, ' ')}`.trimEnd()).join('\n')}\n`,
    )
    .join('');
}

function mergeMetrics(metrics: readonly RunMetric[]): RunMetric[] {
  const merged = new Map<string, RunMetric>();
  for (const metric of metrics) {
    const key = `${metric.name}\n${metric.type}`;
    const known = merged.get(key);
    merged.set(key, {
      ...metric,
      tagKeys: unique([...(known?.tagKeys ?? []), ...metric.tagKeys]),
      messages: (known?.messages ?? 0) + metric.messages,
      samples: (known?.samples ?? 0) + metric.samples,
    });
  }
  return [...merged.values()].sort((a, b) => (a.name + a.type < b.name + b.type ? -1 : 1));
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)].sort();
}
