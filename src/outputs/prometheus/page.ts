/**
 * The page a scrape reads, as a stream of chunks.
 *
 * Nothing of a page is kept but the chunk under way and the labels of the series being sorted, so a page
 * of 100 MB costs no more memory than a small one. Between two chunks the event loop runs, and a flush
 * may add, change or remove series. The page stays valid because it
 *
 *   - names all families before its first line,
 *   - goes through copies of the member lists,
 *   - leaves out series that were born after it started, and so reused ids too.
 *
 * Order: families by name, series by label text, then the server's own metrics by name.
 */

import type { Context } from '../../model/context.ts';
import type { ByteString } from '../../model/text.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import { CheckFamily, type CheckTable } from './check-table.ts';
import { type Family, prometheusType } from './family.ts';
import { escapeQuoted, renderLabels } from './labels.ts';
import { claim, nameFamilies } from './naming.ts';
import type { ExpositionFormat } from './negotiate.ts';
import type { Problems } from './problems.ts';
import type { QuantileWindow } from './quantile-window.ts';
import { FLAG, type SeriesTable } from './series-table.ts';
import { displayName, helpFor, metadata, sampleLine, sampleName } from './syntax.ts';

const CHUNK_CHARS = 64 * 1024;
const SORTED_PER_TURN = 1000;
const QUANTILES = [0.5, 0.9, 0.95, 0.99] as const;

export interface PageSource {
  readonly table: SeriesTable;
  readonly window: QuantileWindow;
  readonly checks: CheckTable;
  readonly problems: Problems;
  lookup(id: number): Context | undefined;
  /** The value of a context's host label, empty for none. */
  hostLabel(host: ByteString): ByteString;
  /** Metrics shown after everything else; asked before the first line and again at the end. */
  ownMetrics(): OwnMetric[];
}

/** Several contexts that look the same after escaping. */
interface Group {
  readonly labels: string;
  readonly ids: number[];
}

/** Renders a page. An empty chunk only offers the caller a chance to let others work. */
export function* renderPage(
  source: PageSource,
  format: ExpositionFormat,
): Generator<string, void, undefined> {
  const asOf = source.table.births;
  const taken = new Set<string>();
  for (const metric of source.ownMetrics()) {
    claim(format, metric.type, displayName(format, metric.type, metric.name), taken);
  }
  source.table.families.collectMembers(source.table.familyOf);
  const families = nameFamilies<Family | CheckFamily>(
    format,
    [...source.table.families.values(), ...source.checks.families()],
    taken,
    source.problems,
  );
  let chunk = '';
  for (const { family, displayed } of families) {
    const type = prometheusType(family.kind);
    chunk += metadata(format, type, displayed, helpFor(family.kind, family.source));
    const lines =
      family instanceof CheckFamily
        ? renderChecks(family, displayed)
        : renderFamily(source, format, family, displayed, asOf);
    for (const text of lines) {
      chunk += text;
      if (text !== '' && chunk.length < CHUNK_CHARS) continue;
      yield chunk;
      chunk = '';
    }
  }
  yield chunk + renderOwnMetrics(source.ownMetrics(), format) + (format === 'openmetrics' ? '# EOF\n' : '');
}

function* renderFamily(
  source: PageSource,
  format: ExpositionFormat,
  family: Family,
  displayed: string,
  asOf: number,
): Generator<string, void, undefined> {
  const { table } = source;
  const isMember = (id: number) =>
    table.familyOf[id] === family.number && (table.bornAt[id] as number) <= asOf;
  // When members changed since the page started, the newcomers are left out below.
  if (family.members === undefined) table.families.collectMembers(table.familyOf);
  if (family.members === undefined) return;
  const members = family.sorted ? family.members : yield* sortMembers(source, family, family.members);
  const name = sampleName(format, prometheusType(family.kind), displayed);
  let group: Group | undefined;
  for (const id of members) {
    if (!isMember(id)) continue;
    const labels = labelsOf(source, id);
    if (labels === undefined) continue;
    if (group !== undefined && labels === group.labels) {
      group.ids.push(id);
      continue;
    }
    if (group !== undefined) yield renderGroup(source, format, family, name, group);
    // Others may have worked during the yield.
    group = isMember(id) ? { labels, ids: [id] } : undefined;
  }
  if (group !== undefined) yield renderGroup(source, format, family, name, group);
}

/** Puts the members of a family in page order and keeps the result if nothing changed meanwhile. */
function* sortMembers(
  source: PageSource,
  family: Family,
  members: Uint32Array,
): Generator<string, Uint32Array, undefined> {
  const labels: string[] = [];
  const ids: number[] = [];
  for (const id of members) {
    // Forgotten during a yield; a context that is gone must not be looked up.
    const text = source.table.has(id) ? labelsOf(source, id) : undefined;
    if (text === undefined) continue;
    labels.push(text);
    ids.push(id);
    if (labels.length % SORTED_PER_TURN === 0) yield '';
  }
  const order = Uint32Array.from(labels.keys());
  order.sort((a, b) => compare(labels[a] as string, labels[b] as string));
  const sorted = order.map((at) => ids[at] as number);
  if (family.members === members) {
    family.members = sorted;
    family.sorted = true;
  }
  return sorted;
}

function renderGroup(
  source: PageSource,
  format: ExpositionFormat,
  family: Family,
  name: string,
  { labels, ids }: Group,
): string {
  if (ids.length > 1) {
    sortByIdentity(source, ids);
    countMerged(source, ids);
  }
  const { table } = source;
  if (family.kind === 'counter') return sampleLine(name, labels, total(table.value, ids));
  if (prometheusType(family.kind) === 'gauge') return sampleLine(name, labels, latest(table, ids));
  return renderSummary(source, format, name, labels, ids);
}

function renderSummary(
  { table, window }: PageSource,
  format: ExpositionFormat,
  name: string,
  labels: string,
  ids: readonly number[],
): string {
  const bins = window.read(ids);
  const before = labels === '' ? '' : `${labels},`;
  const strict = format === 'openmetrics';
  let lines = '';
  for (const q of QUANTILES) {
    const value = bins.quantile(q);
    if (strict && value < 0) continue;
    lines += sampleLine(name, `${before}quantile="${q}"`, value);
  }
  const mayFall = ids.some((id) => table.hasFlag(id, FLAG.negative));
  if (!strict || !mayFall) lines += sampleLine(`${name}_sum`, labels, total(table.value, ids));
  return lines + sampleLine(`${name}_count`, labels, total(table.count, ids));
}

function* renderChecks(family: CheckFamily, displayed: string): Generator<string, void, undefined> {
  const statuses = [...family.byLabels()].sort(([a], [b]) => compare(a, b));
  for (const [labels, { status }] of statuses) yield sampleLine(displayed, labels, status);
}

function renderOwnMetrics(metrics: readonly OwnMetric[], format: ExpositionFormat): string {
  const byName = new Map<string, OwnMetric>();
  for (const metric of metrics) {
    const before = byName.get(metric.name);
    const samples = before === undefined ? metric.samples : [...before.samples, ...metric.samples];
    byName.set(metric.name, { ...metric, samples });
  }
  let text = '';
  for (const { name, type, help, samples } of [...byName.values()].sort((a, b) => compare(a.name, b.name))) {
    const displayed = displayName(format, type, name);
    text += metadata(format, type, displayed, help);
    for (const { labels, value } of samples) {
      const pairs = Object.entries(labels).map(([key, label]) => `${key}="${escapeQuoted(label)}"`);
      text += sampleLine(sampleName(format, type, displayed), pairs.join(','), value);
    }
  }
  return text;
}

function labelsOf(source: PageSource, id: number): string | undefined {
  const context = source.lookup(id);
  return context && renderLabels(context.tags, source.hostLabel(context.host));
}

/** Adds up in the order of `ids`, so that rounding is the same on every page. */
function total(column: Float64Array, ids: readonly number[]): number {
  let sum = 0;
  for (const id of ids) sum += column[id] as number;
  return sum;
}

function latest({ value, dataAt }: SeriesTable, ids: readonly number[]): number {
  let chosen = ids[0] as number;
  for (const id of ids) if ((dataAt[id] as number) > (dataAt[chosen] as number)) chosen = id;
  return value[chosen] as number;
}

/** Orders contexts by what they are, not by their ids, which depend on who came first. */
function sortByIdentity({ lookup, table }: PageSource, ids: number[]): void {
  const identities = new Map(ids.map((id) => [id, identityOf(lookup(id))]));
  ids.sort((a, b) => {
    const order = compare(identities.get(a) as string, identities.get(b) as string);
    return order !== 0 ? order : (table.value[a] as number) - (table.value[b] as number);
  });
}

function identityOf(context: Context | undefined): string {
  return context === undefined ? '' : [context.name, context.host, ...[...context.tags].sort()].join('\0');
}

/** Counts all but one member of a group, each series once in its life. */
function countMerged({ table, problems }: PageSource, ids: readonly number[]): void {
  let missing = ids.length - 1 - ids.filter((id) => table.hasFlag(id, FLAG.mergeCounted)).length;
  for (const id of ids) {
    if (missing <= 0) return;
    if (table.hasFlag(id, FLAG.mergeCounted)) continue;
    table.setFlag(id, FLAG.mergeCounted);
    problems.adjust('series_merged');
    missing--;
  }
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
