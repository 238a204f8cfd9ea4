/**
 * Scenario `pinned`: what two listener threads for UDP share, measured with each on a processor of its own.
 *
 *   one thread    one processor: the thread        the other: a sender at RATE
 *   two threads   one processor: a thread, and a sender at RATE       the other: the same
 *
 * Both threads of the second server receive as much as the one of the first, so its packets come in batches as large. What a
 * packet costs a thread more than there is what threads cost one another: lines of the cache they write to, locks of the
 * kernel, memory that is slower for two. The reverse of the ratio, twice, is how much two threads take of what one does.
 */
import { balance, observe } from '../conservation.ts';
import { type Bench, inDirectory, median, withSender } from '../measure.ts';
import type { SendOrder, SendReport } from '../messages.ts';
import { ownCpus, pin } from '../pinning.ts';
import { type SenderProcess, ServerProcess } from '../processes.ts';
import { UDP_RECEIVE_BUFFER_BYTES } from '../rows.ts';
import type { ScenarioResult } from '../scenario-result.ts';
import { addTotals, type Totals } from '../totals.ts';

const CLIENTS = 16;
/** Of each sender: enough that a thread is busy for a third of its time, and far below what it can take. */
const BYTES_PER_SECOND = 60 << 20;
const WARM_UP_SECONDS = 2;

/** What a packet costs the threads that do not control the server, and what was lost. */
interface Cost {
  readonly microseconds: number;
  readonly differences: readonly string[];
}

export async function measurePinned(bench: Bench): Promise<ScenarioResult[]> {
  if (ownCpus().length < 2)
    return [{ name: 'pinned', figures: {}, differences: ['it needs two processors'], pass: false }];
  const corpus = { shape: 'prod', bytes: bench.corpusBytes, packetBytesMax: 1432 } as const;
  return withSender(bench, corpus, (first) =>
    withSender(bench, corpus, async (second) => {
      const costs: Record<1 | 2, Cost[]> = { 1: [], 2: [] };
      for (let run = 0; run < bench.runs; run++)
        for (const threads of run % 2 === 0 ? ([1, 2] as const) : ([2, 1] as const))
          costs[threads].push(await measure(bench, threads === 1 ? [first] : [first, second]));
      return [summarize(costs)];
    }),
  );
}

/** A server with as many threads as senders. */
function measure(bench: Bench, senders: readonly SenderProcess[]): Promise<Cost> {
  return inDirectory(async (directory) => {
    const server = await ServerProcess.start({
      directory,
      port: bench.port,
      receiveBufferBytes: UDP_RECEIVE_BUFFER_BYTES,
      flags: [...bench.serverFlags, '--set', `dogstatsd_workers_count=${senders.length}`],
      only: 'udp',
    });
    try {
      const [one = 0, other = 0] = ownCpus();
      for (const [i, sender] of senders.entries()) pin(sender.pid, i === 0 ? other : one);
      const started = server.threadTimes();
      const warm = await send(server, senders, Math.min(bench.seconds, WARM_UP_SECONDS));
      const listeners = busiest(server, started).slice(0, senders.length);
      for (const [i, thread] of listeners.entries()) pin(thread, i === 0 ? one : other);
      const before = server.threadTimes();
      const sent = await send(server, senders, bench.seconds);
      const after = server.threadTimes();
      await server.stop();
      // Of all but the control thread: in a short run another one may have been taken for a listener.
      const ms = others(server, after).reduce((all, thread) => all + msBetween(before, after, thread), 0);
      const { differences } = balance(addUp([...warm, ...sent]), await observe(server.outputFile));
      return { microseconds: (1000 * ms) / addUp(sent).packets, differences };
    } finally {
      server.kill();
    }
  });
}

function send(
  server: ServerProcess,
  senders: readonly SenderProcess[],
  seconds: number,
): Promise<SendReport[]> {
  const order: SendOrder = {
    destination: server.udp,
    clients: CLIENTS,
    bytesPerSecond: BYTES_PER_SECOND,
    seconds,
  };
  return Promise.all(senders.map((sender) => sender.send(order)));
}

/** Threads of the server but the one that controls it, by the time they took since `started`, the most first. */
function busiest(server: ServerProcess, started: ReadonlyMap<string, number>): number[] {
  const now = server.threadTimes();
  return others(server, now).sort((a, b) => msBetween(started, now, b) - msBetween(started, now, a));
}

function others(server: ServerProcess, times: ReadonlyMap<string, number>): number[] {
  return [...times.keys()].map(Number).filter((thread) => thread !== server.pid);
}

function msBetween(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  thread: number,
): number {
  return (after.get(String(thread)) ?? 0) - (before.get(String(thread)) ?? 0);
}

function addUp(reports: readonly SendReport[]): Totals {
  return reports.map(({ totals }) => totals).reduce(addTotals);
}

function summarize({ 1: one, 2: two }: Record<1 | 2, readonly Cost[]>): ScenarioResult {
  const cpuRatio = median(two.map(({ microseconds }, run) => microseconds / (one[run]?.microseconds ?? 0)));
  const differences = [...one, ...two].flatMap((cost) => cost.differences);
  const figures = {
    cpuMicrosecondsPerPacketOne: median(one.map(({ microseconds }) => microseconds)),
    cpuMicrosecondsPerPacketTwo: median(two.map(({ microseconds }) => microseconds)),
    cpuRatio,
    twoTakeTimes: 2 / cpuRatio,
  };
  return { name: 'pinned', figures, differences, pass: differences.length === 0 };
}
