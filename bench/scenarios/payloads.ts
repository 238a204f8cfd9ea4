/**
 * What a large flush costs on its way to Datadog: 100,000 series and 20,000 sketches are encoded, packed and
 * compressed in this process, with nobody to send them to.
 *
 *   cpuMs         CPU time of all threads together
 *   delayMaxMs    the longest time the event loop was held up: by this work, by collecting garbage, by others
 *   turnCpuMaxMs  the most CPU time one turn of the event loop took, which other programs have no part in; Linux
 *
 * The first flush, which the compiler has not seen yet, is shown apart, as a server has it once. CPU time is judged
 * with it. What blocks the event loop is judged by the CPU time of a turn, because on a busy machine any program is kept
 * from its turn by others; where that is not known, by the delay.
 *
 * What came out is decoded by the generated code and has to be what went in.
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { loadConfig } from '../../src/config/load.ts';
import type { Aggregate } from '../../src/model/series.ts';
import { DatadogOutput, type PayloadSettings } from '../../src/outputs/datadog/datadog-output.ts';
import type { Payload } from '../../src/outputs/datadog/payload.ts';
import { FanOut } from '../../src/outputs/fan-out.ts';
import { payloadSettings } from '../../src/server/outputs/payload-settings.ts';
import { DecodeBudget, readAtOnce } from '../../src/testing/fake-intake/decode-budget.ts';
import { readSeriesColumns } from '../../src/testing/fake-intake/decode-columns.ts';
import { decompress } from '../../src/testing/fake-intake/decompress.ts';
import { type Bench, median } from '../measure.ts';
import { MetricPayloadSchema, SketchPayloadSchema } from '../proto/metrics_pb.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const SERIES = 100_000;
const SKETCHES = 20_000;
const BINS = 60;
const BATCH = 500;
const FULL_CORPUS_BYTES = 128 << 20;
const CPU_MS_MAX = 1000;
const DELAY_MS_MAX = 50;
const PAYLOAD_BYTES_MAX = 64 << 20;

const SETTINGS: PayloadSettings = payloadSettings(loadConfig({}).config, 'v2-protobuf');
const VARIANTS: readonly (readonly [string, Partial<PayloadSettings>])[] = [
  ['payloads', {}],
  ['payloads zlib 6', { compressor: 'zlib', zlibLevel: 6 }],
  ['payloads columns', { series: 'v3-columns' }],
  ['payloads json', { series: 'v2-json' }],
];
/** The variant that has to meet the targets. */
const JUDGED = 'payloads';

interface FlushCost {
  readonly cpuMs: number;
  readonly delayMs: number;
  readonly payloads: readonly Payload[];
}

export async function measurePayloads(bench: Bench): Promise<ScenarioResult[]> {
  const share = Math.min(1, bench.corpusBytes / FULL_CORPUS_BYTES);
  const batches = makeBatches(Math.round(SERIES * share), Math.round(SKETCHES * share));
  const results: ScenarioResult[] = [];
  for (const [name, changes] of VARIANTS) {
    const costs: FlushCost[] = [];
    for (let run = 0; run <= bench.runs; run++) costs.push(await flush(batches, { ...SETTINGS, ...changes }));
    const turnMs = await longestTurn(batches, { ...SETTINGS, ...changes });
    results.push(await summarize(name, costs, turnMs, batches));
  }
  return results;
}

async function flush(batches: readonly Aggregate[][], settings: PayloadSettings): Promise<FlushCost> {
  const { deliver, payloads } = prepare(batches, settings);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // The monitor has to see the loop at rest, or the first long turn is not a delay to it.
  await sleep(20);
  delay.reset();
  const before = process.cpuUsage();
  await deliver();
  const { user, system } = process.cpuUsage(before);
  delay.disable();
  return { cpuMs: (user + system) / 1000, delayMs: delay.max / 1e6, payloads };
}

/** Looks at this thread's CPU time in every turn of the event loop while a flush goes on; 0 where there is no /proc. */
async function longestTurn(batches: readonly Aggregate[][], settings: PayloadSettings): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const { deliver } = prepare(batches, settings);
  // The first number is the time on a processor, ns.
  const cpuMs = (): number => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
  let longest = 0;
  let running = true;
  let before = cpuMs();
  const look = (): void => {
    const now = cpuMs();
    longest = Math.max(longest, now - before);
    before = now;
    if (running) setImmediate(look);
  };
  setImmediate(look);
  await deliver();
  running = false;
  return longest;
}

function prepare(batches: readonly Aggregate[][], settings: PayloadSettings) {
  const payloads: Payload[] = [];
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const sink = {
    submit: (payload: Payload) => void payloads.push(payload),
    close: async () => ({ undelivered: 0 }),
    metrics: () => [],
  };
  const output = new DatadogOutput({ hostname: 'bench', settings, log, sink });
  const fanOut = new FanOut([output], log);
  const deliver = async (): Promise<void> => {
    await fanOut.deliver({ at: 0, interval: 10, final: false }, batches);
    await fanOut.close(60_000);
  };
  return { deliver, payloads };
}

async function summarize(
  name: string,
  costs: readonly FlushCost[],
  turnCpuMaxMs: number,
  batches: readonly Aggregate[][],
): Promise<ScenarioResult> {
  const [first, ...later] = costs as [FlushCost, ...FlushCost[]];
  const { payloads } = first;
  const figures = {
    cpuMs: median(later.map(({ cpuMs }) => cpuMs)),
    firstCpuMs: first.cpuMs,
    delayMaxMs: median(later.map(({ delayMs }) => delayMs)),
    firstDelayMaxMs: first.delayMs,
    turnCpuMaxMs,
    payloads: payloads.length,
    compressedBytes: payloads.reduce((sum, { body }) => sum + body.length, 0),
  };
  const differences = await compare(payloads, batches.flat());
  const isFast =
    Math.max(figures.cpuMs, figures.firstCpuMs) < CPU_MS_MAX &&
    (figures.turnCpuMaxMs || figures.delayMaxMs) <= DELAY_MS_MAX;
  return { name, figures, differences, pass: differences.length === 0 && (isFast || name !== JUDGED) };
}

/** One sentence for each kind of which not everything came out once. */
async function compare(payloads: readonly Payload[], aggregates: readonly Aggregate[]): Promise<string[]> {
  const seen = { series: new Set<string>(), sketches: new Set<string>() };
  let items = 0;
  for (const { kind, route, headers, body } of payloads) {
    const bytes = await decompress(body, headers['Content-Encoding'] ?? '', PAYLOAD_BYTES_MAX);
    if (kind === 'sketches') {
      for (const { metric, tags, dogsketches } of fromBinary(SketchPayloadSchema, bytes).sketches) {
        seen.sketches.add(`${metric} ${tags} ${dogsketches[0]?.k} ${dogsketches[0]?.n}`);
        items++;
      }
    } else {
      const series = readSeries(route, headers['Content-Type'] === 'application/json', bytes);
      for (const { metric, tags, points } of series) seen.series.add(`${metric} ${tags} ${points[0]?.value}`);
      items += series.length;
    }
  }
  const lost = aggregates.filter(({ context: { name, tags }, data, series }) =>
    data.kind === 'distribution'
      ? !seen.sketches.has(`${name} ${tags} ${data.sketch.keys} ${data.sketch.counts}`)
      : !seen.series.has(`${name} ${tags} ${series[0]?.value}`),
  ).length;
  const differences: string[] = [];
  if (lost > 0) differences.push(`${lost} of ${aggregates.length} series and sketches are missing`);
  if (items !== aggregates.length) differences.push(`${items} came out, ${aggregates.length} went in`);
  return differences;
}

interface ReadSeries {
  readonly metric: string;
  readonly tags: readonly string[];
  readonly points: readonly { readonly value: number }[];
}

function readSeries(route: string, isJson: boolean, bytes: Uint8Array): readonly ReadSeries[] {
  if (isJson) return JSON.parse(Buffer.from(bytes).toString()).series;
  if (route.includes('/v3/')) return readAtOnce(readSeriesColumns(bytes, new DecodeBudget()));
  return fromBinary(MetricPayloadSchema, bytes).series;
}

function makeBatches(seriesCount: number, sketchCount: number): Aggregate[][] {
  const aggregates = Array.from({ length: seriesCount + sketchCount }, (_, i) =>
    i < seriesCount ? makeSeries(i) : makeSketch(i),
  );
  const batches: Aggregate[][] = [];
  for (let at = 0; at < aggregates.length; at += BATCH) batches.push(aggregates.slice(at, at + BATCH));
  return batches;
}

function makeSeries(i: number): Aggregate {
  const isCounter = i % 2 === 0;
  const value = isCounter ? (i % 1000) / 10 : Math.sin(i) * 1000;
  return {
    context: contextOf(i, isCounter ? 'counter' : 'gauge'),
    timestamp: 1_700_000_000,
    interval: 10,
    data: isCounter ? { kind: 'counter', sum: value * 10 } : { kind: 'gauge', value },
    series: [{ suffix: '', type: isCounter ? 'rate' : 'gauge', value }],
  };
}

function makeSketch(i: number): Aggregate {
  const keys: number[] = [];
  const counts: number[] = [];
  for (let bin = 0, key = 1300 + (i % 100); bin < BINS; bin++) {
    key += 1 + ((i * bin) % 3);
    keys.push(key);
    counts.push(1 + ((i * bin) % 7));
  }
  const sketch = {
    count: 200,
    min: 1,
    max: 100,
    sum: 5000 + i,
    avg: 25 + i / 7,
    keys,
    counts,
    quantile: () => 0,
  };
  return {
    context: contextOf(i, 'distribution'),
    timestamp: 1_700_000_000,
    interval: 10,
    data: { kind: 'distribution', sketch },
    series: [{ suffix: '', type: 'distribution', value: sketch.sum }],
  };
}

/** About as long and as varied as what services send: six tags, one of them different for each context. */
function contextOf(i: number, type: Aggregate['context']['type']): Aggregate['context'] {
  const pod = ((i * 2_654_435_761) >>> 0).toString(36);
  const tags = [
    'env:prod',
    `region:eu-west-${i % 3}`,
    `pod:api-${pod}`,
    `endpoint:/v1/users/${i % 1000}`,
    `version:1.${i % 9}.0`,
    `status:${200 + (i % 5)}`,
  ];
  return { id: i, name: `service.${i % 50}.requests.latency`, type, host: `web-${i % 20}`, tags };
}
