/**
 * Scenario `start`: what a start costs, and a server that nobody sends anything to.
 *
 *   whippet --version        ─▶ milliseconds
 *   whippet run, RUNS times  ─▶ milliseconds and processor time until HTTP is up, which is the last step of a start
 *   then at rest             ─▶ resident memory with UDP alone; wake-ups a second of all threads, with a Unix socket too
 *
 * Processor time is what to compare on a machine that does other things besides; it includes up to 20 ms of what comes
 * after the start.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, inDirectory, median } from '../measure.ts';
import { SERVER, ServerProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const RUNS = 7;
/** What a start may take, ms. */
const READY_MS = 300;
const VERSION_MS = 80;
/** What a server at rest may take. */
const REST_MIB = 70;
const WAKE_UPS_PER_SECOND = 15;
/** A listener thread rests after five seconds without a packet; directories of containers are looked for every 30. */
const REST_AFTER_SECONDS = 7;
const REST_SECONDS = 30;

export async function measureStart(bench: Bench): Promise<ScenarioResult[]> {
  const isBrief = bench.seconds < 1;
  const starts: Start[] = [];
  for (let run = 0; run < (isBrief ? 1 : RUNS); run++) starts.push(await start(bench));
  const versionMs = median(Array.from({ length: isBrief ? 1 : RUNS }, timeVersion));
  const figures = {
    versionMs,
    readyMs: median(starts.map(({ readyMs }) => readyMs)),
    readyCpuMs: median(starts.map(({ cpuMs }) => cpuMs)),
  };
  const scale = isBrief ? 0.02 : 1;
  const { rssMib } = await measureRest(bench, scale, 'udp');
  const { wakeUpsPerSecond } = await measureRest(bench, scale, undefined);
  const rest = { rssMib, wakeUpsPerSecond };
  return [
    {
      ...{ name: 'start', figures, differences: [] },
      pass: figures.readyMs <= READY_MS && versionMs <= VERSION_MS,
    },
    {
      ...{ name: 'rest', figures: rest, differences: [] },
      pass: rest.rssMib <= REST_MIB && rest.wakeUpsPerSecond <= WAKE_UPS_PER_SECOND,
    },
  ];
}

interface Start {
  readonly readyMs: number;
  readonly cpuMs: number;
}

async function start(bench: Bench): Promise<Start> {
  return withServer(bench, 'udp', async (server, startedAt) => {
    await server.url();
    const { cpuMs } = server.usage();
    const at = Number(/"time":(\d+)[^\n]*"msg":"HTTP is up"/.exec(server.output())?.[1]);
    return { readyMs: at - startedAt, cpuMs };
  });
}

function timeVersion(): number {
  const began = performance.now();
  execFileSync(process.execPath, [SERVER, '--version']);
  return performance.now() - began;
}

async function measureRest(
  bench: Bench,
  scale: number,
  only: 'udp' | undefined,
): Promise<{ rssMib: number; wakeUpsPerSecond: number }> {
  return withServer(bench, only, async (server) => {
    await sleep(1000 * REST_AFTER_SECONDS * scale);
    const before = wakeUps(server.pid);
    await sleep(1000 * REST_SECONDS * scale);
    const wakeUpsPerSecond = (wakeUps(server.pid) - before) / (REST_SECONDS * scale);
    return { rssMib: server.usage().rssMib, wakeUpsPerSecond };
  });
}

/** How often the threads of a process have begun to wait, and so have woken up. */
function wakeUps(pid: number): number {
  let sum = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
    sum += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return sum;
}

async function withServer<Found>(
  { port, serverFlags: flags }: Bench,
  only: 'udp' | undefined,
  work: (server: ServerProcess, startedAt: number) => Promise<Found>,
): Promise<Found> {
  return inDirectory(async (directory) => {
    const startedAt = Date.now();
    const server = await ServerProcess.start({
      directory,
      port,
      receiveBufferBytes: 0,
      flags,
      ...(only && { only }),
    });
    try {
      const found = await work(server, startedAt);
      await server.stop();
      return found;
    } finally {
      server.kill();
    }
  });
}
