/**
 * Scenario `scrape`: what a large page for Prometheus costs to render, in this process, with nobody to send it to.
 *
 *   100,000 contexts of 8 tags ─▶ PrometheusOutput ─▶ pieces of a page ─▶ parsed: every series is there, once
 *
 *   families  of 200 names, a fifth of them distributions, all of one name: there the series of a family are sorted; and each
 *             of a name of its own: there the names are
 *   first     a page that has to name the families, finds them unsorted, and code that is not compiled
 *
 * MB are millions of bytes for each second of processor time, that of garbage collections on other threads included. A turn is
 * what is done between two returns to the event loop; its processor time includes those threads too, so it is at most that long.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Context } from '../../src/model/context.ts';
import type { Aggregate } from '../../src/model/series.ts';
import { CumulativeTable } from '../../src/outputs/cumulative/cumulative-table.ts';
import { PrometheusOutput } from '../../src/outputs/prometheus/prometheus-output.ts';
import { type Bench, median } from '../measure.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const CONTEXTS = 100_000;
const FULL_CORPUS_BYTES = 128 << 20;
const PAGES = 7;
const MB_PER_CPU_SECOND_MIN = 30;
const TURN_CPU_MS = 5;
const AT = 1_700_000_010;
const INTERVAL = 10;
const TYPES = ['counter', 'counter', 'counter', 'gauge', 'distribution'] as const;

export async function measureScrape(bench: Bench): Promise<ScenarioResult[]> {
  const contexts = Math.round(CONTEXTS * Math.min(1, bench.corpusBytes / FULL_CORPUS_BYTES));
  return [
    await measurePage('scrape', contexts, 200),
    await measurePage('scrape one name', contexts, 1),
    await measurePage('scrape many names', contexts, contexts),
  ];
}

async function measurePage(name: string, count: number, names: number): Promise<ScenarioResult> {
  const output = fill(count, names);
  const pages: PageCost[] = [];
  for (let i = 0; i <= PAGES; i++) pages.push(await render(output));
  const [first, ...others] = pages as [PageCost, ...PageCost[]];
  const figures = {
    contexts: count,
    pageBytes: first.bytes,
    firstMbPerCpuSecond: first.mbPerCpuSecond,
    mbPerCpuSecond: median(others.map(({ mbPerCpuSecond }) => mbPerCpuSecond)),
    firstTurnCpuMs: first.turnCpuMs,
    turnCpuMs: median(others.map(({ turnCpuMs }) => turnCpuMs)),
  };
  const found = first.lines;
  const wanted = Array.from({ length: count }, (_, id) => linesOf(id % names)).reduce((a, b) => a + b, 0);
  return {
    ...{ name, figures },
    differences: found === wanted ? [] : [`${found} lines of ${wanted}`],
    pass: figures.mbPerCpuSecond >= MB_PER_CPU_SECOND_MIN && figures.turnCpuMs <= TURN_CPU_MS,
  };
}

interface PageCost {
  readonly bytes: number;
  /** Samples. */
  readonly lines: number;
  readonly mbPerCpuSecond: number;
  readonly turnCpuMs: number;
}

async function render(output: PrometheusOutput): Promise<PageCost> {
  const pieces = output.page(undefined).chunks[Symbol.iterator]();
  let text = '';
  let bytes = 0;
  let cpuMs = 0;
  let turnCpuMs = 0;
  let lines = 0;
  for (;;) {
    const before = process.cpuUsage();
    const piece = pieces.next();
    const { user, system } = process.cpuUsage(before);
    cpuMs += (user + system) / 1000;
    turnCpuMs = Math.max(turnCpuMs, (user + system) / 1000);
    if (piece.done === true) break;
    bytes += piece.value.length;
    text = piece.value.toString();
    for (const line of text.split('\n')) if (line !== '' && !line.startsWith('#')) lines++;
    await nextTurn();
  }
  return { bytes, lines, mbPerCpuSecond: bytes / 1000 / cpuMs, turnCpuMs };
}

/** Of a context's series: a distribution has four quantiles, a sum and a count. */
function linesOf(metric: number): number {
  return typeOf(metric) === 'distribution' ? 6 : 1;
}

function typeOf(metric: number): (typeof TYPES)[number] {
  return TYPES[metric % TYPES.length] as (typeof TYPES)[number];
}

function fill(count: number, names: number): PrometheusOutput {
  const contexts = Array.from({ length: count }, (_, id) => contextOf(id, id % names));
  const cumulative = new CumulativeTable({ expirySeconds: 300, keepsBins: false });
  const lookup = (id: number): Context | undefined => {
    const context = contexts[id];
    // A new object each time, as the server's registry makes it.
    return context && { ...context, tags: [...context.tags] };
  };
  const output = new PrometheusOutput({ hostname: 'server', cumulative, lookup, showsOwn: false });
  const batch = contexts.map(aggregateOf);
  const flush = { at: AT, interval: INTERVAL, final: false };
  cumulative.begin(AT);
  output.begin(flush);
  for (const part of cumulative.parts(batch)) output.write(part);
  cumulative.end(AT);
  output.end(flush);
  return output;
}

function contextOf(id: number, metric: number): Context {
  const tags = [
    'env:prod',
    `host-name:ip-10-0-${id % 251}-${(id >> 8) % 251}.eu-west-1.compute.internal`,
    `kube_namespace:team-${id % 11}`,
    `pod_name:checkout-7d9f-${id}`,
    'region:eu-west-1',
    `service:checkout-${id % 37}`,
    `status:${200 + (id % 5)}`,
    `version:1.${id % 17}.${id % 5}`,
  ];
  return { id, name: `app.${metric}.requests.latency`, host: '', tags, type: typeOf(metric) };
}

function aggregateOf(context: Context): Aggregate {
  const { id, type } = context;
  const at = { context, timestamp: AT - INTERVAL, interval: INTERVAL, series: [] };
  if (type === 'counter') return { ...at, data: { kind: 'counter', sum: id * 1.5 } };
  if (type === 'gauge') return { ...at, data: { kind: 'gauge', value: id / 7 } };
  const sketch = {
    ...{ count: 3, sum: id * 3.3, min: id, max: id * 1.2, avg: id * 1.1, quantile: () => id },
    keys: Int32Array.of(1500 + (id % 50), 1560, 1600),
    counts: Float64Array.of(1, 1, 1),
  };
  return { ...at, data: { kind: 'distribution', sketch } };
}
