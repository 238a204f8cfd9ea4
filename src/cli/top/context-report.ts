/**
 * The report of the Datadog Agent's `dogstatsd top` over a dump of contexts: byte for byte what the Agent prints.
 *
 *      Contexts	Metric name	(number of unique values for each tag)
 *             3	a.metric	(2 env, 1 service)
 *             4	(other 2 metrics)
 *
 * Metrics with most contexts first, then by name. One more than the limit is shown instead of "other 1". A tag key is
 * the text before the first colon; its count is of distinct whole tags. Tags of the tagger do not count.
 *
 * A dump is JSON objects one after another, compressed with zstd when the name of the file ends in `.zstd`.
 */
import { readFile } from 'node:fs/promises';
import { decompress } from 'fzstd';

export interface ReportLimits {
  readonly metrics: number;
  readonly tags: number;
}

interface DumpedContext {
  readonly Name?: string;
  readonly MetricTags?: readonly string[] | null;
}

interface Metric {
  contexts: number;
  /** Distinct tags by key. */
  readonly tags: Map<string, Set<string>>;
}

export async function reportFile(path: string, limits: ReportLimits): Promise<string> {
  const bytes = await readFile(path);
  const plain = path.endsWith('.zstd') ? decompress(bytes) : bytes;
  return contextReport(
    Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString('utf8'),
    limits,
  );
}

export function contextReport(dump: string, limits: ReportLimits): string {
  const metrics = new Map<string, Metric>();
  for (const text of objectsOf(dump)) {
    const { Name: name = '', MetricTags: tags } = JSON.parse(text) as DumpedContext;
    const metric = metrics.get(name) ?? { contexts: 0, tags: new Map() };
    metrics.set(name, metric);
    metric.contexts++;
    for (const tag of tags ?? []) {
      const colon = tag.indexOf(':');
      const key = colon < 0 ? tag : tag.slice(0, colon);
      metric.tags.set(key, (metric.tags.get(key) ?? new Set()).add(tag));
    }
  }
  const ordered = [...metrics].sort(([a, x], [b, y]) => y.contexts - x.contexts || (a < b ? -1 : 1));
  const shown = shownCount(ordered.length, limits.metrics);
  const lines = ['   Contexts\tMetric name\t(number of unique values for each tag)'];
  for (const [name, metric] of ordered.slice(0, shown))
    lines.push(`${aligned(metric.contexts)}\t${name}\t(${describeTags(metric.tags, limits.tags)})`);
  const rest = ordered.slice(shown);
  if (rest.length > 0) {
    const contexts = rest.reduce((sum, [, metric]) => sum + metric.contexts, 0);
    lines.push(`${aligned(contexts)}\t(other ${rest.length} metrics)`);
  }
  return `${lines.join('\n')}\n`;
}

function describeTags(tags: ReadonlyMap<string, ReadonlySet<string>>, limit: number): string {
  const ordered = [...tags].sort(([a, x], [b, y]) => y.size - x.size || (a < b ? -1 : 1));
  const shown = shownCount(ordered.length, limit);
  const parts = ordered.slice(0, shown).map(([key, values]) => `${values.size} ${key}`);
  const rest = ordered.slice(shown);
  if (rest.length > 0) {
    const values = rest.reduce((sum, [, own]) => sum + own.size, 0);
    parts.push(`${values} values in ${rest.length} other tags`);
  }
  return parts.join(', ');
}

/** Instead of "other 1" that one is shown. */
function shownCount(count: number, limit: number): number {
  return count === limit + 1 ? count : Math.min(count, limit);
}

function aligned(count: number): string {
  return ` ${String(count).padStart(10)}`;
}

/** Objects one after another, on lines of their own or not. */
function* objectsOf(text: string): Generator<string> {
  let depth = 0;
  let start = 0;
  let isText = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (isText) {
      if (char === '\\') i++;
      else if (char === '"') isText = false;
    } else if (char === '"') isText = true;
    else if (char === '{') {
      if (depth++ === 0) start = i;
    } else if (char === '}' && --depth === 0) yield text.slice(start, i + 1);
  }
}
