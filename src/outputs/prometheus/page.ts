/**
 * The page a scrape reads, as a stream of chunks.
 *
 * Nothing of a page is kept but the chunk under way and the labels of a family that is being sorted, so a page of 100 MB costs no more memory than a small one. Between two chunks the event loop runs, and a flush
 * may add, change or remove series. The page stays valid because it
 *
 *   - has all series that there are when it starts named before its first line (catalogue.ts),
 *   - goes through copies of the member lists,
 *   - leaves out series that were born after it started, and so reused ids too,
 *   - leaves out families without a series that it shows, and so reused numbers too.
 *
 * Order: families by name, series by label text, then the server's own metrics by name.
 */

import { addFinite } from '../../lib/finite.ts';
import { inOrder, orderInSteps } from '../../lib/sort-in-steps.ts';
import type { Steps } from '../../lib/time/steps.ts';
import type { Context } from '../../model/context.ts';
import type { ByteString } from '../../model/text.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import { BinList } from './bin-list.ts';
import type { CheckFamily } from './check-table.ts';
import { countsIn } from './exposure.ts';
import type { FamilyKey } from './family-shelf.ts';
import type { Members, SeriesFamily } from './family-table.ts';
import { LabelTexts } from './label-texts.ts';
import { escapeName, escapeQuoted } from './labels.ts';
import type { DisplayedFamily } from './naming.ts';
import type { ExpositionFormat } from './negotiate.ts';
import type { OpenTotals } from './open-totals.ts';
import type { Observed, PageWriter } from './page-writer.ts';
import type { Adjustment, Problems } from './problems.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import type { QuantileWindow } from './quantile-window.ts';
import { COUNTED, type SeriesTable } from './series-table.ts';
import { displayName, helpFor } from './syntax.ts';
import { TextWriter } from './text-writer.ts';

/** About a millisecond of work. */
const CHUNK_BYTES = 32 * 1024;
const LABELS_PER_TURN = 500;
const NO_BUCKETS = { bounds: [], labels: [], keys: [] };
const QUANTILES = [0.5, 0.9, 0.95, 0.99] as const;

export interface PageSource {
  /** Has all series named that can be; returns the last birth among them. */
  catchUp(): Steps<number>;
  /** All families that have names, in page order. */
  families(): Steps<readonly DisplayedFamily<FamilyKey>[]>;
  readonly totals: OpenTotals;
  readonly table: SeriesTable;
  readonly window: QuantileWindow;
  readonly problems: Problems;
  lookup(id: number): Context | undefined;
  /** The value of a context's host label, empty for none. */
  hostLabel(host: ByteString): ByteString;
  /** Metrics shown after everything else, if they are. */
  ownMetrics(): OwnMetric[];
}

/** A page under way. */
interface PageUnderWay extends PageSource {
  readonly format: ExpositionFormat;
  readonly writer: PageWriter;
  /** The last birth that it shows. */
  readonly asOf: number;
  readonly texts: LabelTexts;
}

/** Several contexts that look the same after escaping. */
interface Group {
  readonly labels: string;
  readonly ids: number[];
}

/** Renders a page: text, or bytes of protobuf. An empty chunk only offers the caller a chance to let others work. */
export function* renderPage(
  source: PageSource,
  format: ExpositionFormat,
): Generator<string | Uint8Array, void, undefined> {
  const asOf = yield* inTurns(source.catchUp());
  const families = yield* inTurns(source.families());
  source.table.families.collectMembers(source.table.columns.familyOf);
  const writer = format === 'protobuf' ? new ProtobufWriter() : new TextWriter(format);
  const page: PageUnderWay = { ...source, format, writer, asOf, texts: new LabelTexts() };
  for (const { family, displayed } of families) {
    const series =
      typeof family === 'number'
        ? writeFamily(page, family, displayed)
        : writeChecks(writer, family, displayed);
    for (const isTurn of series) if (isTurn || writer.size >= CHUNK_BYTES) yield writer.take();
  }
  writeOwnMetrics(writer, source.ownMetrics(), format);
  yield writer.finish();
}

/** The server's own metrics alone. */
export function renderOwnPage(metrics: readonly OwnMetric[], format: ExpositionFormat): string | Uint8Array {
  const writer = format === 'protobuf' ? new ProtobufWriter() : new TextWriter(format);
  writeOwnMetrics(writer, metrics, format);
  return writer.finish();
}

/** Does `steps`, and lets others work after each. */
function* inTurns<Result>(steps: Steps<Result>): Generator<string, Result, undefined> {
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    yield '';
  }
}

/** Yields after each series, true when others should have their turn. */
function* writeFamily(
  source: PageUnderWay,
  number: number,
  displayed: string,
): Generator<boolean, void, undefined> {
  const { table, asOf, writer } = source;
  if (table.families.sizeOf(number) === 0) return;
  const family = table.families.show(number);
  const isMember = (id: number) =>
    table.columns.familyOf[id] === number && (table.columns.bornAt[id] as number) <= asOf;
  let isBegun = false;
  const write = (group: Group): void => {
    if (!isBegun) beginFamily(source, family, displayed);
    isBegun = true;
    writeGroup(source, family, group);
  };
  // When members changed since the page started, the newcomers are left out below.
  if (table.families.membersOf(number) === undefined) table.families.collectMembers(table.columns.familyOf);
  const members = table.families.membersOf(number);
  if (members === undefined) return;
  const { ids, texts } = members.sorted ? { ids: members.ids } : yield* sortMembers(source, number, members);
  let group: Group | undefined;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number;
    if (!isMember(id)) continue;
    const labels = texts?.[i] ?? labelsOf(source, id);
    if (labels === undefined) continue;
    if (group !== undefined && labels === group.labels) {
      group.ids.push(id);
      continue;
    }
    if (group !== undefined) {
      write(group);
      yield false;
    }
    // Others may have worked during the yield.
    group = isMember(id) ? { labels, ids: [id] } : undefined;
  }
  if (group !== undefined) write(group);
  yield false;
  if (isBegun) writer.end();
}

function beginFamily({ writer, format }: PageUnderWay, family: SeriesFamily, displayed: string): void {
  writer.begin(displayed, family.typeIn(format), helpFor(family.kind, family.source));
}

/** Members of a family in page order, and their labels where they were needed to find it. */
interface Sorted {
  readonly ids: Uint32Array;
  readonly texts?: readonly string[];
}

/** Puts the members of a family in page order and keeps the result if nothing changed meanwhile. Yields true after each step. */
function* sortMembers(
  source: PageUnderWay,
  family: number,
  members: Members,
): Generator<boolean, Sorted, undefined> {
  const labels: string[] = [];
  const ids: number[] = [];
  for (const id of members.ids) {
    // Forgotten during a yield; a context that is gone must not be looked up.
    const text = source.table.has(id) ? labelsOf(source, id) : undefined;
    if (text === undefined) continue;
    labels.push(text);
    ids.push(id);
    if (labels.length % LABELS_PER_TURN === 0) yield true;
  }
  const sorting = orderInSteps(labels.length, (a, b) => compare(labels[a] as string, labels[b] as string));
  let step = sorting.next();
  for (; step.done !== true; step = sorting.next()) yield true;
  const order = step.value;
  const sorted = order.map((at) => ids[at] as number);
  source.table.families.keepOrder(family, members, sorted);
  return { ids: sorted, texts: inOrder(labels, order) };
}

function writeGroup(source: PageUnderWay, family: SeriesFamily, { labels, ids }: Group): void {
  const { format, writer } = source;
  if (ids.length > 1) {
    sortByIdentity(source, ids);
    countMerged(source, ids);
  }
  const { totals, table } = source;
  const scaleOf = (id: number) => table.exposureOf(id).scale;
  switch (family.typeIn(format)) {
    case 'counter': {
      const sum = add(ids, (id) => totals.counter(id) * scaleOf(id));
      writer.value(labels, sum, startOf(source, ids));
      break;
    }
    case 'gauge': {
      const id = latest(totals, ids);
      writer.value(labels, totals.gauge(id) * scaleOf(id));
      break;
    }
    case 'summary':
      writeSummary(source, format, writer, labels, ids);
      break;
    case 'histogram':
      writeHistogram(source, format, writer, labels, ids);
      break;
  }
}

function writeSummary(
  source: PageSource,
  format: ExpositionFormat,
  writer: PageWriter,
  labels: string,
  ids: readonly number[],
): void {
  const bins = source.window.read(ids);
  const { scale } = source.table.exposureOf(ids[0] as number);
  const quantiles: [number, number][] = [];
  for (const q of QUANTILES) {
    const value = bins.quantile(q) * scale;
    if (format !== 'openmetrics' || !(value < 0)) quantiles.push([q, value]);
  }
  const count = Math.round(add(ids, (id) => source.totals.count(id)));
  writer.summary(labels, quantiles, { ...totalsOf(source, format, ids), count });
}

function writeHistogram(
  source: PageSource,
  format: ExpositionFormat,
  writer: PageWriter,
  labels: string,
  ids: readonly number[],
): void {
  const bins = new BinList();
  for (const id of ids) source.totals.addBins(id, bins);
  const { scale, form, buckets } = source.table.exposureOf(ids[0] as number);
  // Counts are those of the bins, so that they agree.
  const counts = countsIn(buckets ?? NO_BUCKETS, bins);
  const classic = buckets && { bounds: buckets.bounds, counts };
  const { keys, counts: held, length } = bins;
  const native =
    form === 'native'
      ? { keys: keys.subarray(0, length), counts: held.subarray(0, length), scale }
      : undefined;
  writer.histogram(
    labels,
    { ...totalsOf(source, format, ids), count: counts.at(-1) as number },
    classic,
    native,
  );
}

function totalsOf(
  source: PageSource,
  format: ExpositionFormat,
  ids: readonly number[],
): Pick<Observed, 'sum' | 'startAt'> {
  const { totals, table } = source;
  const mayFall = ids.some((id) => totals.mayFall(id));
  const sum = add(ids, (id) => totals.sum(id) * table.exposureOf(id).scale);
  return {
    sum: format === 'openmetrics' && mayFall ? undefined : sum,
    startAt: startOf(source, ids),
  };
}

/** When the first of these totals began. */
function startOf({ totals }: PageSource, ids: readonly number[]): number | undefined {
  let start: number | undefined;
  for (const id of ids) {
    const own = totals.startAt(id);
    if (own === undefined) return undefined;
    start = Math.min(start ?? own, own);
  }
  return start;
}

function* writeChecks(
  writer: PageWriter,
  family: CheckFamily,
  displayed: string,
): Generator<boolean, void, undefined> {
  writer.begin(displayed, family.typeIn(), helpFor(family.kind, family.source));
  const statuses = [...family.byLabels()].sort(([a], [b]) => compare(a, b));
  for (const [labels, { status }] of statuses) {
    writer.value(labels, status);
    yield false;
  }
  writer.end();
}

function writeOwnMetrics(writer: PageWriter, metrics: readonly OwnMetric[], format: ExpositionFormat): void {
  const byName = new Map<string, OwnMetric>();
  for (const metric of metrics) {
    const before = byName.get(metric.name);
    const samples = before === undefined ? metric.samples : [...before.samples, ...metric.samples];
    byName.set(metric.name, { ...metric, samples });
  }
  for (const { name, type, help, samples } of [...byName.values()].sort((a, b) => compare(a.name, b.name))) {
    writer.begin(displayName(format, type, name), type, help);
    for (const { labels, value } of samples) {
      const pairs = Object.entries(labels).map(([key, label]) => `${key}="${escapeQuoted(label)}"`);
      writer.value(pairs.join(','), value);
    }
    writer.end();
  }
}

function labelsOf(source: PageUnderWay, id: number): string | undefined {
  const context = source.lookup(id);
  if (context === undefined) return undefined;
  const host = source.hostLabel(context.host);
  if (!source.table.counts(id, COUNTED.labels)) return source.texts.render(context.tags, host);
  // Adjustments count when a series is shown for the first time.
  const found = new Set<Adjustment>();
  const note = (problem: Adjustment): void => void found.add(problem);
  escapeName(context.name, note);
  const labels = source.texts.render(context.tags, host, note);
  for (const problem of found) source.problems.adjust(problem);
  return labels;
}

/** Adds up in the order of `ids`, so that rounding is the same on every page. */
function add(ids: readonly number[], of: (id: number) => number): number {
  let sum = 0;
  for (const id of ids) sum = addFinite(sum, of(id));
  return sum;
}

function latest(totals: OpenTotals, ids: readonly number[]): number {
  let chosen = ids[0] as number;
  for (const id of ids) if (totals.dataAt(id) > totals.dataAt(chosen)) chosen = id;
  return chosen;
}

/** Orders contexts by what they are, not by their ids, which depend on who came first. */
function sortByIdentity({ lookup, totals }: PageSource, ids: number[]): void {
  const identities = new Map(ids.map((id) => [id, identityOf(lookup(id))]));
  ids.sort((a, b) => {
    const order = compare(identities.get(a) as string, identities.get(b) as string);
    return order !== 0 ? order : totals.sum(a) - totals.sum(b);
  });
}

function identityOf(context: Context | undefined): string {
  return context === undefined ? '' : [context.name, context.host, ...[...context.tags].sort()].join('\0');
}

/** Counts all but one member of a group, each series once in its life. */
function countMerged({ table, problems }: PageSource, ids: readonly number[]): void {
  const isCounted = (id: number) => ((table.columns.counted[id] as number) & COUNTED.merged) !== 0;
  let missing = ids.length - 1 - ids.filter(isCounted).length;
  for (const id of ids) {
    if (missing <= 0) return;
    if (!table.counts(id, COUNTED.merged)) continue;
    problems.adjust('series_merged');
    missing--;
  }
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
