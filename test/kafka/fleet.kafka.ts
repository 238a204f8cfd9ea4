/**
 * Three edges that receive over real UDP and Unix sockets, one server that merges them through a real Kafka, and one server
 * that got every datagram: both have the same sketches bin by bin, the same counters, the same sets.
 *
 * Percentiles and sets are of one bucket, so everything has to arrive in one everywhere: marks at both ends of each stream tell. On a
 * machine that is too busy for that it is sent again, under other names.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerProcess } from '../support/processes/server-process.ts';
import { KafkaCluster } from './broker.ts';

const BUCKET_SECONDS = 10;
const DEADLINE_MS = 300_000;
const ATTEMPTS_MAX = 6;
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
        grace_seconds: 8,
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

/** Waits until a server has read what was sent to its port, so that the socket's buffer has room. */
async function untilRead(port: number): Promise<void> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  await eventually('the server reads its socket', () =>
    readFileSync('/proc/net/udp', 'utf8')
      .split('\n')
      .filter((line) => line.includes(local))
      .every((line) => line.includes(':00000000 00:')),
  );
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

const MARKS = ['first udp', 'last udp', 'first unix', 'last unix'] as const;

/** What one edge gets, and the single server too. */
interface Lines {
  readonly udp: readonly string[];
  readonly unix: readonly string[];
}

function linesOf(i: number, name: string): Lines {
  const lines: string[] = [];
  for (let n = 0; n < 3000; n++) {
    lines.push(`fleet.hits_${name}:${n % 7}|c|#env:prod,pod:p${i}-${n % 50}`);
    lines.push(`fleet.latency_${name}:${(n * (i + 1)) % 997}.5|d|#env:prod,pod:p${i}`);
    lines.push(`fleet.size_${name}:${n % 400}|h|#env:prod,pod:p${i}`);
    lines.push(`fleet.users_${name}:${n % 512 < 256 ? n % 512 : (n % 512) + 256 * i}|s|#env:prod`);
  }
  lines.push(`fleet.max.queue_${name}:${10 * (i + 1)}|g|#pod:p${i}`);
  lines.push(`fleet.local.jobs_${name}:${i + 1}|c|#pod:p${i}`);
  const many = Array.from({ length: 500_000 }, (_, n) => `fleet.many_${name}:${i * 250_000 + n}|s`);
  const mark = (at: number): string[] => [`fleet.local.mark_${name}:1|c|#at:${MARKS[at]?.replace(' ', '-')}`];
  // Half over UDP, in pieces that fit the socket's buffer, half over the Unix socket.
  const packets = packetsOf(lines);
  const half = Math.ceil(packets.length / 2);
  return {
    udp: [...mark(0), ...packets.slice(0, half), ...mark(1)],
    unix: [...mark(2), ...packets.slice(half), ...packetsOf(many), ...mark(3)],
  };
}

async function sendTo(server: ServerProcess, { udp, unix }: Lines): Promise<void> {
  for (let at = 0; at < udp.length; at += 8) {
    server.send('udp', udp.slice(at, at + 8));
    await untilRead(server.udpPort);
  }
  server.send('unix', unix);
}

/** Whether all of it arrived in one bucket, the same everywhere. */
async function isInOneBucket(receivers: readonly ServerProcess[], name: string): Promise<boolean> {
  const marks = (server: ServerProcess) =>
    server.series(`fleet.local.mark_${name}`).filter(({ count }) => Number(count) > 0);
  const counted = (server: ServerProcess): number =>
    marks(server).reduce((sum, { count }) => sum + Number(count), 0);
  const of = (server: ServerProcess): number =>
    server === receivers.at(-1) ? EDGES * MARKS.length : MARKS.length;
  await eventually('all marks came', () => receivers.every((server) => counted(server) === of(server)));
  return new Set(receivers.flatMap((server) => marks(server).map(({ timestamp }) => timestamp))).size === 1;
}

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
    let name = '';
    for (let attempt = 1; ; attempt++) {
      if (attempt > ATTEMPTS_MAX)
        throw new Error('this machine takes longer than a bucket to send the lines');
      name = `n${attempt}`;
      const lines = edges.map((_, i) => linesOf(i, name));
      await beginningOfBucket();
      for (const [i, edge] of edges.entries())
        for (const server of [edge, single]) await sendTo(server, lines[i] as Lines);
      if (await isInOneBucket([...edges, single], name)) break;
    }
    await eventually('the single server is done', () => last(single, `fleet.many_${name}`) !== undefined);
    await eventually('the owner is done', () => last(owner, `fleet.many_${name}`) !== undefined);
    await eventually(
      'every counter came',
      () => owner.total(`fleet.hits_${name}`) === single.total(`fleet.hits_${name}`),
    );

    expect(single.total(`fleet.hits_${name}`)).toBe(
      EDGES * Array.from({ length: 3000 }, (_, n) => n % 7).reduce((a, b) => a + b),
    );
    expect(
      owner.series(`fleet.hits_${name}`).every(({ host, tags }) => host === '' && tags.join() === 'env:prod'),
    ).toBe(true);
    expect(binsOf(owner, `fleet.latency_${name}`)).toEqual(binsOf(single, `fleet.latency_${name}`));
    expect(binsOf(owner, `fleet.latency_${name}`).size).toBeGreaterThan(100);
    for (const suffix of ['.50percentile', '.99percentile', '.max', '.median', '.avg'])
      expect(last(owner, `fleet.size_${name}${suffix}`), suffix).toBe(
        last(single, `fleet.size_${name}${suffix}`),
      );
    expect(last(owner, `fleet.users_${name}`)).toBe(last(single, `fleet.users_${name}`));
    expect(last(owner, `fleet.users_${name}`)).toBe(1024);
    expect(last(owner, `fleet.max.queue_${name}`)).toBe(30);
    expect(Math.abs((last(owner, `fleet.many_${name}`) ?? 0) - 1_000_000)).toBeLessThan(25_000);
    // What is kept here as well has the tags there that it lost for the fleet.
    expect(owner.total(`fleet.local.jobs_${name}`)).toBe(6);
    expect(edges.map((edge) => edge.series(`fleet.local.jobs_${name}`)[0]?.tags)).toEqual([
      ['pod:p0'],
      ['pod:p1'],
      ['pod:p2'],
    ]);
    for (const edge of edges) expect(edge.series(`fleet.hits_${name}`)).toEqual([]);

    const view = JSON.parse((await owner.get('/api/global')).text) as {
      levels: { partitions: object[]; totals: { refused: object } }[];
    };
    expect(view.levels.map(({ partitions }) => partitions.length)).toEqual(Array(levels).fill(4));
    expect((await owner.get('/health')).status).toBe(200);
    expect(await owner.metricSum('whippet_global_late_chunks_total')).toBe(0);
    for (const server of [...edges, owner, single]) expect(await server.stop()).toBe(0);
  });
});
