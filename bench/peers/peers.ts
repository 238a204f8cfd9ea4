/**
 * `npm run bench -- --peers`: other servers beside ours, in one run, on the same packets at the same rate.
 *
 *   sender ──20 MiB/s, UDP or Unix──▶ whippet                  ──▶ file
 *                                  ▶ statsd_exporter          ──▶ /metrics, read once at the end
 *                                  ▶ OpenTelemetry collector  ──▶ OTLP over HTTP, to this process
 *
 * After a warm-up the CPU time counts from before the first packet until everything is out: our last flush, the page, the
 * last request. All are held against what was sent. Peers are Go modules that are built on demand into .setup/receivers, from
 * the registry that the machine's Go uses; one that cannot be built is not measured. There are no sets, which statsd_exporter
 * does not have.
 */
import { join } from 'node:path';
import type { Destination } from '../../src/listeners/system/send-batch.ts';
import { type Bench, inDirectory, measureServer, median, withSender } from '../measure.ts';
import { cpuMsOf, type SenderProcess } from '../processes.ts';
import { UDP_RECEIVE_BUFFER_BYTES } from '../rows.ts';
import type { ScenarioResult } from '../scenario-result.ts';
import { addTotals } from '../totals.ts';
import { openTelemetryCollector } from './opentelemetry-collector.ts';
import { differencesOf, drained, type Peer } from './peer.ts';
import { statsdExporter } from './statsd-exporter.ts';

const PEERS: readonly Peer[] = [statsdExporter, openTelemetryCollector];
/** Ours of what it takes a peer at most; those without one are there to compare. */
const RATIO_MAX: Readonly<Record<string, number>> = { [statsdExporter.name]: 0.2 };
const BYTES_PER_SECOND = 20 << 20;
/** All have compiled and know all contexts before CPU time counts. */
const WARM_UP_SECONDS = 2;
const PACKET_BYTES = { udp: 1432, unix: 8192 } as const;

type PeerTransport = keyof typeof PACKET_BYTES;

/** The same packets through all, in turn, of one transport. */
interface Comparison {
  readonly bench: Bench;
  readonly sender: SenderProcess;
  readonly transport: PeerTransport;
  readonly peers: readonly Peer[];
}

interface PeerResult {
  /** Of those that were counted in the end. */
  readonly cpuMicrosecondsPerPacket: number;
  readonly differences: readonly string[];
}

export async function measurePeers(bench: Bench): Promise<ScenarioResult[]> {
  const peers = PEERS.filter(isBuilt);
  if (peers.length === 0) return [];
  const results: ScenarioResult[] = [];
  for (const transport of ['udp', 'unix'] as const) {
    const corpus = {
      shape: 'peers',
      bytes: bench.corpusBytes,
      packetBytesMax: PACKET_BYTES[transport],
    } as const;
    results.push(
      ...(await withSender(bench, corpus, (sender) => compare({ bench, sender, transport, peers }))),
    );
  }
  return results;
}

function isBuilt(peer: Peer): boolean {
  try {
    peer.build();
    return true;
  } catch (error) {
    process.stderr.write(`${peer.name} is not measured: ${String(error)}\n`);
    return false;
  }
}

async function compare(comparison: Comparison): Promise<ScenarioResult[]> {
  const { bench, peers, transport } = comparison;
  const ours: PeerResult[] = [];
  const theirs = peers.map((): PeerResult[] => []);
  for (let run = 0; run < bench.runs; run++) {
    ours.push(await measureOurs(comparison));
    for (const [i, peer] of peers.entries()) theirs[i]?.push(await measurePeer(comparison, peer));
  }
  const differences = ours.flatMap((run) => run.differences);
  return peers.map((peer, i) => {
    const runs = theirs[i] ?? [];
    const ratio = median(ours.map(microseconds)) / median(runs.map(microseconds));
    const ratioMax = RATIO_MAX[peer.name];
    const figures = {
      cpuMicrosecondsPerPacket: median(ours.map(microseconds)),
      peerMicrosecondsPerPacket: median(runs.map(microseconds)),
      cpuRatio: ratio,
      ...(ratioMax !== undefined && { cpuRatioMax: ratioMax }),
    };
    const notes = runs.flatMap((run) => run.differences.map((text) => `${peer.name}: ${text}`));
    const pass = differences.length === 0 && ratio <= (ratioMax ?? Number.POSITIVE_INFINITY);
    return { name: `peers/${transport} ${peer.name}`, figures, differences, notes, pass };
  });
}

function microseconds({ cpuMicrosecondsPerPacket }: PeerResult): number {
  return cpuMicrosecondsPerPacket;
}

async function measureOurs({ bench, sender, transport }: Comparison): Promise<PeerResult> {
  const { cpuMs, totals, balance } = await measureServer(
    bench,
    sender,
    transport,
    trafficOf(bench),
    UDP_RECEIVE_BUFFER_BYTES,
  );
  return { cpuMicrosecondsPerPacket: (1000 * cpuMs) / totals.packets, differences: balance.differences };
}

function measurePeer({ bench, sender, transport }: Comparison, peer: Peer): Promise<PeerResult> {
  const traffic = trafficOf(bench);
  return inDirectory(async (directory) => {
    const destination: Destination =
      transport === 'udp'
        ? { kind: 'udp', host: '127.0.0.1', port: bench.port }
        : { kind: 'unix', path: join(directory, 'peer.sock') };
    const running = await peer.start(destination, directory);
    try {
      const warm = await sender.send({ ...traffic.warmUp, destination });
      await drained(running.pid);
      const before = cpuMsOf(`/proc/${running.pid}/stat`);
      const { totals } = await sender.send({ ...traffic, destination });
      const sums = await running.sums();
      const cpuMs = cpuMsOf(`/proc/${running.pid}/stat`) - before;
      const sent = addTotals(warm.totals, totals);
      // What a peer loses over UDP cost it nothing.
      const counted = totals.packets * Math.min(1, sums.c / sent.counterSum);
      return { cpuMicrosecondsPerPacket: (1000 * cpuMs) / counted, differences: differencesOf(sent, sums) };
    } finally {
      await running.stop();
    }
  });
}

function trafficOf({ seconds }: Bench) {
  const bytesPerSecond = BYTES_PER_SECOND;
  return { seconds, bytesPerSecond, warmUp: { seconds: Math.min(seconds, WARM_UP_SECONDS), bytesPerSecond } };
}
