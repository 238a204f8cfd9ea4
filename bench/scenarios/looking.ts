/**
 * Scenario `looking`: what it costs the traffic that somebody looks, and what statistics hold against a flood.
 *
 *   smp, prod ──Unix──▶ server ◀── nobody, then 8 readers of /api/stream with a metric open, one of them with the tail;
 *                                  both take turns, speeds are compared round by round
 *
 *   one context, 100,000 lines/s ────────┐
 *   10,000,000 contexts, 100,000/s ──────┴─Unix─▶ server, limits.contexts=100000
 *
 * Asked for: 0.97 of the speed without readers; in the flood memory that stays as it is after a fifth of it, the metric of
 * that context as the largest, and each answer of /api/top within 50 ms.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { balance, observe } from '../conservation.ts';
import type { ShapeName } from '../corpus/shapes.ts';
import { type Bench, inDirectory, median, withSender } from '../measure.ts';
import { type SenderProcess, ServerProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';
import { addTotals } from '../totals.ts';

const MIB = 1 << 20;
const CORPUS_BYTES = 32 * MIB;
const READERS = 8;
const READERS_TARGET = 0.97;

const FLOOD_CONTEXTS = 10_000_000;
const FLOOD_PER_SECOND = 100_000;
const FLOOD_BYTES = 2 * MIB;
const CONTEXTS_MAX = 100_000;
/** Share of the flood after which memory counts. */
const SETTLED = 0.2;
const MEMORY_TARGET = 1.1;
const ANSWER_MS_TARGET = 50;
/** Of the default length of a measurement; a shorter one makes the flood smaller. */
const FULL_SECONDS = 5;
const POLL_MS = 1000;
const STOP_SECONDS = 60;
const KNOWN_MS_MAX = 30_000;

export async function measureLooking(bench: Bench): Promise<ScenarioResult[]> {
  const isTiny = bench.corpusBytes < CORPUS_BYTES;
  const results: ScenarioResult[] = [];
  for (const shape of isTiny ? (['smp'] as const) : (['smp', 'prod'] as const))
    results.push(await measureReaders(bench, shape));
  results.push(await measureDistinct(bench));
  return results;
}

interface Turn {
  readonly mibPerSecond: number;
  readonly cpuMsPerMib: number;
  readonly ticks: number;
  readonly differences: readonly string[];
}

async function measureReaders(bench: Bench, shape: ShapeName): Promise<ScenarioResult> {
  const corpus = { shape, bytes: Math.min(CORPUS_BYTES, bench.corpusBytes), packetBytesMax: 8192 };
  const [alone, looked] = await withSender(bench, corpus, async (sender) => {
    const turns: [Turn[], Turn[]] = [[], []];
    for (let run = 0; run < bench.runs; run++) {
      // The order changes, so that neither always comes after the other.
      for (const isLooked of run % 2 === 0 ? [false, true] : [true, false])
        turns[Number(isLooked)]?.push(await measureTurn(bench, sender, isLooked ? READERS : 0));
    }
    return turns;
  });
  const share = (of: (turn: Turn) => number): number =>
    median(looked.map((turn, round) => of(turn) / of(alone[round] ?? turn)));
  const figures = {
    mibPerSecondAlone: median(alone.map(({ mibPerSecond }) => mibPerSecond)),
    mibPerSecondLooked: median(looked.map(({ mibPerSecond }) => mibPerSecond)),
    speedShare: share(({ mibPerSecond }) => mibPerSecond),
    cpuShare: share(({ cpuMsPerMib }) => cpuMsPerMib),
    ticks: median(looked.map(({ ticks }) => ticks)),
  };
  const differences = [...new Set([...alone, ...looked].flatMap((turn) => turn.differences))];
  const pass = figures.speedShare >= READERS_TARGET && figures.ticks > 0 && differences.length === 0;
  return { name: `looking ${shape}`, figures, differences, pass };
}

function measureTurn(bench: Bench, sender: SenderProcess, readers: number): Promise<Turn> {
  return withServer(bench, [], async (server, url) => {
    const destination = server.unix;
    const warmUp = await sender.send({ destination, passes: 1 });
    const metric = await known(url);
    const open = Array.from({ length: readers }, () => new Reader(`${url}/api/stream?metric=${metric}`));
    if (readers > 0) open.push(new Reader(`${url}/api/messages`));
    await Promise.all(open.map((reader) => reader.opened));
    const before = server.usage().cpuMs;
    const sent = await sender.send({ destination, seconds: bench.seconds });
    const cpuMs = server.usage().cpuMs - before;
    const ticks = open.slice(0, readers).reduce((sum, reader) => sum + reader.events, 0);
    await Promise.all(open.map((reader) => reader.close()));
    await server.stop();
    const { differences } = balance(addTotals(warmUp.totals, sent.totals), await observe(server.outputFile));
    const mib = sent.totals.bytes / MIB;
    return { mibPerSecond: mib / sent.seconds, cpuMsPerMib: cpuMs / mib, ticks, differences };
  });
}

async function measureDistinct(bench: Bench): Promise<ScenarioResult> {
  const scale = Math.min(1, bench.seconds / FULL_SECONDS);
  const often = {
    shape: 'prod',
    bytes: Math.min(CORPUS_BYTES, bench.corpusBytes),
    packetBytesMax: 8192,
  } as const;
  const unique = { shape: 'flood', bytes: FLOOD_BYTES, packetBytesMax: 1432 } as const;
  return withSender(bench, often, (steady) =>
    withSender(bench, unique, (flood) =>
      withServer(
        bench,
        ['--set', `limits.contexts=${CONTEXTS_MAX}`, '--set', `stop_timeout_seconds=${STOP_SECONDS}`],
        async (server, url) => {
          const destination = server.unix;
          const warmUp = await steady.send({ destination, passes: 1 });
          const heaviest = await known(url);
          const { packets, lines } = flood.corpus;
          const seconds = (FLOOD_CONTEXTS / FLOOD_PER_SECOND) * scale;
          const order = {
            passes: Math.ceil((FLOOD_CONTEXTS * scale) / lines),
            packetsPerSecond: (FLOOD_PER_SECOND * packets) / lines,
          };
          const sending = Promise.all([
            flood.send({ destination, ...order }),
            steady.send({
              destination,
              seconds,
              packetsPerSecond: (FLOOD_PER_SECOND * steady.corpus.packets) / steady.corpus.lines,
            }),
          ]);
          const watched = await watch(server, url, sending);
          const sent = await sending;
          const first = await largest(url);
          await server.stop();
          const all = [warmUp, ...sent]
            .map(({ totals }) => totals)
            .reduce((sum, totals) => addTotals(sum, totals));
          const { differences } = balance(all, await observe(server.outputFile));
          const lost = differences.filter((text) => !text.startsWith('contexts'));
          const settled = watched.rssMib[Math.floor(watched.rssMib.length * SETTLED)] ?? 0;
          const figures = {
            contexts: sent[0].totals.lines,
            seconds: sent[0].seconds,
            rssSettledMib: settled,
            rssEndMib: watched.rssMib.at(-1) ?? 0,
            answerMsMax: Math.max(...watched.answerMs),
          };
          const pass =
            figures.rssEndMib <= settled * MEMORY_TARGET &&
            figures.answerMsMax <= ANSWER_MS_TARGET &&
            first === heaviest &&
            lost.length === 0;
          const notes = [`largest before the flood: ${heaviest}, after it: ${first}`];
          return { name: 'looking distinct', figures, differences: lost, pass, notes };
        },
      ),
    ),
  );
}

interface Watched {
  readonly rssMib: number[];
  readonly answerMs: number[];
}

/** Memory and how long /api/top takes, every second until `sending` is over. */
async function watch(server: ServerProcess, url: string, sending: Promise<unknown>): Promise<Watched> {
  const watched: Watched = { rssMib: [], answerMs: [] };
  let isOver = false;
  void sending.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await sleep(POLL_MS);
    watched.rssMib.push(server.usage().rssMib);
    const start = performance.now();
    await largest(url);
    watched.answerMs.push(performance.now() - start);
  }
  return watched;
}

/** The name of the metric with the most samples. */
async function largest(url: string): Promise<string> {
  const response = await fetch(`${url}/api/top?by=samples&limit=1`);
  const { rows } = (await response.json()) as { readonly rows: readonly { readonly name?: string }[] };
  return rows[0]?.name ?? '';
}

/** The same, as soon as there is one: at the end of the first bucket, or of the first second somebody looks. */
async function known(url: string): Promise<string> {
  for (const end = performance.now() + KNOWN_MS_MAX; performance.now() < end; await sleep(POLL_MS / 10)) {
    const metric = await largest(url);
    if (metric !== '') return metric;
  }
  throw new Error('no metric is known');
}

function withServer<Result>(
  bench: Bench,
  flags: readonly string[],
  work: (server: ServerProcess, url: string) => Promise<Result>,
): Promise<Result> {
  return inDirectory(async (directory) => {
    const server = await ServerProcess.start({
      ...{ directory, port: bench.port, receiveBufferBytes: 0, only: 'unix' },
      flags: [...flags, ...bench.serverFlags],
    });
    try {
      return await work(server, await server.url());
    } finally {
      server.kill();
    }
  });
}

/** Somebody who reads a stream of events and counts them. */
class Reader {
  readonly opened: Promise<void>;
  events = 0;
  private readonly abort = new AbortController();
  private readonly read: Promise<void>;

  constructor(url: string) {
    const response = fetch(url, { signal: this.abort.signal });
    this.opened = response.then(({ ok, status }) => {
      if (!ok) throw new Error(`${url}: ${status}`);
    });
    this.read = response.then((found) => this.count(found)).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.abort.abort();
    await this.read;
  }

  private async count(response: Response): Promise<void> {
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>)
      this.events += Buffer.from(piece).toString().split('event: tick').length - 1;
  }
}
