/**
 * Scenario `contexts`: memory with as many contexts as a large fleet has, of all types and 3 to 8 tags, each sent once, and
 * what each of them takes.
 *
 *   HTTP in use ─▶ 250,000, 1,000,000 or --contexts n are sent ─▶ flushed ─▶ SETTLE_MS later ─▶ stopped
 *   before                                     sent              peak so far  after            peak
 *
 * Every name is another one, and so is nearly every tag: more text than a fleet has. A file and `/metrics` are the outputs.
 *
 * Pace   the sender waits for the socket; then the scenario waits for the server, however busy the machine is: until all
 *        values are with the outputs. A server that is stopped at once on a busy machine needs longer for its last flush than
 *        a stop may take, and then contexts are missing.
 * Fails  when the server gets nowhere for STUCK_MS, when anything is missing, or above the memory that was asked for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { balance, observe } from '../conservation.ts';
import { type Bench, inDirectory, withSender } from '../measure.ts';
import { type SenderProcess, ServerProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const MIB = 1 << 20;
/** How many contexts, and what the server may take, MiB. */
const ROWS: readonly { readonly contexts: number; readonly mostMib: number }[] = [
  { contexts: 250_000, mostMib: 350 },
  { contexts: 1_000_000, mostMib: 1229 },
];
const BYTES_PER_SECOND = 10 * MIB;
/** Room in the corpus for each context once; a line has about 150. */
const LINE_BYTES = 220;
/** A short run, whose corpus is small, has fewer: what fits into so many of it. */
const SHORT_SHARE = 2;
const IDLE_MS = 1000;
const POLL_MS = 500;
const STUCK_MS = 300_000;
/** What stays after a flush is looked at this much later. */
const SETTLE_MS = 3000;

export async function measureManyContexts(bench: Bench): Promise<ScenarioResult[]> {
  const rows = bench.contexts === undefined ? ROWS : [{ contexts: bench.contexts, mostMib: Infinity }];
  const results: ScenarioResult[] = [];
  for (const { contexts, mostMib } of rows) {
    const most = Math.min(contexts, Math.floor((SHORT_SHARE * bench.corpusBytes) / LINE_BYTES));
    results.push(await measureContexts(bench, most, mostMib));
    // A short run would do the same again.
    if (most < contexts) break;
  }
  return results;
}

async function measureContexts(bench: Bench, contexts: number, mostMib: number): Promise<ScenarioResult> {
  const corpus = {
    shape: 'prod',
    contexts,
    bytes: contexts * LINE_BYTES + 8192,
    packetBytesMax: 8192,
  } as const;
  return withSender(bench, corpus, (sender) =>
    inDirectory((directory) => measureLife(bench, sender, directory, mostMib)),
  );
}

async function measureLife(
  bench: Bench,
  sender: SenderProcess,
  directory: string,
  mostMib: number,
): Promise<ScenarioResult> {
  const contexts = sender.corpus.lines;
  const limit = Math.ceil(1.1 * contexts);
  const server = await ServerProcess.start({
    ...{ directory, port: bench.port, receiveBufferBytes: 0, only: 'unix' },
    flags: ['--set', `limits.contexts=${limit}`, '--set', `limits.lines=${limit}`, ...bench.serverFlags],
  });
  try {
    await flushedValues(server);
    await sleep(IDLE_MS);
    const before = server.usage().rssMib;
    const sent = await sender.send({
      destination: server.unix,
      bytesPerSecond: BYTES_PER_SECOND,
      passes: 1,
    });
    const rssSentMib = server.usage().rssMib;
    await flushed(server, sent.totals.samples);
    const { rssPeakMib: rssFlushPeakMib } = server.usage();
    await sleep(SETTLE_MS);
    const after = server.usage().rssMib;
    const { rssPeakMib, controlCpuMs } = await server.stop();
    const { differences, loss } = balance(sent.totals, await observe(server.outputFile));
    const figures = {
      contexts,
      rssBeforeMib: before,
      rssSentMib,
      rssFlushPeakMib,
      rssAfterMib: after,
      rssPeakMib,
      bytesPerContext: ((after - before) * MIB) / contexts,
      peakBytesPerContext: ((rssPeakMib - before) * MIB) / contexts,
      controlCpuMs,
      loss,
    };
    const pass = differences.length === 0 && rssPeakMib <= mostMib;
    return { name: `memory of ${contexts} contexts`, figures, differences, pass };
  } finally {
    server.kill();
  }
}

/** Waits until the outputs have `values`, as long as the server gets on. */
async function flushed(server: ServerProcess, values: number): Promise<void> {
  let most = -1;
  for (let deadline = performance.now() + STUCK_MS; ; await sleep(POLL_MS)) {
    const got = await flushedValues(server);
    if (got >= values) return;
    if (got > most) deadline = performance.now() + STUCK_MS;
    most = Math.max(most, got);
    if (performance.now() > deadline)
      throw new Error(`of ${values} values the outputs have ${got}, and no more for ${STUCK_MS / 1000} s`);
  }
}

/** Values that were aggregated and given to the outputs, as the server's ledger has them. */
async function flushedValues(server: ServerProcess): Promise<number> {
  const response = await fetch(`${await server.url()}/api/ledger`);
  const { totals } = (await response.json()) as {
    readonly totals: readonly { readonly stage: string; readonly unit: string; readonly accepted: object }[];
  };
  const stage = totals.find(({ stage, unit }) => stage === 'aggregate' && unit === 'values');
  return Object.values(stage?.accepted ?? {}).reduce((sum, value) => sum + Number(value), 0);
}
