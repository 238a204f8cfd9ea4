/**
 * Scenario `statistics`: what the statistics that are always on cost.
 *
 *   smp, prod ──Unix──▶ server with them, and without; both take turns, for two buckets and the last flush
 *
 * Nothing of them is in the hot path: they are fed on the control thread when a bucket is sealed, and look at the
 * counters once a second. So the processor time of that thread is compared besides the speed: what it takes more with
 * statistics, as a share of what the whole server takes, is steadier than two speeds.
 *
 * Off  is no key of the server. without-statistics.ts, read before the server, keeps them from starting.
 * Asked for: below 0.01 of the processor time.
 */
import { fileURLToPath } from 'node:url';
import { balance, observe } from '../conservation.ts';
import type { ShapeName } from '../corpus/shapes.ts';
import { type Bench, median, withSender } from '../measure.ts';
import type { SenderProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';
import { addTotals } from '../totals.ts';
import { withLiveServer } from './live-server.ts';

const MIB = 1 << 20;
const CORPUS_BYTES = 32 * MIB;
const COST_TARGET = 0.01;
/** Of the length of a measurement: 20 seconds by default, in which two buckets of 10 seconds end. */
const LENGTHS = 4;
const OFF = fileURLToPath(new URL('../without-statistics.js', import.meta.url));

export async function measureStatistics(bench: Bench): Promise<ScenarioResult[]> {
  const isTiny = bench.corpusBytes < CORPUS_BYTES;
  const results: ScenarioResult[] = [];
  for (const shape of isTiny ? (['smp'] as const) : (['smp', 'prod'] as const))
    results.push(await measureCost(bench, shape));
  return results;
}

interface Turn {
  readonly mibPerSecond: number;
  readonly cpuMs: number;
  readonly controlMs: number;
  readonly metrics: number;
  readonly differences: readonly string[];
}

async function measureCost(bench: Bench, shape: ShapeName): Promise<ScenarioResult> {
  const corpus = { shape, bytes: Math.min(CORPUS_BYTES, bench.corpusBytes), packetBytesMax: 8192 };
  const [off, on] = await withSender(bench, corpus, async (sender) => {
    const turns: [Turn[], Turn[]] = [[], []];
    for (let run = 0; run < bench.runs; run++) {
      for (const isOn of run % 2 === 0 ? [false, true] : [true, false])
        turns[Number(isOn)]?.push(await measureTurn(bench, sender, isOn));
    }
    return turns;
  });
  const rounds = on.map((turn, round) => [turn, off[round] ?? turn] as const);
  const figures = {
    speedShare: median(rounds.map(([a, b]) => a.mibPerSecond / b.mibPerSecond)),
    controlMsPerSecondOff: median(off.map(({ controlMs }) => controlMs)),
    controlMsPerSecondOn: median(on.map(({ controlMs }) => controlMs)),
    cpuMsPerSecondOn: median(on.map(({ cpuMs }) => cpuMs)),
    costShare: median(rounds.map(([a, b]) => (a.controlMs - b.controlMs) / a.cpuMs)),
    metricsOn: median(on.map(({ metrics }) => metrics)),
    metricsOff: Math.max(...off.map(({ metrics }) => metrics)),
  };
  const differences = [...new Set([...on, ...off].flatMap((turn) => turn.differences))];
  const isSwitched = figures.metricsOn > 0 && figures.metricsOff === 0;
  const pass = figures.costShare <= COST_TARGET && isSwitched && differences.length === 0;
  return { name: `statistics ${shape}`, figures, differences, pass };
}

function measureTurn(bench: Bench, sender: SenderProcess, isOn: boolean): Promise<Turn> {
  const nodeFlags = isOn ? [] : ['--import', OFF];
  return withLiveServer(bench, { nodeFlags, inModules: true }, async (server, url) => {
    const destination = server.unix;
    const warmUp = await sender.send({ destination, passes: 1 });
    const before = server.usage();
    const sent = await sender.send({ destination, seconds: bench.seconds * LENGTHS });
    const after = server.usage();
    const metrics = await countMetrics(url);
    await server.stop();
    const { differences } = balance(addTotals(warmUp.totals, sent.totals), await observe(server.outputFile));
    return {
      mibPerSecond: sent.totals.bytes / MIB / sent.seconds,
      cpuMs: (after.cpuMs - before.cpuMs) / sent.seconds,
      controlMs: (after.controlCpuMs - before.controlCpuMs) / sent.seconds,
      ...{ metrics, differences },
    };
  });
}

/** Metrics the statistics know, once everything that came has been flushed past them. */
async function countMetrics(url: string): Promise<number> {
  await fetch(`${url}/-/flush`, { method: 'POST' });
  const response = await fetch(`${url}/api/top?limit=1`);
  return ((await response.json()) as { readonly total: number }).total;
}
