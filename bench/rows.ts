/**
 * The rows of the benchmark's table: a shape over a transport, L0 and server taking turns, medians.
 *
 *   unix   the sender is held back, so both are as fast as they can be: compared by MiB/s
 *   stream frames over a Unix stream, compared with the server's own figure for datagrams; L0 is that of
 *          datagrams
 *   udp    nobody is held back: compared by the highest rate of packets without loss (search-rate.ts)
 */

import type { ShapeName } from './corpus/shapes.ts';
import {
  type Bench,
  measureLimit,
  measureServer,
  median,
  type ServerResult,
  type Traffic,
  type Transport,
  withSender,
} from './measure.ts';
import type { SenderProcess } from './processes.ts';
import { searchRate } from './search-rate.ts';

export interface RowPlan {
  readonly shape: ShapeName;
  readonly transport: Transport;
  readonly packetBytesMax: number;
  /** Least ratio to L0; rows without one only have to lose nothing. */
  readonly target?: number;
  /** Least ratio to the server's own MiB/s with smp, when that is measured too. */
  readonly targetOfSmp?: number;
}

export const ROWS: readonly RowPlan[] = [
  { shape: 'smp', transport: 'unix', packetBytesMax: 8192, target: 0.85 },
  { shape: 'smp', transport: 'stream', packetBytesMax: 8192, targetOfSmp: 0.4 },
  { shape: 'shuf', transport: 'unix', packetBytesMax: 8192, targetOfSmp: 0.55 },
  { shape: 'churn', transport: 'unix', packetBytesMax: 8192, targetOfSmp: 0.6 },
  { shape: 'prod', transport: 'unix', packetBytesMax: 8192, target: 0.4 },
  { shape: 'plain', transport: 'unix', packetBytesMax: 8192 },
  { shape: 'prod', transport: 'udp', packetBytesMax: 1432, target: 0.9 },
  { shape: 'plain', transport: 'udp', packetBytesMax: 1432 },
  { shape: 'tiny', transport: 'udp', packetBytesMax: 1432, target: 0.9 },
];

export interface Row {
  readonly shape: ShapeName;
  readonly transport: Transport;
  readonly mibPerSecond: number;
  readonly samplesPerSecond: number;
  readonly packetsPerSecond: number;
  readonly cpuMsPerMib: number;
  readonly rssMib: number;
  readonly rssPeakMib: number;
  /** The worst of all runs. */
  readonly loss: number;
  /** What the balance complained about, in any run. */
  readonly differences: readonly string[];
  /** L0 in the same run, in the unit of the comparison. */
  readonly limit: number;
  readonly limitUnit: 'MiB/s' | 'packets/s';
  readonly ratio: number;
  readonly target: number | undefined;
  /** Compared with the server's own smp, in MiB/s. */
  readonly ofSmp?: { readonly ratio: number; readonly target: number };
  readonly pass: boolean;
  /** UDP at the sender's fastest: packets/s that came through, L0 and server. */
  readonly saturated?: { readonly limit: number; readonly server: number };
}

/** UDP rows compare receivers, not the default buffer: both get what the system allows, up to 4 MiB. */
export const UDP_RECEIVE_BUFFER_BYTES = 4 << 20;

const MIB = 1 << 20;
const WARM_UP_PACKETS_PER_SECOND = 5_000;

export function measureRow(bench: Bench, plan: RowPlan): Promise<Row> {
  const measure = plan.transport === 'udp' ? measureUdp : measureHeldBack;
  return withSender(bench, { ...plan, bytes: bench.corpusBytes }, (sender) => measure(bench, plan, sender));
}

/** Adds to rows that are measured by it how they compare with the server's own smp. */
export function compareWithSmp(rows: readonly Row[]): Row[] {
  const smp = rows.find(({ shape, transport }) => shape === 'smp' && transport === 'unix');
  return rows.map((row) => {
    const plan = ROWS.find(({ shape, transport }) => shape === row.shape && transport === row.transport);
    if (smp === undefined || plan?.targetOfSmp === undefined) return row;
    const ofSmp = { ratio: row.mibPerSecond / smp.mibPerSecond, target: plan.targetOfSmp };
    return { ...row, ofSmp, pass: row.pass && ofSmp.ratio >= ofSmp.target };
  });
}

/** Only L0, in the unit of the comparison; for work on the benchmark itself. */
export function measureRowLimit(bench: Bench, plan: RowPlan): Promise<number> {
  const measure = plan.transport === 'udp' ? limitOfUdp : limitOfUnix;
  return withSender(bench, { ...plan, bytes: bench.corpusBytes }, async (sender) => {
    const limits: number[] = [];
    for (let run = 0; run < bench.runs; run++) limits.push((await measure(bench, sender)).value);
    return median(limits);
  });
}

async function measureHeldBack(bench: Bench, plan: RowPlan, sender: SenderProcess): Promise<Row> {
  const limits: number[] = [];
  const results: ServerResult[] = [];
  const only = plan.transport === 'stream' ? { only: plan.transport } : {};
  for (let run = 0; run < bench.runs; run++) {
    limits.push((await limitOfUnix(bench, sender)).value);
    results.push(
      await measureServer({ ...bench, ...only }, sender, plan.transport, { seconds: bench.seconds }, 0),
    );
  }
  const limit = median(limits);
  const ratio = median(results.map(mibPerSecond)) / limit;
  return summarise(plan, results, { limit, limitUnit: 'MiB/s', ratio });
}

async function measureUdp(bench: Bench, plan: RowPlan, sender: SenderProcess): Promise<Row> {
  const limits: number[] = [];
  const limitsSaturated: number[] = [];
  const found: number[] = [];
  const saturated: number[] = [];
  const results: ServerResult[] = [];
  for (let run = 0; run < bench.runs; run++) {
    const limit = await limitOfUdp(bench, sender);
    limits.push(limit.value);
    limitsSaturated.push(limit.saturated);
    const server = await searchRate(async (rate) => {
      const result = await measureServer(
        bench,
        sender,
        'udp',
        traffic(bench, rate),
        UDP_RECEIVE_BUFFER_BYTES,
      );
      return {
        result,
        packetsPerSecond: packetsPerSecond(result),
        lost: result.balance.differences.length > 0,
      };
    }, bench.searchSteps);
    found.push(server.packetsPerSecond);
    saturated.push(server.saturated.packetsPerSecond * server.saturated.result.balance.counterShare);
    results.push((server.best ?? server.saturated).result);
  }
  const limit = median(limits);
  const row = summarise(plan, results, { limit, limitUnit: 'packets/s', ratio: median(found) / limit });
  return { ...row, saturated: { limit: median(limitsSaturated), server: median(saturated) } };
}

async function limitOfUnix(bench: Bench, sender: SenderProcess): Promise<{ value: number }> {
  const result = await measureLimit(bench, sender, 'unix', { seconds: bench.seconds }, 0);
  if (result.loss > 0) throw new Error('L0 lost packets of a Unix socket: the benchmark is wrong');
  return { value: mibPerSecond(result) };
}

async function limitOfUdp(
  bench: Bench,
  sender: SenderProcess,
): Promise<{ value: number; saturated: number }> {
  const { packetsPerSecond: value, saturated } = await searchRate(async (rate) => {
    const result = await measureLimit(bench, sender, 'udp', traffic(bench, rate), UDP_RECEIVE_BUFFER_BYTES);
    const received = result.receivedPackets / result.seconds;
    return { received, packetsPerSecond: packetsPerSecond(result), lost: result.loss > 0 };
  }, bench.searchSteps);
  return { value, saturated: saturated.received };
}

type Comparison = Pick<Row, 'limit' | 'limitUnit' | 'ratio'>;

function summarise(plan: RowPlan, results: readonly ServerResult[], comparison: Comparison): Row {
  const middle = (of: (result: ServerResult) => number): number => median(results.map(of));
  const loss = Math.max(...results.map((result) => result.balance.loss));
  const differences = [...new Set(results.flatMap((result) => result.balance.differences))];
  return {
    shape: plan.shape,
    transport: plan.transport,
    mibPerSecond: middle(mibPerSecond),
    samplesPerSecond: middle((result) => result.totals.samples / result.seconds),
    packetsPerSecond: middle(packetsPerSecond),
    cpuMsPerMib: middle((result) => result.cpuMs / (result.totals.bytes / MIB)),
    rssMib: middle((result) => result.usage.rssMib),
    rssPeakMib: middle((result) => result.rssPeakMib),
    loss,
    differences,
    ...comparison,
    target: plan.target,
    pass: differences.length === 0 && comparison.ratio >= (plan.target ?? 0),
  };
}

/** Receivers are compared once they know the contexts; how they meet new ones at speed is the burst scenario. */
function traffic(bench: Bench, rate: number | undefined): Traffic {
  const warmUp = { seconds: Math.min(1, bench.seconds), packetsPerSecond: WARM_UP_PACKETS_PER_SECOND };
  return { seconds: bench.seconds, warmUp, ...(rate === undefined ? {} : { packetsPerSecond: rate }) };
}

function mibPerSecond(result: { totals: { bytes: number }; seconds: number }): number {
  return result.totals.bytes / MIB / result.seconds;
}

function packetsPerSecond(result: { totals: { packets: number }; seconds: number }): number {
  return result.totals.packets / result.seconds;
}
