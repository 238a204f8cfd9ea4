/**
 * Answers questions about the contexts the server knows: which there are, in an order, a page at a time; the same by
 * metric; and everything about one metric.
 *
 * In steps, because a million contexts take a second to walk. What comes and goes meanwhile may or may not be in
 * the answer.
 *
 * Limits  pages end at ROWS_MAX rows of the order. By metric: METRICS_MAX names have their tag values counted; the
 *         others say null.
 */
import type { Steps } from '../../lib/time/steps.ts';
import type { Context, ContextType } from '../../model/context.ts';
import { type ByteString, toByteString, toText } from '../../model/text.ts';
import type {
  ContextQuery,
  ContextRow,
  MetricRow,
  MetricView,
  Page,
} from '../../model/views/context-views.ts';
import type { Registry } from './registry.ts';
import { TagGrowth } from './tag-growth.ts';
import { TopRows } from './top-rows.ts';

/** The last row of an order that can be asked for. */
export const ROWS_MAX = 10_000;
const METRICS_MAX = 2000;
const LARGEST_MAX = 100;
const TAG_KEYS_MAX = 32;
/** Ids walked in a step. */
const STEP_IDS = 500;

/** The contexts that fit, a page of them. */
export function* listContexts(registry: Registry, query: ContextQuery): Steps<Page<ContextRow>> {
  const fits = filterOf(query);
  const top = new TopRows<ContextRow>(lastRow(query), orderOf(query));
  for (let id = 0; id < registry.idEnd; id++) {
    if (id % STEP_IDS === 0) yield;
    if (!registry.has(id)) continue;
    const context = registry.context(id);
    if (fits(context)) top.add(rowOf(registry, context));
  }
  return pageOf(query, top);
}

/** The metrics of the contexts that fit, a page of them. */
export function* listMetrics(registry: Registry, query: ContextQuery): Steps<Page<MetricRow>> {
  const fits = filterOf(query);
  const metrics = new Map<ByteString, MetricTotal>();
  for (let id = 0; id < registry.idEnd; id++) {
    if (id % STEP_IDS === 0) yield;
    if (!registry.has(id)) continue;
    const context = registry.context(id);
    if (fits(context)) addTo(metrics, registry, context);
  }
  const top = new TopRows<MetricRow>(lastRow(query), orderOf(query));
  let count = 0;
  for (const [name, total] of metrics) {
    if (count++ % STEP_IDS === 0) yield;
    top.add(total.row(name));
  }
  return pageOf(query, top);
}

/** Everything about the metric `name`; undefined when there is none. */
export function* viewMetric(registry: Registry, name: string): Steps<MetricView | undefined> {
  const wanted = toByteString(name);
  const total = new MetricTotal(new TagGrowth());
  const largest = new TopRows<ContextRow>(LARGEST_MAX, { keyOf: ({ samples }) => samples });
  for (let id = 0; id < registry.idEnd; id++) {
    if (id % STEP_IDS === 0) yield;
    if (!registry.has(id) || registry.nameOf(id) !== wanted) continue;
    const context = registry.context(id);
    const row = rowOf(registry, context);
    total.add(context, row);
    largest.add(row);
  }
  if (total.contexts === 0) return undefined;
  return {
    ...total.row(wanted),
    tagKeys: total.growth?.report(TAG_KEYS_MAX) ?? [],
    largest: largest.rows(),
  };
}

/** One metric while its contexts are walked. */
class MetricTotal {
  readonly growth: TagGrowth | undefined;
  contexts = 0;
  private samples = 0;
  private bytes = 0;
  private readonly types = new Set<ContextType>();

  constructor(growth: TagGrowth | undefined) {
    this.growth = growth;
  }

  add(context: Context, { samples, bytes }: ContextRow): void {
    this.contexts++;
    this.samples += samples;
    this.bytes += bytes;
    this.types.add(context.type);
    this.growth?.add(context.tags);
  }

  row(name: ByteString): MetricRow {
    const { contexts, samples, bytes, growth } = this;
    const tagValues = growth === undefined ? null : (growth.report(1)[0]?.distinct ?? 0);
    return { name: toText(name), types: [...this.types], contexts, samples, bytes, tagValues };
  }
}

function addTo(metrics: Map<ByteString, MetricTotal>, registry: Registry, context: Context): void {
  let total = metrics.get(context.name);
  if (total === undefined) {
    total = new MetricTotal(metrics.size < METRICS_MAX ? new TagGrowth() : undefined);
    metrics.set(context.name, total);
  }
  total.add(context, rowOf(registry, context));
}

function rowOf(registry: Registry, { id, name, type, host, tags }: Context): ContextRow {
  const tagBytes = tags.reduce((sum, tag) => sum + tag.length, 0);
  return {
    name: toText(name),
    type,
    host: toText(host),
    tags: tags.map(toText),
    samples: registry.samplesOf(id),
    bytes: name.length + host.length + tagBytes,
    lastSeen: registry.usedAt(id),
  };
}

function filterOf({ search, type }: ContextQuery): (context: Context) => boolean {
  const part = toByteString(search).toLowerCase();
  const holds = (text: ByteString): boolean => text.toLowerCase().includes(part);
  return (context) =>
    (type === undefined || context.type === type) &&
    (part === '' || holds(context.name) || context.tags.some(holds));
}

type Row = ContextRow | MetricRow;

function orderOf({ sort }: ContextQuery): { keyOf: (row: Row) => number | string; ascending?: boolean } {
  switch (sort) {
    case 'name':
      return { keyOf: ({ name }) => name, ascending: true };
    case 'bytes':
      return { keyOf: ({ bytes }) => bytes };
    case 'tag_values':
      return { keyOf: (row) => ('tags' in row ? row.tags.length : (row.tagValues ?? 0)) };
    case 'last_seen':
      return { keyOf: (row) => ('lastSeen' in row ? row.lastSeen : 0) };
    default:
      return { keyOf: ({ samples }) => samples };
  }
}

function lastRow({ page, perPage }: ContextQuery): number {
  return Math.min(page * perPage, ROWS_MAX);
}

function pageOf<T>({ page, perPage }: ContextQuery, top: TopRows<T>): Page<T> {
  return { total: top.seen, page, perPage, rows: top.rows().slice((page - 1) * perPage) };
}
