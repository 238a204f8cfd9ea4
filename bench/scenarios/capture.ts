/**
 * Scenario `capture`: what captures cost the listener that is captured.
 *
 *   off      nothing is copied
 *   ring     every packet is copied into 64 MiB of memory (capture.ring_bytes)
 *   writing  a capture is written to a client that reads as fast as it comes
 *
 * The three take turns in one run, as fast as the Unix socket goes, and medians are compared. While writing, what does not
 * fit is left out of the file, which is the point: the listener goes on. The file has to grow by 50 MiB/s all the same.
 */
import { balance, observe } from '../conservation.ts';
import { type Bench, inDirectory, median, withSender } from '../measure.ts';
import { type SenderProcess, ServerProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';
import { addTotals } from '../totals.ts';

const MIB = 1 << 20;
const CORPUS_BYTES = 32 * MIB;
const RING_BYTES = 64 * MIB;
/** Least share of the speed without. */
const RING_TARGET = 0.97;
const WRITING_TARGET = 0.95;
const WRITTEN_MIB_TARGET = 50;
const MODES = ['off', 'ring', 'writing'] as const;
type Mode = (typeof MODES)[number];

interface Turn {
  readonly mibPerSecond: number;
  readonly writtenMibPerSecond: number;
  readonly differences: readonly string[];
}

export async function measureCapture(bench: Bench): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  // On tiny input one shape shows that it works.
  const shapes = bench.corpusBytes < CORPUS_BYTES ? (['smp'] as const) : (['smp', 'prod'] as const);
  for (const shape of shapes) {
    const corpus = { shape, bytes: Math.min(CORPUS_BYTES, bench.corpusBytes), packetBytesMax: 8192 };
    const turns = await withSender(bench, corpus, (sender) => takeTurns(bench, sender));
    results.push(resultOf(shape, turns));
  }
  return results;
}

async function takeTurns(bench: Bench, sender: SenderProcess): Promise<Map<Mode, Turn[]>> {
  const turns = new Map<Mode, Turn[]>(MODES.map((mode) => [mode, []]));
  for (let run = 0; run < bench.runs; run++)
    for (const mode of MODES) turns.get(mode)?.push(await measureTurn(bench, sender, mode));
  return turns;
}

function measureTurn(bench: Bench, sender: SenderProcess, mode: Mode): Promise<Turn> {
  return inDirectory(async (directory) => {
    const flags = mode === 'ring' ? ['--set', `capture.ring_bytes=${RING_BYTES}`] : [];
    const server = await ServerProcess.start({
      ...{ directory, port: bench.port, receiveBufferBytes: 0, only: 'unix' },
      flags: [...flags, ...bench.serverFlags],
    });
    try {
      const destination = server.unix;
      const warmUp = await sender.send({ destination, passes: 1 });
      const capture = mode === 'writing' ? await Capture.start(await server.url()) : undefined;
      const sent = await sender.send({ destination, seconds: bench.seconds });
      const writtenBytes = (await capture?.stop()) ?? 0;
      await server.stop();
      const totals = addTotals(warmUp.totals, sent.totals);
      const { differences } = balance(totals, await observe(server.outputFile));
      return {
        mibPerSecond: sent.totals.bytes / MIB / sent.seconds,
        writtenMibPerSecond: writtenBytes / MIB / sent.seconds,
        differences,
      };
    } finally {
      server.kill();
    }
  });
}

/** A capture that somebody reads. */
class Capture {
  private readonly url: string;
  private readonly read: Promise<number>;

  /** `server` is where its HTTP is. */
  static async start(server: string): Promise<Capture> {
    const url = `${server}/api/capture`;
    const response = await fetch(`${url}?duration=1h`, { method: 'POST' });
    if (!response.ok) throw new Error(`the server does not capture: ${await response.text()}`);
    return new Capture(url, response);
  }

  private constructor(url: string, response: Response) {
    this.url = url;
    this.read = countBytes(response);
  }

  /** Bytes of the file. */
  async stop(): Promise<number> {
    await fetch(`${this.url}/stop`, { method: 'POST' });
    return this.read;
  }
}

async function countBytes(response: Response): Promise<number> {
  let bytes = 0;
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) bytes += piece.length;
  return bytes;
}

function resultOf(shape: string, turns: ReadonlyMap<Mode, readonly Turn[]>): ScenarioResult {
  const speed = (mode: Mode): number =>
    median((turns.get(mode) ?? []).map(({ mibPerSecond }) => mibPerSecond));
  const off = speed('off');
  const figures = {
    offMibPerSecond: off,
    ringRatio: speed('ring') / off,
    writingRatio: speed('writing') / off,
    writtenMibPerSecond: median((turns.get('writing') ?? []).map((turn) => turn.writtenMibPerSecond)),
  };
  const differences = [...new Set([...turns.values()].flat().flatMap((turn) => turn.differences))];
  const pass =
    differences.length === 0 &&
    figures.ringRatio >= RING_TARGET &&
    figures.writingRatio >= WRITING_TARGET &&
    figures.writtenMibPerSecond >= WRITTEN_MIB_TARGET;
  return { name: `capture ${shape}`, figures, differences, pass };
}
