/**
 * Scenario `distinct`: what the statistics hold against a flood of contexts that come once.
 *
 *   one context, 100,000 lines/s ────────────────────────┐
 *   10,000,000 contexts of five metrics, 100,000 lines/s ┴─Unix─▶ server, limits.contexts=100000
 *
 * Asked for: memory that stays as it is after a fifth of the flood, the metric of that context as the largest in each
 * answer of /api/top while both are sent, and each answer within 50 ms.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { balance, observe } from '../conservation.ts';
import { type Bench, median, withSender } from '../measure.ts';
import type { ServerProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';
import { addTotals } from '../totals.ts';
import { firstMetric, largestMetric, withLiveServer } from './live-server.ts';

const MIB = 1 << 20;
const CONTEXTS = 10_000_000;
const PER_SECOND = 100_000;
const FLOOD_BYTES = 2 * MIB;
const STEADY_BYTES = MIB;
const CONTEXTS_MAX = 100_000;
/** Share of the flood after which memory counts. */
const SETTLED = 0.2;
const MEMORY_TARGET = 1.1;
const ANSWER_MS_TARGET = 50;
/** Of the default length of a measurement; a shorter one makes the flood smaller. */
const FULL_SECONDS = 5;
const POLL_MS = 1000;

export async function measureDistinct(bench: Bench): Promise<ScenarioResult[]> {
  const scale = Math.min(1, bench.seconds / FULL_SECONDS);
  const one = { shape: 'one', bytes: STEADY_BYTES, packetBytesMax: 8192 } as const;
  const unique = { shape: 'flood', bytes: FLOOD_BYTES, packetBytesMax: 1432 } as const;
  const flags = ['--set', `limits.contexts=${CONTEXTS_MAX}`];
  return withSender(bench, one, (steady) =>
    withSender(bench, unique, (flood) =>
      withLiveServer(bench, { flags }, async (server, url) => {
        const destination = server.unix;
        const warmUp = await steady.send({ destination, passes: 1 });
        const heaviest = await firstMetric(url);
        const sending = [
          flood.send({
            destination,
            passes: Math.ceil((CONTEXTS * scale) / flood.corpus.lines),
            packetsPerSecond: (PER_SECOND * flood.corpus.packets) / flood.corpus.lines,
          }),
          steady.send({
            destination,
            seconds: (CONTEXTS / PER_SECOND) * scale,
            packetsPerSecond: (PER_SECOND * steady.corpus.packets) / steady.corpus.lines,
          }),
        ] as const;
        // Whichever is slower goes on alone, and then it is the largest.
        const watched = await watch(server, url, Promise.race(sending));
        const [flooded, steadied] = await Promise.all(sending);
        await server.stop();
        const all = [warmUp, flooded, steadied]
          .map(({ totals }) => totals)
          .reduce((sum, totals) => addTotals(sum, totals));
        const { differences } = balance(all, await observe(server.outputFile));
        const lost = differences.filter((text) => !text.startsWith('contexts'));
        const settledAt = Math.floor(watched.rssMib.length * SETTLED);
        const settled = watched.rssMib[settledAt] ?? 0;
        const wrong = watched.largest.filter((name) => name !== heaviest);
        const figures = {
          contexts: flooded.totals.lines,
          seconds: flooded.seconds,
          steadyLinesPerSecond: steadied.totals.lines / steadied.seconds,
          rssSettledMib: settled,
          rssEndMib: watched.rssMib.at(-1) ?? 0,
          historySettledMib: watched.historyMib[settledAt] ?? 0,
          historyEndMib: watched.historyMib.at(-1) ?? 0,
          answerMsMedian: median(watched.answerMs),
          answerMsMax: Math.max(...watched.answerMs),
          answers: watched.largest.length,
          wrongAnswers: wrong.length,
        };
        const pass =
          figures.rssEndMib <= settled * MEMORY_TARGET &&
          figures.answerMsMax <= ANSWER_MS_TARGET &&
          figures.answers > 0 &&
          wrong.length === 0 &&
          lost.length === 0;
        const notes = wrong.slice(0, 1).map((name) => `largest is ${heaviest}, and was said to be ${name}`);
        return [{ name: 'distinct', figures, differences: lost, pass, notes }];
      }),
    ),
  );
}

interface Watched {
  readonly rssMib: number[];
  /** Of the history, which grows up to history.memory_bytes. */
  readonly historyMib: number[];
  readonly answerMs: number[];
  readonly largest: string[];
}

/** Memory, how long /api/top takes and what it says, every second until one of both has sent everything. */
async function watch(server: ServerProcess, url: string, sending: Promise<unknown>): Promise<Watched> {
  const watched: Watched = { rssMib: [], historyMib: [], answerMs: [], largest: [] };
  let isOver = false;
  void sending.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await sleep(POLL_MS);
    watched.rssMib.push(server.usage().rssMib);
    const start = performance.now();
    const largest = await largestMetric(url);
    watched.answerMs.push(performance.now() - start);
    watched.largest.push(largest);
    watched.historyMib.push(await historyMib(url));
  }
  return watched;
}

async function historyMib(url: string): Promise<number> {
  const response = await fetch(`${url}/api/tick?limit=1`);
  const { history } = (await response.json()) as { readonly history: { readonly memoryBytes: number } };
  return history.memoryBytes / MIB;
}
