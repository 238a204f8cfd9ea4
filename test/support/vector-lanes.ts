/**
 * Sends conformance vectors to running servers and writes down what came of each.
 *
 *   vectors ─▶ lanes: one server each, vectors of one configuration and one socket
 *                 └─▶ waves: one bucket each, vectors that cannot be mistaken for one another
 *
 * A wave holds no two vectors that touch the same series or the same counter, so what is seen of it belongs to
 * one vector. All of a wave is received within one bucket; when that does not work out, because the machine was busy, the
 * lane begins anew with another server, whose buckets are wider. So no result depends on time. Counters are read after each wave, records when the server has stopped and the file is complete.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FileRecord } from '../../src/outputs/file-record.ts';
import { AGENT_HOST, COUNTERS, type Effect, effectOf } from './effects.ts';
import { ServerProcess } from './processes/server-process.ts';
import { groupBy, type Vector } from './vectors.ts';

export interface Probe {
  readonly vector: Vector;
  readonly effect: Effect;
}

export interface Lane {
  readonly waves: readonly (readonly Probe[])[];
}

export interface WaveResult {
  readonly probes: readonly Probe[];
  /** Start of the bucket that received it. */
  readonly bucket: number;
  /** Seconds. */
  readonly width: number;
  /** How much each counter grew, those that stood still left out. */
  readonly counts: ReadonlyMap<string, number>;
}

export interface LaneResult {
  readonly waves: readonly WaveResult[];
  readonly records: readonly FileRecord[];
}

/** More waves than this are spread over several servers, because each takes a second. */
const LANE_WAVES_MAX = 7;
/** Widths of buckets, of one attempt after the other, seconds; a bucket of each begins at the times that vectors have. */
const WIDTHS = [1, 1, 2, 4, 10, 20, 20];

export function planLanes(vectors: readonly Vector[]): Lane[] {
  const groups = groupBy(vectors, ({ config, tagger, source }) => JSON.stringify([config, tagger, source]));
  return [...groups.values()].flatMap((group) => {
    const waves = planWaves(group.map((vector) => ({ vector, effect: effectOf(vector) })));
    const lanes = Math.ceil(waves.length / LANE_WAVES_MAX);
    return Array.from({ length: lanes }, (_, i) => ({
      waves: waves.filter((_, at) => at % lanes === i),
    }));
  });
}

/** Puts each probe into the first wave that touches nothing it touches. */
function planWaves(probes: readonly Probe[]): Probe[][] {
  const waves: { probes: Probe[]; touched: Set<string> }[] = [];
  for (const probe of probes) {
    const touches = touchesOf(probe);
    let wave = waves.find(({ touched }) => !touches.some((one) => touched.has(one)));
    if (wave === undefined) {
      wave = { probes: [], touched: new Set() };
      waves.push(wave);
    }
    wave.probes.push(probe);
    for (const one of touches) wave.touched.add(one);
  }
  return waves.map((wave) => wave.probes);
}

function touchesOf({ effect }: Probe): string[] {
  return [
    ...effect.cells.map(({ name, host, tags }) => JSON.stringify([name, host, tags])),
    ...effect.messages.map((message) => JSON.stringify(message)),
    ...Object.keys(effect.counts),
  ];
}

export async function runLane(lane: Lane): Promise<LaneResult> {
  for (const width of WIDTHS) {
    const result = await tryLane(lane, width);
    if (result !== undefined) return result;
  }
  throw new Error(`no wave was received within ${WIDTHS.at(-1)} seconds; is the machine busy?`);
}

/** Undefined when a wave was not received within one bucket. */
async function tryLane(lane: Lane, width: number): Promise<LaneResult | undefined> {
  const bucketNow = (): number => Math.floor(Date.now() / 1000 / width) * width;
  const { config, source, tagger } = lane.waves[0]?.[0]?.vector as Vector;
  const server = await ServerProcess.start({
    unix: source === 'uds',
    config,
    // A counter that is idle is not filled with zeros, so that each bucket shows its own wave alone.
    set: {
      hostname: String(config.hostname ?? AGENT_HOST),
      bucket_seconds: width,
      dogstatsd_expiry_seconds: 0,
    },
    ...(tagger && { workloads: tagger }),
  });
  try {
    const waves: WaveResult[] = [];
    let packets = 0;
    let before = await readCounts(server);
    for (const probes of lane.waves) {
      // It is begun in the first half of a bucket; a timer may be a little early.
      for (;;) {
        const intoBucket = Date.now() - 1000 * bucketNow();
        if (waves.at(-1)?.bucket !== bucketNow() && intoBucket <= 500 * width) break;
        await sleep(1000 * width - intoBucket);
      }
      const bucket = bucketNow();
      // An empty line last: when it is counted, everything before it has been dealt with.
      const payloads = [...probes.map(({ vector }) => vector.packet), '\n'];
      if (source === 'uds') server.send('unix', payloads);
      else await server.sendUdp('127.0.0.1', payloads);
      packets += payloads.length;
      await server.until(
        async () => (await server.metricSum('whippet_listener_packets_accepted_total')) === packets,
        `${packets} packets are processed`,
      );
      if (bucketNow() !== bucket) return undefined;
      const after = await readCounts(server);
      const counts = new Map<string, number>();
      for (const [name, value] of after) {
        const grown = value - (before.get(name) ?? 0);
        if (grown !== 0) counts.set(name, grown);
      }
      waves.push({ probes, bucket, width, counts });
      before = after;
    }
    const code = await server.stop();
    if (code !== 0) throw new Error(`the server ended with ${code}; configuration ${JSON.stringify(config)}`);
    return { waves, records: server.records() };
  } finally {
    await server.dispose();
  }
}

/** The counters that effects speak of. */
async function readCounts(server: ServerProcess): Promise<Map<string, number>> {
  const { text } = await server.get('/metrics');
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const split = line.lastIndexOf(' ');
    // The listener is told apart by the lane.
    const series = line.slice(0, split).replace(/listener="[a-z]+",?/, '');
    const name = series.startsWith(COUNTERS.filtered) ? COUNTERS.filtered : series;
    if (isObserved(name)) counts.set(name, (counts.get(name) ?? 0) + Number(line.slice(split + 1)));
  }
  return counts;
}

function isObserved(name: string): boolean {
  return Object.values(COUNTERS).some((counter) => name.startsWith(counter));
}
