/**
 * Scenario `flush`: what flushing 100,000 contexts, or as many as are asked for, does to the threads that have other work.
 *
 *   sender ──Unix, 50,000 lines/s──▶ server ──every 5 s──▶ file, Prometheus series, console line
 *                                      └─stall-probe.ts──▶ gaps of each thread
 *
 * What a thread waited for a processor is told apart: the target is for the server's own doing.
 *
 * Contexts of all types, and two lines in a hundred of a context that comes once, so that idle lines are swept
 * and contexts expire. The first passes are counted apart: there the tables grow.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { balance, observe } from '../conservation.ts';
import { SHAPES } from '../corpus/shapes.ts';
import { type Bench, inDirectory, withSender } from '../measure.ts';
import { type SenderProcess, ServerProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';
import type { Stall } from '../stall-probe.ts';

/** Longest time away, ms, while lines and contexts are known. */
const LISTENER_STALL_MS = 5;
const CONTROL_STALL_MS = 50;
const PROBE = new URL('../stall-probe.js', import.meta.url).href;
const CORPUS_BYTES = 32 << 20;
const LINES_PER_SECOND = 50_000;
const BUCKET_SECONDS = 5;
/** Learning takes two passes of two seconds each, and the buckets they fell into. */
const LEARN_SECONDS = 2 * BUCKET_SECONDS;
const SETTINGS = [
  ...['--set', `bucket_seconds=${BUCKET_SECONDS}`, '--set', 'dogstatsd_context_expiry_seconds=10'],
  ...['--set', 'dogstatsd_expiry_seconds=10', '--set', 'outputs.console=true'],
];

export async function measureFlush(bench: Bench): Promise<ScenarioResult[]> {
  const { contexts = SHAPES.flush.contexts } = bench;
  const wanted = Math.round(CORPUS_BYTES * Math.max(1, contexts / SHAPES.flush.contexts));
  const bytes = Math.min(wanted, bench.corpusBytes);
  const corpus = { shape: 'flush', bytes, packetBytesMax: 1432, contexts } as const;
  return withSender(bench, corpus, (sender) =>
    inDirectory((directory) => measureStalls(bench, sender, directory)),
  );
}

async function measureStalls(
  bench: Bench,
  sender: SenderProcess,
  directory: string,
): Promise<ScenarioResult[]> {
  const stallFile = join(directory, 'stalls.ndjson');
  const server = await ServerProcess.start({
    directory,
    port: bench.port,
    receiveBufferBytes: 0,
    flags: [...SETTINGS, ...bench.serverFlags],
    only: 'unix',
    nodeFlags: ['--import', PROBE],
    env: { BENCH_STALL_FILE: stallFile },
  });
  try {
    const { packets, lines, contexts } = sender.corpus;
    const packetsPerSecond = (LINES_PER_SECOND * packets) / lines;
    const destination = server.unix;
    const scale = Math.min(1, bench.seconds / BUCKET_SECONDS);
    const began = Date.now();
    const learned = began + LEARN_SECONDS * 1000 * scale;
    const sent = await sender.send({
      destination,
      packetsPerSecond,
      seconds: LEARN_SECONDS * scale + 5 * bench.seconds,
    });
    const ended = Date.now();
    const usage = server.usage();
    await server.stop();
    const { differences } = balance(sent.totals, await observe(server.outputFile));
    const stalls = readStalls(stallFile);
    const longest = (thread: Stall['thread'], from: number, to: number): Longest =>
      longestOf(stalls.filter((stall) => stall.thread === thread && stall.at >= from && stall.at < to));
    const listener = longest('listener', learned, ended);
    const control = longest('control', learned, ended);
    const figures = {
      contexts: Object.values(contexts).reduce((sum, count) => sum + count, 0),
      linesPerSecond: sent.totals.lines / sent.seconds,
      listenerStallMs: listener.ownMs,
      listenerStallMsTarget: LISTENER_STALL_MS,
      listenerStallMsRunning: listener.ranMs,
      listenerStallMsWithWaiting: listener.ms,
      listenerStallMsLearning: longest('listener', began, learned).ownMs,
      controlStallMs: control.ownMs,
      controlStallMsTarget: CONTROL_STALL_MS,
      controlStallMsRunning: control.ranMs,
      controlStallMsWithWaiting: control.ms,
      controlStallMsLearning: longest('control', began, learned).ownMs,
      rssMib: usage.rssMib,
    };
    const pass =
      figures.listenerStallMs <= LISTENER_STALL_MS &&
      figures.controlStallMs <= CONTROL_STALL_MS &&
      differences.length === 0;
    return [{ name: 'flush', figures, differences, pass }];
  } finally {
    if (process.env.BENCH_STALL_SHOW) process.stderr.write(readFileSync(stallFile, 'utf8'));
    server.kill();
  }
}

interface Longest {
  /** All of it, and without the time in which the thread was ready and others had the processors. */
  readonly ms: number;
  readonly ownMs: number;
  /** What it ran in one stretch; ownMs has waiting for locks and for helpers of the garbage collector too. */
  readonly ranMs: number;
}

function longestOf(stalls: readonly Stall[]): Longest {
  return {
    ms: Math.max(0, ...stalls.map(({ ms }) => ms)),
    ownMs: Math.max(0, ...stalls.map(({ ms, waitedMs }) => ms - waitedMs)),
    ranMs: Math.max(0, ...stalls.map(({ ranMs }) => ranMs)),
  };
}

function readStalls(path: string): Stall[] {
  const lines = readFileSync(path, { encoding: 'utf8', flag: 'a+' }).split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Stall]));
}
