/** OTLP over gRPC to a receiver made of the protocol's own Go modules (grpc-receiver/main.go). */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { ServerProcess } from '../support/processes/server-process.ts';
import { freePort } from './store.ts';

const RECEIVER = fileURLToPath(new URL('../../.setup/receivers/otlp-grpc', import.meta.url));
const hasReceiver = existsSync(RECEIVER);

interface Point {
  readonly asDouble?: number;
  readonly count?: string;
  readonly scale?: number;
  readonly positive?: { readonly bucketCounts: readonly string[] };
}
interface Metric {
  readonly name: string;
  readonly sum?: { readonly dataPoints: readonly Point[]; readonly aggregationTemporality: string };
  readonly gauge?: { readonly dataPoints: readonly Point[] };
  readonly exponentialHistogram?: { readonly dataPoints: readonly Point[] };
}
interface Line {
  readonly listening?: boolean;
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[];
  }[];
  readonly resourceLogs?: readonly {
    readonly scopeLogs: readonly {
      readonly logRecords: readonly { readonly body: { readonly stringValue: string } }[];
    }[];
  }[];
}

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function startReceiver(port: number): Promise<Line[]> {
  const lines: Line[] = [];
  const child: ChildProcess = spawn(RECEIVER, [String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  cleanUps.push(() => {
    child.kill('SIGKILL');
    return ended;
  });
  if (child.stdout === null) throw new Error('the receiver has no standard output');
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line));
  await vi.waitFor(() => expect(lines[0]?.listening).toBe(true), 10_000);
  return lines;
}

async function startServer(port: number, temporality: 'delta' | 'cumulative'): Promise<ServerProcess> {
  const server = await ServerProcess.start({
    set: {
      'outputs.otlp.url': `http://127.0.0.1:${port}`,
      'outputs.otlp.protocol': 'grpc',
      'outputs.otlp.temporality': temporality,
      'outputs.otlp.max_buckets': 0,
    },
  });
  cleanUps.push(() => server.dispose());
  return server;
}

const metricsIn = (lines: readonly Line[]): Metric[] =>
  lines.flatMap(({ resourceMetrics = [] }) =>
    resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics)),
  );
const sumsOf = (lines: readonly Line[], wanted: string): number[] =>
  metricsIn(lines).flatMap(({ name, sum }) =>
    name === wanted ? (sum?.dataPoints ?? []).map(({ asDouble = 0 }) => asDouble) : [],
  );

it.runIf(hasReceiver)('delta: sums, histograms and events are those that were sent', async () => {
  const port = await freePort();
  const lines = await startReceiver(port);
  const server = await startServer(port, 'delta');
  server.send('udp', [['hits:5|c|#env:prod', 'lat:1:2:3:1000|d', '_e{6,2}:deploy|v2'].join('\n')]);
  await vi.waitFor(() => expect(sumsOf(lines, 'hits')).toContain(5), 10_000);
  server.send('udp', ['hits:2|c|#env:prod']);
  await server.stop();
  expect(sumsOf(lines, 'hits').reduce((sum, value) => sum + value, 0)).toBe(7);
  const [lat] = metricsIn(lines).flatMap(({ name, exponentialHistogram }) =>
    name === 'lat' ? (exponentialHistogram?.dataPoints ?? []) : [],
  );
  expect(lat).toMatchObject({ count: '4', scale: 6 });
  expect(lat?.positive?.bucketCounts.reduce((sum, count) => sum + Number(count), 0)).toBe(4);
  const records = lines.flatMap(({ resourceLogs = [] }) =>
    resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords)),
  );
  expect(records.map(({ body }) => body.stringValue)).toEqual(['v2']);
});

it.runIf(hasReceiver)('cumulative: totals rise, and a receiver that was down has every one', async () => {
  const port = await freePort();
  const server = await startServer(port, 'cumulative');
  server.send('udp', ['hits:5|c']);
  await server.until(() => server.total('hits') === 5, 'the first bucket is flushed');
  server.send('udp', ['hits:2|c']);
  await server.until(() => server.total('hits') === 7, 'the second one is');
  const lines = await startReceiver(port);
  await vi.waitFor(() => expect(sumsOf(lines, 'hits')).toContain(7), 30_000);
  const values = sumsOf(lines, 'hits');
  expect(values.slice(0, 2)).toEqual([0, 5]);
  expect([...values].sort((a, b) => a - b)).toEqual(values);
});

it.runIf(hasReceiver)('a request that is refused is counted, and the next one is taken', async () => {
  const port = await freePort();
  const lines = await startReceiver(port);
  const server = await startServer(port, 'delta');
  server.send('udp', ['refuse.me:1|g']);
  await vi.waitFor(async () => {
    const outputs = (await server.get('/api/outputs')).text;
    expect(outputs).toContain('INVALID_ARGUMENT: as you wish');
    expect(outputs).toContain('"grpc_3":1');
  }, 10_000);
  server.send('udp', ['hits:1|c']);
  await vi.waitFor(() => expect(sumsOf(lines, 'hits')).toContain(1), 10_000);
});
