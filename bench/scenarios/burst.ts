/**
 * Scenario `burst`: 50,000 contexts that nobody has seen, at 100,000 lines/s over UDP with the system's receive buffer, in
 * datagrams of 1,432 bytes and then one line in each; no more may be lost than L0 loses.
 */
import {
  type Bench,
  measureLimit,
  measureServer,
  median,
  type ServerResult,
  withSender,
} from '../measure.ts';
import type { SenderProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const LINES_PER_SECOND = 100_000;
const CORPUS_BYTES = 16 << 20;

export async function measureBurst(bench: Bench): Promise<ScenarioResult[]> {
  const bytes = Math.min(CORPUS_BYTES, bench.corpusBytes);
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
  const traffic = { passes: 1, packetsPerSecond: (LINES_PER_SECOND * packets) / lines };
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
