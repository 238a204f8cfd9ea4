/**
 * Scenario `workers`: what a packet over UDP costs with one listener thread and with two, in turn, from 16 clients.
 *
 *   sender ──16 sockets, prod, 20 MiB/s──▶ one socket, one thread ─▶ file
 *                                       ▶ two sockets, two threads ─▶ file
 *
 * The processor time of the server for a packet says what threads cost one another, on any number of processors: at the price
 * of one, two threads on processors of their own take twice as much. Two learn each line twice, wake up more often
 * and receive smaller batches at the same rate. The rate is one that is far below what either takes, so nothing is lost.
 */
import { type Bench, measureServer, median, type ServerResult, withSender } from '../measure.ts';
import { UDP_RECEIVE_BUFFER_BYTES } from '../rows.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const CLIENTS = 16;
const BYTES_PER_SECOND = 20 << 20;
const WARM_UP_SECONDS = 2;

export async function measureWorkers(bench: Bench): Promise<ScenarioResult[]> {
  const corpus = { shape: 'prod', bytes: bench.corpusBytes, packetBytesMax: 1432 } as const;
  return withSender(bench, corpus, async (sender) => {
    const rate = { bytesPerSecond: BYTES_PER_SECOND, clients: CLIENTS };
    const warmUp = { ...rate, seconds: Math.min(bench.seconds, WARM_UP_SECONDS) };
    const results: Record<1 | 2, ServerResult[]> = { 1: [], 2: [] };
    for (let run = 0; run < bench.runs; run++) {
      for (const workers of run % 2 === 0 ? ([1, 2] as const) : ([2, 1] as const)) {
        const serverFlags = [...bench.serverFlags, '--set', `dogstatsd_workers_count=${workers}`];
        const traffic = { ...rate, seconds: bench.seconds, warmUp };
        const options = { ...bench, serverFlags, only: 'udp' } as const;
        results[workers].push(await measureServer(options, sender, 'udp', traffic, UDP_RECEIVE_BUFFER_BYTES));
      }
    }
    return [summarize(results)];
  });
}

function summarize({ 1: one, 2: two }: Record<1 | 2, readonly ServerResult[]>): ScenarioResult {
  const microseconds = ({ cpuMs, totals }: ServerResult): number => (1000 * cpuMs) / totals.packets;
  const ratio = median(two.map((result, run) => microseconds(result) / microseconds(one[run] ?? result)));
  const differences = [...one, ...two].flatMap(({ balance }) => balance.differences);
  const figures = {
    cpuMicrosecondsPerPacketOne: median(one.map(microseconds)),
    cpuMicrosecondsPerPacketTwo: median(two.map(microseconds)),
    cpuRatio: ratio,
    rssMibOne: median(one.map(({ usage }) => usage.rssMib)),
    rssMibTwo: median(two.map(({ usage }) => usage.rssMib)),
  };
  return { name: 'workers', figures, differences, pass: differences.length === 0 };
}
