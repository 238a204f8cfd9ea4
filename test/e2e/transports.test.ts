/**
 * Every type over every transport: one datagram with all of them, exact values in the file and on /metrics.
 * One datagram is one bucket, so nothing here depends on when it arrives.
 */
import { createSocket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SeriesRecord } from '../../src/outputs/file-record.ts';
import { ServerProcess, type ServerProcessOptions, TEST_HOST } from '../support/processes/server-process.ts';

const STAMP = 1_700_000_000;
const PACKET = [
  'e2e.count:3|c',
  'e2e.packed:1:2:3|c',
  'e2e.rate:1|c|@0.1',
  'e2e.tagged:1|c|#env:dev,az:1',
  'e2e.tagged:2|c|#az:1,env:dev',
  'e2e.tagged:4|c|#env:prod',
  'e2e.stamped:5|c|T1700000000',
  'e2e.stamped.gauge:6|g|T1700000000',
  'e2e.gauge:1|g',
  'e2e.gauge:-2.5|g',
  'e2e.histogram:1:2:3:10|h',
  'e2e.timing:5|ms|@0.5',
  'e2e.distribution:1:2:3:4|d|#a:b',
  'e2e.set:one|s',
  'e2e.set:two:2|s',
  'e2e.set:one|s',
  'e2e.host:7|g|#host:web-1,role:x',
  'e2e.nohost:8|g|#host:',
  'e2e.last:1|c',
].join('\n');

interface Transport {
  readonly name: string;
  readonly options: ServerProcessOptions;
  readonly send: (server: ServerProcess) => void | Promise<void>;
}

const hasIpv6 = await canBind('::1');
const TRANSPORTS: Transport[] = [
  { name: 'UDP over IPv4', options: {}, send: (server) => server.sendUdp('127.0.0.1', [PACKET]) },
  {
    name: 'a Unix datagram socket',
    options: { unix: true },
    send: (server) => server.send('unix', [PACKET]),
  },
  {
    name: 'portable UDP',
    options: { set: { 'listeners.portable': true } },
    send: (server) => server.sendUdp('127.0.0.1', [PACKET]),
  },
  {
    name: 'all interfaces',
    options: { set: { dogstatsd_non_local_traffic: true } },
    send: (server) => server.sendUdp('127.0.0.1', [PACKET]),
  },
];
if (hasIpv6) {
  const options = { args: ['--host', '::1'] };
  TRANSPORTS.push({
    name: 'UDP over IPv6',
    options,
    send: (server) => server.sendUdp('::1', [PACKET]),
  });
  TRANSPORTS.push({
    name: 'portable UDP over IPv6',
    options: { ...options, set: { 'listeners.portable': true } },
    send: (server) => server.sendUdp('::1', [PACKET]),
  });
}

describe.each(TRANSPORTS)('over $name', ({ options, send }) => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await ServerProcess.start(options);
    await send(server);
    await server.until(() => server.total('e2e.last') === 1, 'the last line is in the file');
  });
  afterAll(() => server.dispose());

  const only = (metric: string): SeriesRecord => {
    const active = server.series(metric).filter((record) => record.count !== 0);
    expect(active).toHaveLength(1);
    return active[0] as SeriesRecord;
  };

  it('counts', async () => {
    expect(only('e2e.count')).toMatchObject({
      type: 'rate',
      value: 3,
      count: 3,
      tags: [],
      host: TEST_HOST,
      interval: 1,
    });
    expect(await server.metric('e2e_count')).toBe(3);
  });

  it('adds packed values', async () => {
    expect(only('e2e.packed').count).toBe(6);
    expect(await server.metric('e2e_packed')).toBe(6);
  });

  it('scales by the sample rate', async () => {
    expect(only('e2e.rate').count).toBe(10);
    expect(await server.metric('e2e_rate')).toBe(10);
  });

  it('takes tags in any order for one series and other tags for another', async () => {
    const series = server.series('e2e.tagged').filter((record) => record.count !== 0);
    const byTags = Object.fromEntries(series.map(({ tags, count }) => [[...tags].sort().join(), count]));
    expect(byTags).toEqual({ 'az:1,env:dev': 3, 'env:prod': 4 });
    expect(await server.metricSum('e2e_tagged')).toBe(7);
    expect(await server.metric('e2e_tagged{env="prod"}')).toBe(4);
  });

  it('passes a sample with a timestamp through', () => {
    expect(only('e2e.stamped')).toMatchObject({ type: 'rate', timestamp: STAMP, count: 5 });
    expect(only('e2e.stamped.gauge')).toMatchObject({ type: 'gauge', timestamp: STAMP, value: 6 });
  });

  it('keeps the last value of a gauge', async () => {
    expect(only('e2e.gauge')).toMatchObject({ type: 'gauge', value: -2.5 });
    expect(await server.metric('e2e_gauge')).toBe(-2.5);
  });

  it('summarizes a histogram', async () => {
    expect(only('e2e.histogram.max')).toMatchObject({
      value: 10,
      histogram: { cnt: 4, sum: 16, min: 1, max: 10 },
    });
    expect(only('e2e.histogram.avg').value).toBe(4);
    expect(only('e2e.histogram.median').value).toBe(2);
    expect(only('e2e.histogram.95percentile').value).toBe(10);
    expect(only('e2e.histogram.count')).toMatchObject({ type: 'rate', value: 4 });
    expect(await server.metric('e2e_histogram_sum')).toBe(16);
    expect(await server.metric('e2e_histogram_count')).toBe(4);
  });

  it('takes a timing for a histogram', async () => {
    expect(only('e2e.timing.avg').value).toBe(5);
    expect(only('e2e.timing.count').value).toBe(2);
    expect(await server.metric('e2e_timing_count')).toBe(2);
  });

  it('sketches a distribution', async () => {
    const { sketch, type, tags } = only('e2e.distribution');
    expect({ type, tags }).toEqual({ type: 'distribution', tags: ['a:b'] });
    expect(sketch).toMatchObject({ cnt: 4, sum: 10, min: 1, max: 4, avg: 2.5 });
    expect(sketch?.n.reduce((sum, n) => sum + n, 0)).toBe(4);
    expect(await server.metric('e2e_distribution_sum{a="b"}')).toBe(10);
  });

  it('counts the distinct elements of a set', async () => {
    expect(only('e2e.set')).toMatchObject({ type: 'gauge', value: 2 });
    expect(await server.metric('e2e_set')).toBe(2);
  });

  it('takes the host from the host: tag', async () => {
    expect(only('e2e.host')).toMatchObject({ host: 'web-1', tags: ['role:x'], value: 7 });
    expect(only('e2e.nohost')).toMatchObject({ host: '', tags: [], value: 8 });
    expect(await server.metric('e2e_host{host="web-1",role="x"}')).toBe(7);
  });

  it('accepted every line', async () => {
    expect(await server.metricSum('whippet_listener_messages_rejected_total')).toBe(0);
    expect(await server.metricSum('whippet_listener_messages_total')).toBe(PACKET.split('\n').length);
  });
});

if (!hasIpv6) {
  it('cannot show UDP over IPv6: this machine has no ::1, and the server says so', async () => {
    await expect(ServerProcess.start({ args: ['--host', '::1'] })).rejects.toThrow('bind_host');
  });
}

function canBind(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp6');
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind(0, host, () => socket.close(() => resolve(true)));
  });
}
