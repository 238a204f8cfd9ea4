/**
 * `npm run bench -- --peers`: other servers beside ours, in one run, on the same packets at the same rate.
 *
 *   sender ──20 MiB/s, UDP or Unix──▶ whippet           ──▶ file
 *                                  ▶ statsd_exporter   ──▶ /metrics, read once at the end
 *
 * After a warm-up the CPU time counts from before the first packet until everything is out: our last flush, its page. Both are held against
 * what was sent. statsd_exporter is a Go module that is built on demand into .setup/receivers, from the registry that the
 * machine's Go uses; without Go nothing is measured. The rate is one that it takes without loss, and there are no sets, which
 * it does not have.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Destination } from '../src/listeners/system/send-batch.ts';
import { type Bench, inDirectory, measureServer, median, withSender } from './measure.ts';
import { cpuMsOf, type SenderProcess } from './processes.ts';
import type { ScenarioResult } from './scenario-result.ts';
import { addTotals, type Totals } from './totals.ts';

const MODULE = 'github.com/prometheus/statsd_exporter@v0.28.0';
const FOLDER = fileURLToPath(new URL('../../.setup/receivers', import.meta.url));
const EXPORTER = join(FOLDER, 'statsd_exporter');
const BYTES_PER_SECOND = 20 << 20;
/** Both have compiled and know all contexts before CPU time counts. */
const WARM_UP_SECONDS = 2;
const RECEIVE_BUFFER_BYTES = 4 << 20;
/** Of what it takes us. */
const RATIO_MAX = 0.2;
const READY_MS = 20_000;
const DRAIN_MS = 60_000;
const POLL_MS = 100;
/** Names of the corpus and not of the exporter itself, of Go and of its process: they begin with the type sent. */
const OF_THE_CORPUS = /^[chd]/;
const PACKET_BYTES = { udp: 1432, unix: 8192 } as const;

type PeerTraffic = ReturnType<typeof trafficOf>;
type PeerTransport = keyof typeof PACKET_BYTES;

interface PeerResult {
  readonly cpuMs: number;
  readonly packets: number;
  readonly differences: readonly string[];
}

export async function measurePeers(bench: Bench): Promise<ScenarioResult[]> {
  if (!buildExporter()) return [];
  const results: ScenarioResult[] = [];
  for (const transport of ['udp', 'unix'] as const) {
    const corpus = {
      shape: 'peers',
      bytes: bench.corpusBytes,
      packetBytesMax: PACKET_BYTES[transport],
    } as const;
    results.push(await withSender(bench, corpus, (sender) => compare(bench, sender, transport)));
  }
  return results;
}

async function compare(
  bench: Bench,
  sender: SenderProcess,
  transport: PeerTransport,
): Promise<ScenarioResult> {
  const traffic = trafficOf(bench);
  const ours: number[] = [];
  const theirs: number[] = [];
  const differences: string[] = [];
  const notes: string[] = [];
  for (let run = 0; run < bench.runs; run++) {
    const own = await measureServer(bench, sender, transport, traffic, RECEIVE_BUFFER_BYTES);
    ours.push((1000 * own.cpuMs) / own.totals.packets);
    differences.push(...own.balance.differences);
    const peer = await inDirectory((directory) =>
      measureExporter(sender, destinationOf(bench, transport, directory), traffic),
    );
    theirs.push((1000 * peer.cpuMs) / peer.packets);
    notes.push(...peer.differences.map((text) => `statsd_exporter: ${text}`));
  }
  const ratio = median(ours) / median(theirs);
  const figures = {
    cpuMicrosecondsPerPacket: median(ours),
    statsdExporterMicrosecondsPerPacket: median(theirs),
    cpuRatio: ratio,
    cpuRatioMax: RATIO_MAX,
  };
  const pass = differences.length === 0 && ratio <= RATIO_MAX;
  return { name: `peers/${transport}`, figures, differences, notes, pass };
}

function trafficOf({ seconds }: Bench) {
  const bytesPerSecond = BYTES_PER_SECOND;
  return { seconds, bytesPerSecond, warmUp: { seconds: Math.min(seconds, WARM_UP_SECONDS), bytesPerSecond } };
}

function destinationOf(bench: Bench, transport: PeerTransport, directory: string): Destination {
  return transport === 'udp'
    ? { kind: 'udp', host: '127.0.0.1', port: bench.port }
    : { kind: 'unix', path: join(directory, 'peer.sock') };
}

async function measureExporter(
  sender: SenderProcess,
  destination: Destination,
  traffic: PeerTraffic,
): Promise<PeerResult> {
  const isUdp = destination.kind === 'udp';
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    EXPORTER,
    [
      '--statsd.listen-tcp=',
      `--statsd.listen-udp=${isUdp ? `${destination.host}:${destination.port}` : ''}`,
      `--statsd.listen-unixgram=${isUdp ? '' : destination.path}`,
      `--statsd.read-buffer=${RECEIVE_BUFFER_BYTES}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  try {
    await listening(child, url);
    const pid = child.pid as number;
    const warm = await sender.send({ ...traffic.warmUp, destination });
    await drained(pid);
    const before = cpuMsOf(`/proc/${pid}/stat`);
    const { totals } = await sender.send({ ...traffic, destination });
    await drained(pid);
    const page = await readPage(url);
    const cpuMs = cpuMsOf(`/proc/${pid}/stat`) - before;
    return {
      cpuMs,
      packets: totals.packets,
      differences: differencesOf(addTotals(warm.totals, totals), page),
    };
  } finally {
    const ended = once(child, 'exit');
    kill();
    await ended;
    process.off('exit', kill);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(child: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    if (await readPage(url).catch(() => undefined)) return;
    await sleep(POLL_MS);
  }
  throw new Error(`statsd_exporter did not start: ${child.spawnargs.join(' ')}`);
}

/** Waits until it has nothing to do: less than a tick of CPU time in two looks. */
async function drained(pid: number): Promise<void> {
  const deadline = performance.now() + DRAIN_MS;
  for (let quiet = 0; quiet < 3 && performance.now() < deadline; ) {
    const before = cpuMsOf(`/proc/${pid}/stat`);
    await sleep(2 * POLL_MS);
    quiet = cpuMsOf(`/proc/${pid}/stat`) - before < 10 ? quiet + 1 : 0;
  }
}

async function readPage(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`);
  return response.text();
}

/** What its page says beside what was sent; names begin with the type they were sent as. */
export function differencesOf(sent: Totals, page: string): string[] {
  const sums = { c: 0, h: 0, d: 0 };
  for (const line of page.split('\n')) {
    const [, name = '', value = '0'] = /^([a-z]\w*)(?:\{.*\})? (\S+)$/.exec(line) ?? [];
    const type = name[0];
    if (!OF_THE_CORPUS.test(name)) continue;
    if (type === 'c') sums.c += Number(value);
    if ((type === 'h' || type === 'd') && name.endsWith('_count')) sums[type] += Number(value);
  }
  const rows = [
    ['sum of counters', sent.counterSum, sums.c],
    ['weight of histograms', sent.histogramWeight, sums.h],
    ['weight of distributions', sent.distributionWeight, sums.d],
  ] as const;
  return rows.flatMap(([what, expected, found]) =>
    Math.abs(expected - found) < 0.5 ? [] : [`${what}: sent ${expected}, reported ${found}`],
  );
}

function buildExporter(): boolean {
  if (existsSync(EXPORTER)) return true;
  mkdirSync(FOLDER, { recursive: true });
  try {
    process.stderr.write(`building ${MODULE} …\n`);
    execFileSync('go', ['install', '-p', '1', MODULE], {
      env: { ...process.env, GOBIN: FOLDER },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return true;
  } catch (error) {
    process.stderr.write(`no peer to measure: ${String(error)}\n`);
    return false;
  }
}
