/**
 * A capture of mixed traffic, played again over every transport and through the virtual server, gives the same series.
 *
 *   traffic ─▶ server ─▶ out.ndjson ─▶ series ┐
 *                └─▶ capture ─▶ whippet replay ─▶ another server ─▶ series ├─ equal, context by context
 *                          └─▶ whippet simulate ─▶ series ┘
 *
 * Buckets end when they like: what is compared does not depend on it. Counts, sums and bins are added over buckets, of
 * gauges the last counts, each element of a set is sent once, and a histogram always has the same value.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedSeries } from '../../src/inspect/simulate/simulate-series.ts';
import type { SeriesRecord } from '../../src/outputs/file-record.ts';
import { frame } from '../support/packets.ts';
import { runWhippet } from '../support/processes/command.ts';
import {
  type ServerProcess,
  type ServerProcessOptions,
  TEST_HOST,
  TRANSPORTS,
  type Transport,
  withServer,
} from '../support/processes/server-process.ts';

const PACKETS = 60;
/** Of all packets, over all transports. */
const LINES = PACKETS * 21 * 5;
const STAMP = 1_700_000_000;
const ALL: ServerProcessOptions = { unix: true, stream: true, args: ['--tcp-port', '0'] };

const folder = mkdtempSync(join(tmpdir(), 'whippet-replay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Packet `i` of a transport: every type and field, new contexts and known ones, tags in two orders, broken lines. */
function packet(via: Transport | 'http', i: number): string[] {
  const tags = i % 2 === 0 ? `via:${via},shard:${i % 7}` : `shard:${i % 7},via:${via}`;
  return [
    `mix.count:${i}|c|#${tags}`,
    `mix.packed:1:2:${i}|c|#via:${via}`,
    `mix.sampled:1|c|@0.25|#via:${via}`,
    `mix.new.${i}:1|c|#via:${via}`,
    `mix.gauge:${i * 1.5}|g|#${tags}`,
    `mix.level:${i % 3 === 0 ? '-2' : '+3'}|g|#via:${via}`,
    `mix.wait:${i}:${i * 10}:-0.25|d|#${tags}`,
    `mix.slow:${i + 0.5}|d|@0.5|#via:${via}`,
    `mix.steady:${i % 7}|ms|#${tags}`,
    `mix.rare:8|h|@0.2|#via:${via}`,
    `mix.users:${via}-${i}|s`,
    `mix.users:a:${via}:${i}|s|#via:${via}`,
    `mix.host:${i}|c|#host:web-${i % 2},via:${via}`,
    `mix.late:${i}|c|#via:${via}|T${STAMP + (i % 5)}`,
    `mix.late.level:${i}|g|#via:${via}|T${STAMP + i}`,
    `mix.told:1|c|#via:${via}|c:ci-0123456789|e:it-false,cn-web|card:low`,
    `_e{4,6}:done|${via.slice(0, 2)}${1000 + i}|d:${STAMP + i}|#via:${via}`,
    `_sc|mix.ok|${i % 4}|d:${STAMP + i}|#via:${via}|m:${via} ${i}`,
    'mix.bad:1,5|c',
    'mix.bad|c',
    'no line at all',
  ];
}

/** What one context came to: `[counted]`, `[last]`, `[count, sum, bins]`. */
type Series = Map<string, unknown>;

const keyOf = (name: string, type: string, tags: readonly string[], host: string): string =>
  [name, type, [...tags].sort().join(), host].join(' | ');

/** Adds one point of one bucket. Rates are given as what was counted. */
function add(into: Series, key: string, type: string, timestamp: number, value: number): void {
  if (type === 'gauge' && !key.startsWith('mix.users')) {
    const [, before] = (into.get(key) as [number, number] | undefined) ?? [0, Number.NEGATIVE_INFINITY];
    if (timestamp >= before) into.set(key, [value, timestamp]);
  } else into.set(key, ((into.get(key) as number | undefined) ?? 0) + value);
}

interface Bins {
  count: number;
  sum: number;
  readonly bins: Map<number, number>;
}

function addBins(into: Series, key: string, { cnt, sum, k, n }: SeriesRecord['sketch'] & object): void {
  const held = (into.get(key) as Bins | undefined) ?? { count: 0, sum: 0, bins: new Map<number, number>() };
  held.count += cnt;
  held.sum += Number(sum);
  k.forEach((bin, at) => {
    held.bins.set(bin, (held.bins.get(bin) ?? 0) + (n[at] ?? 0));
  });
  into.set(key, held);
}

/** Without times, sorted, with sums to twelve digits: buckets add them in another order. */
function comparable(series: Series): [string, unknown][] {
  const rows = [...series].map(([key, value]): [string, unknown] => {
    if (typeof value === 'number') return [key, Number(value.toPrecision(12))];
    if (Array.isArray(value)) return [key, value[0]];
    const { count, sum, bins } = value as Bins;
    return [key, { count, sum: Number(sum.toPrecision(12)), bins: [...bins].sort(([a], [b]) => a - b) }];
  });
  return rows.sort(([a], [b]) => (a < b ? -1 : 1));
}

function seriesOf(server: ServerProcess): [string, unknown][] {
  const series: Series = new Map();
  for (const record of server.records()) {
    if (!('metric' in record) || !record.metric.startsWith('mix.')) continue;
    const { metric, type, tags, host, timestamp, value, count, sketch } = record;
    const key = keyOf(metric, sketch === undefined ? type : 'sketch', tags, host);
    if (sketch !== undefined) addBins(series, key, sketch);
    else add(series, key, type, timestamp, Number(count ?? value));
  }
  return comparable(series);
}

function simulatedSeries(records: readonly SimulatedSeries[]): [string, unknown][] {
  const series: Series = new Map();
  for (const { name, type, tags, host, interval, points = [], sketches = [] } of records) {
    const key = keyOf(name, type, tags, host);
    const scale = type === 'rate' ? interval : 1;
    for (const [timestamp, value] of points) add(series, key, type, timestamp, Number(value) * scale);
    for (const { k, n, cnt, sum } of sketches)
      addBins(series, key, {
        cnt: Number(cnt),
        sum: Number(sum),
        min: 0,
        max: 0,
        avg: 0,
        k: [...k],
        n: [...n],
      });
  }
  return comparable(series);
}

const othersOf = (server: ServerProcess): string[] =>
  [...server.events(), ...server.checks()].map((one) => JSON.stringify(one)).sort();

describe('a capture of mixed traffic', () => {
  const file = join(folder, 'mixed.dog');
  let live: [string, unknown][] = [];
  let others: string[] = [];
  let rejected = 0;

  beforeAll(async () => {
    await withServer(ALL, async (server) => {
      const url = `http://127.0.0.1:${server.httpPort}`;
      const response = await fetch(`${url}/api/capture?duration=300s`, { method: 'POST' });
      expect(response.status).toBe(200);
      for (const transport of TRANSPORTS) await sendOver(server, transport);
      for (let i = 0; i < PACKETS; i++)
        await fetch(`${url}/dogstatsd/v2/proxy`, { method: 'POST', body: packet('http', i).join('\n') });
      await server.until(async () => {
        const { running } = JSON.parse((await server.get('/api/capture')).text);
        return running?.packets === PACKETS * (TRANSPORTS.length + 1);
      }, 'all packets are in the capture');
      await fetch(`${url}/api/capture/stop`, { method: 'POST' });
      writeFileSync(file, Buffer.from(await response.arrayBuffer()));
      rejected = (await receivedBy(server)).rejected;
      expect(await server.stop()).toBe(0);
      live = seriesOf(server);
      others = othersOf(server);
    });
  }, 120_000);

  it('has every series that was sent', () => {
    expect(live.length).toBeGreaterThan(500);
    expect(new Map(live).get(`mix.packed | rate | via:tcp | ${TEST_HOST}`)).toBe(PACKETS * 3 + 1770);
    expect(new Map(live).get(`mix.users | gauge |  | ${TEST_HOST}`)).toBe(PACKETS * 5);
    expect(others).toHaveLength(PACKETS * 5 * 2);
    expect(rejected).toBe(PACKETS * 5 * 3);
  });

  it.each(
    TRANSPORTS,
  )('replayed over %s gives the same series, events, checks and rejected lines', async (to) => {
    await withServer(ALL, async (server) => {
      const address = server.addressOf(to);
      const { code, stderr } = await runWhippet(['replay', file, '--to', address, '--speed', '20x']);
      expect([code, stderr]).toEqual([0, '']);
      await server.until(async () => (await receivedBy(server)).received === LINES, 'all lines have arrived');
      expect(await server.stop()).toBe(0);
      expect(seriesOf(server)).toEqual(live);
      expect(othersOf(server)).toEqual(others);
    });
  }, 120_000);

  it.each([
    ['with caches', []],
    ['without caches', ['--cold']],
  ])('simulated %s gives the same series', async (_, flags) => {
    const { code, stdout } = await runWhippet([
      'simulate',
      file,
      '--json',
      '--set',
      `hostname=${TEST_HOST}`,
      ...flags,
    ]);
    expect(code).toBe(0);
    expect(simulatedSeries(JSON.parse(stdout) as SimulatedSeries[])).toEqual(live);
  });
});

/** Datagrams, frames of one connection, or a TCP connection for each packet, so that each is a record of the capture. */
async function sendOver(server: ServerProcess, transport: Transport): Promise<void> {
  const packets = Array.from({ length: PACKETS }, (_, i) => packet(transport, i).join('\n'));
  if (transport === 'udp' || transport === 'unix') server.send(transport, packets);
  else if (transport === 'unixstream') await deliver(connect(server.streamPath), packets.map(frame));
  else
    for (const one of packets) await deliver(connect(server.tcpPort, '127.0.0.1'), [Buffer.from(`${one}\n`)]);
}

async function deliver(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) socket.write(piece);
  socket.end().resume();
  await once(socket, 'close');
}

/** Messages that the listeners have received, and those of them that were rejected. */
async function receivedBy(server: ServerProcess): Promise<{ received: number; rejected: number }> {
  const { totals } = await server.ledger();
  const sum = { received: 0, rejected: 0 };
  for (const { stage, unit, received, rejected } of totals) {
    if (stage !== 'listener' || unit !== 'messages') continue;
    sum.received += received;
    for (const count of Object.values(rejected)) sum.rejected += count;
  }
  return sum;
}
