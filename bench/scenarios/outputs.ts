/**
 * What a large flush costs the outputs that are no Datadog: 100,000 series on their way to a receiver in another process,
 * which takes everything.
 *
 *   cpuMs         CPU time of all threads together, requests included
 *   turnCpuMaxMs  the most CPU time one turn of the event loop took, which other programs have no part in; Linux
 *   delayMaxMs    the longest time the event loop was held up: by this work, by collecting garbage, by others
 *
 * Six series in ten are counters, two gauges, two distributions of 15 bins, each with four tags. The first flush, in which
 * every series is new and which the compiler has not seen yet, is shown apart. What the receiver took is counted.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load.ts';
import type { Context } from '../../src/model/context.ts';
import type { Aggregate } from '../../src/model/series.ts';
import { FanOut } from '../../src/outputs/fan-out.ts';
import type { Output } from '../../src/outputs/output.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { type Bench, median } from '../measure.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const SERIES = 100_000;
const BINS = 15;
/** As the sampler makes them. */
const BATCH = 100;
const BUCKET_SECONDS = 10;
const FULL_CORPUS_BYTES = 128 << 20;
const CPU_MS_MAX = 1500;
const TURN_MS_MAX = 15;
const IDLE_MS = 60_000;

/** Takes HTTP requests as receivers of remote write, OTLP and InfluxDB do, and lines over TCP. */
const RECEIVER = `
  const { createServer } = require('node:http');
  const net = require('node:net');
  const http = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const isOtlp = request.url.startsWith('/v1/');
      response.writeHead(isOtlp ? 200 : 204, isOtlp ? { 'content-type': 'application/x-protobuf' } : {
        'x-prometheus-remote-write-samples-written': '1000000',
        'x-prometheus-remote-write-histograms-written': '1000000',
      }).end();
    });
  }).listen(0, '127.0.0.1', () => {
    const lines = net.createServer((socket) => socket.resume()).listen(0, '127.0.0.1', () =>
      console.log(http.address().port + ' ' + lines.address().port));
  });
`;

interface Variant {
  readonly name: string;
  readonly set: (http: number, tcp: number) => Readonly<Record<string, string>>;
}

const VARIANTS: readonly Variant[] = [
  {
    name: 'outputs remote_write',
    set: (port) => ({
      'outputs.remote_write.url': `http://127.0.0.1:${port}/write`,
      'outputs.remote_write.version': '2',
    }),
  },
  { name: 'outputs otlp delta', set: (port) => ({ 'outputs.otlp.url': `http://127.0.0.1:${port}` }) },
  {
    name: 'outputs otlp cumulative',
    set: (port) => ({
      'outputs.otlp.url': `http://127.0.0.1:${port}`,
      'outputs.otlp.temporality': 'cumulative',
    }),
  },
  {
    name: 'outputs influxdb',
    set: (port) => ({ 'outputs.influxdb.url': `http://127.0.0.1:${port}/write` }),
  },
  { name: 'outputs graphite', set: (_, port) => ({ 'outputs.graphite.url': `tcp://127.0.0.1:${port}` }) },
];

interface FlushCost {
  readonly cpuMs: number;
  readonly turnMs: number;
  readonly delayMs: number;
}

export async function measureOutputs(bench: Bench): Promise<ScenarioResult[]> {
  const share = Math.min(1, bench.corpusBytes / FULL_CORPUS_BYTES);
  const contexts = makeContexts(Math.round(SERIES * share));
  const { child, http, tcp } = await startReceiver();
  try {
    const results: ScenarioResult[] = [];
    for (const { name, set } of VARIANTS)
      results.push(await measureOne(name, set(http, tcp), contexts, bench));
    return results;
  } finally {
    child.kill();
  }
}

async function measureOne(
  name: string,
  settings: Readonly<Record<string, string>>,
  contexts: readonly Context[],
  bench: Bench,
): Promise<ScenarioResult> {
  const outputs = await open(settings, contexts);
  const fanOut = new FanOut(outputs, QUIET);
  const costs: FlushCost[] = [];
  let at = Math.floor(Date.now() / 1000 / BUCKET_SECONDS) * BUCKET_SECONDS;
  for (let run = 0; run <= bench.runs; run++) {
    at += BUCKET_SECONDS;
    costs.push(await flush(fanOut, contexts, at));
  }
  const lost = fanOut
    .totals()
    .flatMap(({ stage, dropped, rejected }) =>
      [...Object.entries(dropped), ...Object.entries(rejected)].map(([why, count]) => ({
        stage,
        why,
        count,
      })),
    )
    .filter(({ count }) => count > 0);
  const held = heldIn(fanOut);
  await fanOut.close(IDLE_MS);
  const [first, ...later] = costs as [FlushCost, ...FlushCost[]];
  const figures = {
    series: contexts.length,
    cpuMs: median(later.map(({ cpuMs }) => cpuMs)),
    firstCpuMs: first.cpuMs,
    turnCpuMaxMs: Math.max(...later.map(({ turnMs }) => turnMs)),
    firstTurnCpuMaxMs: first.turnMs,
    delayMaxMs: median(later.map(({ delayMs }) => delayMs)),
  };
  const differences = lost.map(({ stage, why, count }) => `${stage}: ${count} lost as ${why}`);
  if (held > 0) differences.push(`${held} payloads, items and points are not delivered`);
  const isFast = figures.cpuMs <= CPU_MS_MAX && (figures.turnCpuMaxMs || figures.delayMaxMs) <= TURN_MS_MAX;
  return { name, figures, differences, pass: differences.length === 0 && isFast };
}

/** Gives the outputs one bucket of all series, and waits until it is delivered. */
async function flush(fanOut: FanOut, contexts: readonly Context[], at: number): Promise<FlushCost> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sleep(20);
  delay.reset();
  const turns = new Turns();
  const before = process.cpuUsage();
  await fanOut.deliver(
    { at, interval: BUCKET_SECONDS, final: false },
    batchesOf(contexts, at - BUCKET_SECONDS),
  );
  const until = Date.now() + IDLE_MS;
  while (heldIn(fanOut) > 0 && Date.now() < until) await sleep(1);
  const { user, system } = process.cpuUsage(before);
  delay.disable();
  return { cpuMs: (user + system) / 1000, turnMs: turns.stop(), delayMs: delay.max / 1e6 };
}

function heldIn(fanOut: FanOut): number {
  return fanOut
    .totals()
    .filter(({ stage }) => stage === 'delivery')
    .reduce((sum, { held }) => sum + Object.values(held).reduce((all, count) => all + count, 0), 0);
}

/** Looks at this thread's CPU time in every turn of the event loop; 0 where there is no /proc. */
class Turns {
  private longest = 0;
  private isRunning = process.platform === 'linux';
  private before = 0;

  constructor() {
    if (!this.isRunning) return;
    this.before = cpuMs();
    setImmediate(() => this.look());
  }

  stop(): number {
    this.isRunning = false;
    return this.longest;
  }

  private look(): void {
    const now = cpuMs();
    this.longest = Math.max(this.longest, now - this.before);
    this.before = now;
    if (this.isRunning) setImmediate(() => this.look());
  }
}

/** The first number is the time on a processor, ns. */
function cpuMs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

async function open(
  settings: Readonly<Record<string, string>>,
  contexts: readonly Context[],
): Promise<Output[]> {
  const flags = Object.entries(settings).map(([key, value]) => ({ flag: '--set', key, value }));
  const { config } = loadConfig({ flags });
  const around = {
    log: QUIET,
    context: (id: number) => contexts[id] as Context,
    exposureOf: () => undefined,
  };
  const [{ openRemoteWrite }, { openOtlp }, { openInfluxdb, openGraphite }] = await Promise.all([
    built<typeof import('../../src/server/outputs/open-remote-write.ts')>('open-remote-write'),
    built<typeof import('../../src/server/outputs/open-otlp.ts')>('open-otlp'),
    built<typeof import('../../src/server/outputs/open-lines.ts')>('open-lines'),
  ]);
  return [
    ...(await openRemoteWrite(config, around)),
    ...(await openOtlp(config, around)),
    ...(await openInfluxdb(config, QUIET)),
    ...(await openGraphite(config, QUIET)),
  ];
}

/** A module of the built server, which finds its version beside it. */
function built<Module>(name: string): Promise<Module> {
  return import(new URL(`../../server/outputs/${name}.js`, import.meta.url).href) as Promise<Module>;
}

function makeContexts(count: number): Context[] {
  return Array.from({ length: count }, (_, id): Context => {
    const kind = id % 10;
    return {
      id,
      name: `service.requests.metric_${id % 500}.${kind}`,
      type: kind < 6 ? 'counter' : kind < 8 ? 'gauge' : 'distribution',
      host: 'bench-host',
      tags: [
        `env:prod`,
        `service:checkout-${id % 50}`,
        `pod:checkout-7d9f-${id}`,
        `region:eu-west-${id % 3}`,
      ],
    };
  });
}

function* batchesOf(contexts: readonly Context[], timestamp: number): Generator<Aggregate[]> {
  for (let start = 0; start < contexts.length; start += BATCH)
    yield contexts.slice(start, start + BATCH).map((context) => aggregateOf(context, timestamp));
}

function aggregateOf(context: Context, timestamp: number): Aggregate {
  const shared = { context, timestamp, interval: BUCKET_SECONDS };
  const value = (context.id % 1000) + 0.5;
  if (context.type === 'counter')
    return {
      ...shared,
      data: { kind: 'counter', sum: value },
      series: [{ suffix: '', type: 'rate', value: value / BUCKET_SECONDS }],
    };
  if (context.type === 'gauge')
    return { ...shared, data: { kind: 'gauge', value }, series: [{ suffix: '', type: 'gauge', value }] };
  return {
    ...shared,
    data: { kind: 'distribution', sketch: SKETCH },
    series: [{ suffix: '', type: 'distribution', value: SKETCH.sum }],
  };
}

const SKETCH = {
  count: 2 * BINS,
  min: 1,
  max: 30,
  sum: 300,
  avg: 10,
  keys: Array.from({ length: BINS }, (_, i) => 1338 + 12 * i),
  counts: Array.from({ length: BINS }, () => 2),
  quantile: (q: number) => 1 + 29 * q,
};

async function startReceiver(): Promise<{ child: ChildProcess; http: number; tcp: number }> {
  const child = spawn(process.execPath, ['-e', RECEIVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [http = 0, tcp = 0] = line.toString().trim().split(' ').map(Number);
  return { child, http, tcp };
}

const QUIET = makeLogger('off');
