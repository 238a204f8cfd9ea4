/**
 * What the table does not show: a burst of new contexts, and memory.
 *
 *   burst   50,000 contexts that nobody has seen, at 100,000 lines/s over UDP with the system's receive buffer,
 *           in datagrams of 1,432 bytes and then one line in each; no more may be lost than L0 loses
 *   enrich  mapper and filters on versus off, and 10,000 mapper rules (enrich.ts)
 *   gc      collections of garbage in the listener thread while it sees only lines it knows: none
 *   flush   how long flushing 100,000 contexts keeps the threads from their other work (flush.ts)
 *   payloads  what 100,000 series and 20,000 sketches cost on their way to Datadog (payloads.ts)
 *   outputs  what 100,000 series cost on their way to remote write, OTLP, InfluxDB and Graphite (outputs.ts)
 *   cardinality  a million contexts in a minute with room for a tenth of them (cardinality.ts)
 *   capture  what copying packets for captures and for looking back costs (capture.ts)
 *   origin  origin detection off and on, from one sender and from 50 (origin.ts)
 *   looking  eight readers of the live page and one of the tail (looking.ts)
 *   distinct  what the statistics hold against a flood of 10,000,000 contexts (distinct.ts)
 *   statistics  what the statistics cost, with and without (statistics.ts)
 *   contexts  memory with 250,000 contexts and with a million, and what each takes (many-contexts.ts)
 *   global  partials sealed by an edge and merged by an owner in a CPU second (global.ts)
 *   scrape  what a page of 100,000 contexts for Prometheus costs (scrape.ts)
 *   workers  what a packet costs with one thread for UDP and with two (workers.ts)
 *   start   what a start costs, and a server at rest: memory, wake-ups (start.ts)
 *   memory  resident size: idle; under smp; with 100,000 contexts of 26 tags at 50 MiB/s
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Bench,
  inDirectory,
  measureLimit,
  measureServer,
  median,
  type ServerResult,
  withSender,
} from './measure.ts';
import { type SenderProcess, ServerProcess } from './processes.ts';
import type { ScenarioResult } from './scenario-result.ts';
import { measureCapture } from './scenarios/capture.ts';
import { measureCardinality } from './scenarios/cardinality.ts';
import { measureDistinct } from './scenarios/distinct.ts';
import { measureEnrichment } from './scenarios/enrich.ts';
import { measureFlush } from './scenarios/flush.ts';
import { measureGlobal } from './scenarios/global.ts';
import { measureLooking } from './scenarios/looking.ts';
import { measureManyContexts } from './scenarios/many-contexts.ts';
import { measureOrigin } from './scenarios/origin.ts';
import { measureOutputs } from './scenarios/outputs.ts';
import { measurePayloads } from './scenarios/payloads.ts';
import { measureScrape } from './scenarios/scrape.ts';
import { measureStart } from './scenarios/start.ts';
import { measureStatistics } from './scenarios/statistics.ts';
import { measureWorkers } from './scenarios/workers.ts';

export const SCENARIOS = {
  burst: measureBurst,
  start: measureStart,
  memory: measureMemory,
  gc: measureGarbage,
  enrich: measureEnrichment,
  payloads: measurePayloads,
  outputs: measureOutputs,
  flush: measureFlush,
  cardinality: measureCardinality,
  capture: measureCapture,
  origin: measureOrigin,
  looking: measureLooking,
  distinct: measureDistinct,
  statistics: measureStatistics,
  contexts: measureManyContexts,
  scrape: measureScrape,
  global: measureGlobal,
  workers: measureWorkers,
} as const;
export type ScenarioName = keyof typeof SCENARIOS;

const MIB = 1 << 20;
const BURST_LINES_PER_SECOND = 100_000;
const BURST_CORPUS_BYTES = 16 * MIB;
const WIDE_BYTES_PER_SECOND = 50 * MIB;
/** Holds the 100,000 contexts once; they take about 210 MiB. */
const WIDE_CORPUS_BYTES = 256 * MIB;
const IDLE_SECONDS = 3;
const WARM_UP_SECONDS = 3;
/** What the server may take, MiB. */
const IDLE_MIB = 90;
const SMP_MIB = 150;
const WIDE_MIB = 250;

async function measureBurst(bench: Bench): Promise<ScenarioResult[]> {
  const bytes = Math.min(BURST_CORPUS_BYTES, bench.corpusBytes);
  const results: ScenarioResult[] = [];
  for (const shape of ['burst', 'burst1'] as const) {
    const corpus = { shape, bytes, packetBytesMax: 1432 };
    results.push(await withSender(bench, corpus, (sender) => measureBurstOf(bench, shape, sender)));
  }
  return results;
}

/**
 * With the default receive buffer and one line in each datagram even L0 loses some, whenever it is not scheduled
 * for 3 ms. So medians are compared: the server may lose no more than L0, which is nothing for full datagrams.
 */
async function measureBurstOf(bench: Bench, name: string, sender: SenderProcess): Promise<ScenarioResult> {
  const { packets, lines } = sender.corpus;
  const traffic = { passes: 1, packetsPerSecond: (BURST_LINES_PER_SECOND * packets) / lines };
  const limitLosses: number[] = [];
  const results: ServerResult[] = [];
  for (let run = 0; run < bench.runs; run++) {
    limitLosses.push((await measureLimit(bench, sender, 'udp', traffic, 0)).loss);
    results.push(await measureServer(bench, sender, 'udp', traffic, 0));
  }
  const loss = median(results.map(({ balance }) => balance.loss));
  const limitLoss = median(limitLosses);
  const figures = {
    linesPerSecond: median(results.map(({ totals, seconds }) => totals.lines / seconds)),
    packetsPerSecond: median(results.map(({ totals, seconds }) => totals.packets / seconds)),
    loss,
    limitLoss,
    rssPeakMib: median(results.map(({ rssPeakMib }) => rssPeakMib)),
  };
  const surplus = results.some(({ balance }) => balance.loss === 0 && balance.differences.length > 0);
  const differences = [...new Set(results.flatMap(({ balance }) => balance.differences))];
  return { name, figures, differences, pass: loss <= limitLoss && !surplus };
}

async function measureMemory(bench: Bench): Promise<ScenarioResult[]> {
  const idle = await inDirectory(async (directory) => {
    const { port, serverFlags: flags } = bench;
    const setup = { directory, port, receiveBufferBytes: 0, flags, only: 'udp' } as const;
    const server = await ServerProcess.start(setup);
    try {
      await sleep(1000 * Math.min(IDLE_SECONDS, bench.seconds));
      const { rssMib, cpuMs } = server.usage();
      await server.stop();
      return { rssMib, startCpuMs: cpuMs };
    } finally {
      server.kill();
    }
  });
  const smp = await measureLoad(bench, 'smp', bench.corpusBytes, {});
  const wideBytes = Math.min(WIDE_CORPUS_BYTES, 2 * bench.corpusBytes);
  const wide = await measureLoad(bench, 'wide', wideBytes, { bytesPerSecond: WIDE_BYTES_PER_SECOND });
  return [
    { name: 'idle', figures: idle, differences: [], pass: idle.rssMib <= IDLE_MIB },
    { ...smp, pass: smp.pass && (smp.figures.rssMib ?? 0) <= SMP_MIB },
    { ...wide, pass: wide.pass && (wide.figures.rssMib ?? 0) <= WIDE_MIB },
  ];
}

/**
 * Node.js prints every collection with the address of the heap it belongs to; the listener thread's heap is the
 * last one that appears. It is given time to learn the lines, then only repeats may come.
 */
async function measureGarbage(bench: Bench): Promise<ScenarioResult[]> {
  const corpus = {
    shape: 'smp',
    bytes: Math.min(BURST_CORPUS_BYTES, bench.corpusBytes),
    packetBytesMax: 8192,
  } as const;
  return withSender(bench, corpus, (sender) =>
    inDirectory(async (directory) => {
      const setup = { directory, port: bench.port, receiveBufferBytes: 0, flags: bench.serverFlags } as const;
      const server = await ServerProcess.start({ ...setup, only: 'unix', nodeFlags: ['--trace-gc'] });
      try {
        await sender.send({ destination: server.unix, seconds: WARM_UP_SECONDS });
        const before = collections(server.output());
        const sent = await sender.send({ destination: server.unix, seconds: 2 * bench.seconds });
        const after = collections(server.output());
        await server.stop();
        const figures = {
          packets: sent.totals.packets,
          seconds: sent.seconds,
          collections: after.ofLastHeap - before.ofLastHeap,
          collectionsWhileLearning: before.ofLastHeap,
        };
        const seen = before.ofLastHeap > 0 && before.lastHeap === after.lastHeap;
        return [{ name: 'gc', figures, differences: [], pass: seen && figures.collections === 0 }];
      } finally {
        server.kill();
      }
    }),
  );
}

/** Collections in a log of --trace-gc, of the heap that was first seen last. */
function collections(log: string): { lastHeap: string; ofLastHeap: number } {
  const heaps = [...log.matchAll(/^\[\d+:(0x[0-9a-f]+)\].* ms: (?:Scavenge|Mark-Compact)/gm)].map(
    ([, heap]) => heap ?? '',
  );
  const lastHeap = [...new Set(heaps)].at(-1) ?? '';
  return { lastHeap, ofLastHeap: heaps.filter((heap) => heap === lastHeap).length };
}

/** Long enough for a bucket to close under load at full length: flushing is when memory peaks. */
async function measureLoad(
  bench: Bench,
  shape: 'smp' | 'wide',
  bytes: number,
  rate: { bytesPerSecond?: number },
): Promise<ScenarioResult> {
  const traffic = { ...rate, seconds: 3 * bench.seconds };
  const result = await withSender(bench, { shape, bytes, packetBytesMax: 8192 }, (sender) =>
    measureServer({ ...bench, only: 'unix' }, sender, 'unix', traffic, 0),
  );
  const { differences, loss } = result.balance;
  const figures = {
    mibPerSecond: result.totals.bytes / MIB / result.seconds,
    rssMib: result.usage.rssMib,
    rssPeakMib: result.rssPeakMib,
    loss,
  };
  return { name: `memory of ${shape}`, figures, differences, pass: differences.length === 0 };
}
