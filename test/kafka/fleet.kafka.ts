/**
 * Three edges that receive over real UDP and Unix sockets, one server that merges them through a real Kafka, and one server
 * that got every datagram: both have the same sketches bin by bin, the same counters, the same sets.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerProcess } from '../support/processes/server-process.ts';
import { KafkaCluster } from './broker.ts';

const BUCKET_SECONDS = 5;
const DEADLINE_MS = 60_000;
const PACKET_BYTES = 8000;
const EDGES = 3;

let cluster: KafkaCluster;
const servers: ServerProcess[] = [];

beforeAll(async () => {
  cluster = await KafkaCluster.start();
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.dispose()));
  await cluster?.dispose();
});

const rules = [
  { match: 'fleet.local.*', global: true, keep_local: true, drop_tags: ['pod'] },
  { match: 'fleet.max.*', global: true, gauge: 'max', drop_tags: ['pod'] },
  { match: 'fleet.*', global: true, drop_tags: ['pod'] },
];

async function start(role: 'edge' | 'global' | 'none', topic: string, levels = 1): Promise<ServerProcess> {
  const server = await ServerProcess.start({
    unix: true,
    config: {
      bucket_seconds: BUCKET_SECONDS,
      // The server that gets everything drops what edges drop.
      rules: role === 'none' ? [{ match: 'fleet.*', drop_tags: ['pod'] }] : rules,
      histogram_percentiles: ['0.5', '0.99'],
      global: {
        role,
        topic,
        levels,
        partitions: 4,
        grace_seconds: 3,
        group: topic,
        kafka: { brokers: cluster.brokers, replication_factor: 1, min_insync_replicas: 1 },
      },
    },
    set: {
      bucket_seconds: BUCKET_SECONDS,
      hostname: `host-${servers.length}`,
      'limits.bucket_keys': 8_388_608,
    },
  });
  servers.push(server);
  return server;
}

function packetsOf(lines: readonly string[]): string[] {
  const packets: string[] = [];
  let packet = '';
  for (const line of lines) {
    if (packet.length + line.length > PACKET_BYTES) {
      packets.push(packet);
      packet = '';
    }
    packet += `${line}\n`;
  }
  return [...packets, packet];
}

/** Waits for the beginning of a bucket, so that everything sent in the next seconds is in one. */
async function beginningOfBucket(): Promise<void> {
  const ms = BUCKET_SECONDS * 1000;
  await sleep(ms - (Date.now() % ms) + 50);
}

async function eventually(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await sleep(100);
  }
}

/** Bins of a distribution over all buckets. */
function binsOf(server: ServerProcess, metric: string): Map<number, number> {
  const bins = new Map<number, number>();
  for (const { sketch } of server.series(metric))
    sketch?.k.forEach((key, i) => {
      bins.set(key, (bins.get(key) ?? 0) + (sketch.n[i] ?? 0));
    });
  return new Map([...bins].sort(([a], [b]) => a - b));
}

const last = (server: ServerProcess, metric: string): number | undefined => {
  const values = server.series(metric).map(({ value }) => Number(value));
  return values.length === 0 ? undefined : Math.max(...values);
};

describe.each([1, 2])('a fleet with %i level(s)', (levels) => {
  it('comes to what one server would have come to', async () => {
    const topic = `fleet${levels}`;
    const owner = await start('global', topic, levels);
    const edges = await Promise.all(Array.from({ length: EDGES }, () => start('edge', topic, levels)));
    const single = await start('none', topic);
    await eventually(
      'the owner has all partitions',
      () =>
        owner.log.filter(({ msg }) => msg === 'now owns a partition of the global log').length >= 4 * levels,
    );
    await beginningOfBucket();
    for (const [i, edge] of edges.entries()) {
      const lines: string[] = [];
      for (let n = 0; n < 3000; n++) {
        lines.push(`fleet.hits:${n % 7}|c|#env:prod,pod:p${i}-${n % 50}`);
        lines.push(`fleet.latency:${(n * (i + 1)) % 997}.5|d|#env:prod,pod:p${i}`);
        lines.push(`fleet.size:${n % 400}|h|#env:prod,pod:p${i}`);
        lines.push(`fleet.users:${n % 512 < 256 ? n % 512 : (n % 512) + 256 * i}|s|#env:prod`);
      }
      lines.push(`fleet.max.queue:${10 * (i + 1)}|g|#pod:p${i}`);
      lines.push(`fleet.local.jobs:${i + 1}|c|#pod:p${i}`);
      const many = Array.from({ length: 500_000 }, (_, n) => `fleet.many:${i * 250_000 + n}|s`);
      for (const server of [edge, single]) {
        // Half over UDP, in pieces that fit the socket's buffer, half over the Unix socket.
        const packets = packetsOf(lines);
        const half = Math.ceil(packets.length / 2);
        for (let at = 0; at < half; at += 8) {
          server.send('udp', packets.slice(at, Math.min(at + 8, half)));
          await sleep(5);
        }
        server.send('unix', packets.slice(half));
        server.send('unix', packetsOf(many));
      }
    }
    await eventually('the single server is done', () => last(single, 'fleet.many') !== undefined);
    await eventually('the owner is done', () => last(owner, 'fleet.many') !== undefined);
    await eventually('every counter came', () => owner.total('fleet.hits') === single.total('fleet.hits'));

    expect(single.total('fleet.hits')).toBe(
      EDGES * Array.from({ length: 3000 }, (_, n) => n % 7).reduce((a, b) => a + b),
    );
    expect(
      owner.series('fleet.hits').every(({ host, tags }) => host === '' && tags.join() === 'env:prod'),
    ).toBe(true);
    expect(binsOf(owner, 'fleet.latency')).toEqual(binsOf(single, 'fleet.latency'));
    expect(binsOf(owner, 'fleet.latency').size).toBeGreaterThan(100);
    for (const suffix of ['.50percentile', '.99percentile', '.max', '.median', '.avg'])
      expect(last(owner, `fleet.size${suffix}`), suffix).toBe(last(single, `fleet.size${suffix}`));
    expect(last(owner, 'fleet.users')).toBe(last(single, 'fleet.users'));
    expect(last(owner, 'fleet.users')).toBe(1024);
    expect(last(owner, 'fleet.max.queue')).toBe(30);
    expect(Math.abs((last(owner, 'fleet.many') ?? 0) - 1_000_000)).toBeLessThan(25_000);
    // What is kept here as well has the tags there that it lost for the fleet.
    expect(owner.total('fleet.local.jobs')).toBe(6);
    expect(edges.map((edge) => edge.series('fleet.local.jobs')[0]?.tags)).toEqual([
      ['pod:p0'],
      ['pod:p1'],
      ['pod:p2'],
    ]);
    for (const edge of edges) expect(edge.series('fleet.hits')).toEqual([]);

    const view = JSON.parse((await owner.get('/api/global')).text) as {
      levels: { partitions: object[]; totals: { refused: object } }[];
    };
    expect(view.levels.map(({ partitions }) => partitions.length)).toEqual(Array(levels).fill(4));
    expect((await owner.get('/health')).status).toBe(200);
    expect(await owner.metricSum('whippet_global_late_chunks_total')).toBe(0);
    for (const server of [...edges, owner, single]) expect(await server.stop()).toBe(0);
  });
});
