/**
 * Scenario `rates`: processor time over UDP at rates that are far from the limit, where a packet costs a wake-up.
 *
 *   plain, 50 MiB/s  ─▶ seconds in all, from the first packet of a fresh server to its end: learning the lines and the
 *                       last flush are in it. Asked for five seconds: 1.5 s, on the machine on which brubeck took 1.7 s
 *   tiny             ─▶ microseconds a datagram of one line, after a warm-up. Asked: 1.5 us
 */
import {
  type Bench,
  measureServer,
  median,
  type ServerResult,
  type Traffic,
  withSender,
} from '../measure.ts';
import { UDP_RECEIVE_BUFFER_BYTES } from '../rows.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const PLAIN_BYTES_PER_SECOND = 50 << 20;
const PLAIN_CPU_SECONDS_MAX = 1.5;
/** The length the seconds above are for. */
const PLAIN_SECONDS = 5;
const TINY_PACKETS_PER_SECOND = 200_000;
const TINY_MICROSECONDS_MAX = 1.5;
const WARM_UP_SECONDS = 2;

export async function measureRates(bench: Bench): Promise<ScenarioResult[]> {
  const { seconds } = bench;
  const plain = await measure(bench, 'plain', { seconds, bytesPerSecond: PLAIN_BYTES_PER_SECOND });
  const rate = { packetsPerSecond: TINY_PACKETS_PER_SECOND };
  const warmUp = { ...rate, seconds: Math.min(seconds, WARM_UP_SECONDS) };
  const tiny = await measure(bench, 'tiny', { ...rate, seconds, warmUp });
  const cpuSeconds = median(plain.map(({ cpuMs }) => cpuMs / 1000));
  const cpuSecondsMax = (PLAIN_CPU_SECONDS_MAX * seconds) / PLAIN_SECONDS;
  const microseconds = median(tiny.map(({ cpuMs, totals }) => (1000 * cpuMs) / totals.packets));
  return [
    summarize('rates plain', plain, { cpuSeconds, cpuSecondsMax }, cpuSeconds <= cpuSecondsMax),
    summarize(
      'rates tiny',
      tiny,
      { cpuMicrosecondsPerPacket: microseconds, cpuMicrosecondsPerPacketMax: TINY_MICROSECONDS_MAX },
      microseconds <= TINY_MICROSECONDS_MAX,
    ),
  ];
}

function measure(bench: Bench, shape: 'plain' | 'tiny', traffic: Traffic): Promise<ServerResult[]> {
  const corpus = { shape, bytes: bench.corpusBytes, packetBytesMax: 1432 } as const;
  return withSender(bench, corpus, async (sender) => {
    const results: ServerResult[] = [];
    for (let run = 0; run < bench.runs; run++) {
      const options = { ...bench, only: 'udp' } as const;
      results.push(await measureServer(options, sender, 'udp', traffic, UDP_RECEIVE_BUFFER_BYTES));
    }
    return results;
  });
}

function summarize(
  name: string,
  results: readonly ServerResult[],
  cost: Readonly<Record<string, number>>,
  isCheap: boolean,
): ScenarioResult {
  const differences = [...new Set(results.flatMap(({ balance }) => balance.differences))];
  const packetsPerSecond = median(results.map(({ totals, seconds }) => totals.packets / seconds));
  return {
    name,
    figures: { packetsPerSecond, ...cost },
    differences,
    pass: isCheap && differences.length === 0,
  };
}
