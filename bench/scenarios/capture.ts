/**
 * Scenario `capture`: what captures cost the listener that is captured.
 *
 *   off      nothing is copied
 *   ring     packets are copied into 64 MiB of memory (capture.ring_bytes)
 *   writing  a capture is written to a client that reads as fast as it comes
 *
 * The three take turns in one run, and medians are compared: once as fast as the Unix socket goes, once at 50 MiB/s.
 *
 * Full speed  Sender and listener take two processors whole, and every copy and the writing take from that. What does not fit
 *             is left out of the file, which is the point: the listener goes on.
 * 50 MiB/s    Every packet is in the file or the memory. What it costs is processor time, so that is compared: of the
 *             listener's thread for each packet, and of the whole server.
 */
import type { CaptureView } from '../../src/model/views/capture-view.ts';
import { balance, observe } from '../conservation.ts';
import { type Bench, inDirectory, median, withSender } from '../measure.ts';
import { type SenderProcess, ServerProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';
import { addTotals } from '../totals.ts';

const MIB = 1 << 20;
const CORPUS_BYTES = 32 * MIB;
const RING_BYTES = 64 * MIB;
/** Sent before: the ring has been all around, and its pages are there. */
const WARM_UP_BYTES = 2 * RING_BYTES;
/** Least share of the speed without. */
const RING_TARGET = 0.97;
const WRITING_TARGET = 0.95;
const WRITTEN_MIB_TARGET = 50;
const MODES = ['off', 'ring', 'writing'] as const;
type Mode = (typeof MODES)[number];

interface Turn {
  readonly mibPerSecond: number;
  /** Of the file. */
  readonly writtenMibPerSecond: number;
  /** Packets that are not in the file. */
  readonly missingPackets: number;
  /** CPU time of the busiest thread, which is the listener's. */
  readonly listenerNsPerPacket: number;
  /** CPU time of all threads. */
  readonly msPerMib: number;
  readonly differences: readonly string[];
}

type Turns = ReadonlyMap<Mode, readonly Turn[]>;

export async function measureCapture(bench: Bench): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  // On tiny input one shape shows that it works.
  const shapes = bench.corpusBytes < CORPUS_BYTES ? (['smp'] as const) : (['smp', 'prod'] as const);
  for (const shape of shapes) {
    const corpus = { shape, bytes: Math.min(CORPUS_BYTES, bench.corpusBytes), packetBytesMax: 8192 };
    await withSender(bench, corpus, async (sender) => {
      results.push(fullSpeed(`capture ${shape}`, await takeTurns(bench, sender)));
      const rate = WRITTEN_MIB_TARGET;
      results.push(bounded(`capture ${shape} at ${rate} MiB/s`, await takeTurns(bench, sender, rate * MIB)));
    });
  }
  return results;
}

async function takeTurns(bench: Bench, sender: SenderProcess, bytesPerSecond?: number): Promise<Turns> {
  const turns = new Map<Mode, Turn[]>(MODES.map((mode) => [mode, []]));
  for (let run = 0; run < bench.runs; run++)
    for (const mode of MODES) turns.get(mode)?.push(await measureTurn(bench, sender, mode, bytesPerSecond));
  return turns;
}

function measureTurn(
  bench: Bench,
  sender: SenderProcess,
  mode: Mode,
  bytesPerSecond: number | undefined,
): Promise<Turn> {
  return inDirectory(async (directory) => {
    const flags = mode === 'ring' ? ['--set', `capture.ring_bytes=${RING_BYTES}`] : [];
    const server = await ServerProcess.start({
      ...{ directory, port: bench.port, receiveBufferBytes: 0, only: 'unix' },
      flags: [...flags, ...bench.serverFlags],
    });
    try {
      const destination = server.unix;
      const passes = Math.ceil(Math.min(WARM_UP_BYTES, bench.corpusBytes) / sender.corpus.bytes);
      const warmUp = await sender.send({ destination, passes });
      const capture = mode === 'writing' ? await Capture.start(await server.url()) : undefined;
      const before = server.threadTimes();
      const sent = await sender.send({
        ...{ destination, seconds: bench.seconds },
        ...(bytesPerSecond !== undefined && { bytesPerSecond }),
      });
      const times = [...server.threadTimes()].map(([thread, ms]) => ms - (before.get(thread) ?? 0));
      const file = await capture?.stop();
      await server.stop();
      const totals = addTotals(warmUp.totals, sent.totals);
      const { differences } = balance(totals, await observe(server.outputFile));
      const { packets, bytes } = sent.totals;
      return {
        mibPerSecond: bytes / MIB / sent.seconds,
        writtenMibPerSecond: (file?.bytes ?? 0) / MIB / sent.seconds,
        missingPackets: file?.missingPackets ?? 0,
        listenerNsPerPacket: (Math.max(...times) * 1e6) / packets,
        msPerMib: (times.reduce((sum, ms) => sum + ms, 0) * MIB) / bytes,
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
  private readonly pieces: AsyncIterator<Uint8Array>;
  private readonly read: Promise<number>;

  /** `server` is where its HTTP is. Resolves with the first bytes of the file: then the thread that writes is there. */
  static async start(server: string): Promise<Capture> {
    const url = `${server}/api/capture`;
    const response = await fetch(`${url}?duration=1h`, { method: 'POST' });
    if (!response.ok) throw new Error(`the server does not capture: ${await response.text()}`);
    const pieces = (response.body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const first = await pieces.next();
    return new Capture(url, pieces, first.value?.length ?? 0);
  }

  private constructor(url: string, pieces: AsyncIterator<Uint8Array>, bytes: number) {
    this.url = url;
    this.pieces = pieces;
    this.read = this.countFrom(bytes);
  }

  /** Bytes of the file, and how many packets are not in it. */
  async stop(): Promise<{ readonly bytes: number; readonly missingPackets: number }> {
    await fetch(`${this.url}/stop`, { method: 'POST' });
    const bytes = await this.read;
    const { last } = (await (await fetch(this.url)).json()) as { readonly last: CaptureView };
    return { bytes, missingPackets: last.dropped_packets };
  }

  private async countFrom(start: number): Promise<number> {
    let bytes = start;
    for (;;) {
      const { done, value } = await this.pieces.next();
      if (done === true) return bytes;
      bytes += value.length;
    }
  }
}

function fullSpeed(name: string, turns: Turns): ScenarioResult {
  const { of, ratio, differences } = medians(turns);
  const figures = {
    offMibPerSecond: of('off', 'mibPerSecond'),
    ringRatio: ratio('ring', 'mibPerSecond'),
    writingRatio: ratio('writing', 'mibPerSecond'),
    writtenMibPerSecond: of('writing', 'writtenMibPerSecond'),
    ringListenerCpuRatio: ratio('ring', 'listenerNsPerPacket'),
    writingListenerCpuRatio: ratio('writing', 'listenerNsPerPacket'),
  };
  const pass =
    differences.length === 0 &&
    figures.ringRatio >= RING_TARGET &&
    figures.writingRatio >= WRITING_TARGET &&
    figures.writtenMibPerSecond >= WRITTEN_MIB_TARGET;
  return { name, figures, differences, pass };
}

function bounded(name: string, turns: Turns): ScenarioResult {
  const { of, ratio, differences } = medians(turns);
  const missing = (turns.get('writing') ?? []).reduce((sum, { missingPackets }) => sum + missingPackets, 0);
  const figures = {
    offMibPerSecond: of('off', 'mibPerSecond'),
    ringRatio: ratio('ring', 'mibPerSecond'),
    writingRatio: ratio('writing', 'mibPerSecond'),
    writtenMibPerSecond: of('writing', 'writtenMibPerSecond'),
    missingPackets: missing,
    offListenerNsPerPacket: of('off', 'listenerNsPerPacket'),
    ringListenerCpuRatio: ratio('ring', 'listenerNsPerPacket'),
    writingListenerCpuRatio: ratio('writing', 'listenerNsPerPacket'),
    offMsPerMib: of('off', 'msPerMib'),
    ringCpuRatio: ratio('ring', 'msPerMib'),
    writingCpuRatio: ratio('writing', 'msPerMib'),
  };
  const pass =
    differences.length === 0 &&
    missing === 0 &&
    figures.ringRatio >= RING_TARGET &&
    figures.writingRatio >= WRITING_TARGET &&
    // All that was sent, which is a little less than the rate, and what the file has beside it.
    figures.writtenMibPerSecond >= of('writing', 'mibPerSecond');
  return { name, figures, differences, pass };
}

type Measured = Exclude<keyof Turn, 'differences'>;

function medians(turns: Turns): {
  of(mode: Mode, what: Measured): number;
  /** Of what it is with nothing copied. */
  ratio(mode: Mode, what: Measured): number;
  readonly differences: string[];
} {
  const of = (mode: Mode, what: Measured): number =>
    median((turns.get(mode) ?? []).map((turn) => turn[what]));
  return {
    of,
    ratio: (mode, what) => of(mode, what) / of('off', what),
    differences: [...new Set([...turns.values()].flat().flatMap((turn) => turn.differences))],
  };
}
