/**
 * Scenario `looking`: what it costs the traffic that somebody looks.
 *
 *   smp, prod ──Unix──▶ server ◀── nobody, then 8 readers of /api/stream with a metric open, and one of the tail;
 *                                  both take turns, speeds are compared round by round
 *
 * Asked for: 0.97 of the speed without readers. The readers run in the benchmark's own process, whose processor time is
 * printed beside the server's: on a machine with two processors they take it from the traffic as well.
 */
import { balance, observe } from '../conservation.ts';
import type { ShapeName } from '../corpus/shapes.ts';
import { type Bench, median, withSender } from '../measure.ts';
import type { SenderProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';
import { addTotals } from '../totals.ts';
import { firstMetric, withLiveServer } from './live-server.ts';

const MIB = 1 << 20;
const CORPUS_BYTES = 32 * MIB;
const READERS = 8;
const READERS_TARGET = 0.97;

export async function measureLooking(bench: Bench): Promise<ScenarioResult[]> {
  const isTiny = bench.corpusBytes < CORPUS_BYTES;
  const results: ScenarioResult[] = [];
  for (const shape of isTiny ? (['smp'] as const) : (['smp', 'prod'] as const))
    results.push(await measureReaders(bench, shape));
  return results;
}

interface Turn {
  readonly mibPerSecond: number;
  readonly cpuMsPerMib: number;
  /** Of the control thread, for each second. */
  readonly controlMs: number;
  /** Of the benchmark's own process, in which the readers are. */
  readonly readersMs: number;
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
    controlMsPerSecondAlone: median(alone.map(({ controlMs }) => controlMs)),
    controlMsPerSecondLooked: median(looked.map(({ controlMs }) => controlMs)),
    readersMsPerSecond: median(looked.map(({ readersMs }) => readersMs)),
    ticks: median(looked.map(({ ticks }) => ticks)),
  };
  const differences = [...new Set([...alone, ...looked].flatMap((turn) => turn.differences))];
  const pass = figures.speedShare >= READERS_TARGET && figures.ticks > 0 && differences.length === 0;
  return { name: `looking ${shape}`, figures, differences, pass };
}

function measureTurn(bench: Bench, sender: SenderProcess, readers: number): Promise<Turn> {
  return withLiveServer(bench, {}, async (server, url) => {
    const destination = server.unix;
    const warmUp = await sender.send({ destination, passes: 1 });
    const metric = await firstMetric(url);
    const open = Array.from({ length: readers }, () => new Reader(`${url}/api/stream?metric=${metric}`));
    if (readers > 0) open.push(new Reader(`${url}/api/messages`));
    await Promise.all(open.map((reader) => reader.opened));
    const [before, ownBefore] = [server.usage(), process.cpuUsage()];
    const sent = await sender.send({ destination, seconds: bench.seconds });
    const [after, own] = [server.usage(), process.cpuUsage(ownBefore)];
    const ticks = open.slice(0, readers).reduce((sum, reader) => sum + reader.events, 0);
    await Promise.all(open.map((reader) => reader.close()));
    await server.stop();
    const { differences } = balance(addTotals(warmUp.totals, sent.totals), await observe(server.outputFile));
    const mib = sent.totals.bytes / MIB;
    return {
      mibPerSecond: mib / sent.seconds,
      cpuMsPerMib: (after.cpuMs - before.cpuMs) / mib,
      controlMs: (after.controlCpuMs - before.controlCpuMs) / sent.seconds,
      readersMs: (own.user + own.system) / 1000 / sent.seconds,
      ...{ ticks, differences },
    };
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
