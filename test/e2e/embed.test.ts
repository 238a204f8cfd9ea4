/** `import { startServer } from 'whippet'`: servers inside this process, with the build's threads. */
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { EmbeddedServer, Flush, OwnOutput, StartServerOptions } from '../../src/index.ts';
import { wideBucketSeconds } from '../support/wide-bucket.ts';

const { startServer } = (await import(
  new URL('../../dist/index.js', import.meta.url).href
)) as typeof import('../../src/index.ts');

const CONFIG = { dogstatsd_port: 0, hostname: 'h' } as const;

function collect(name = 'mine'): OwnOutput & { readonly flushes: Flush[] } {
  const flushes: Flush[] = [];
  return { name, flushes, write: (flush) => void flushes.push(flush) };
}

async function send(server: EmbeddedServer, ...lines: string[]): Promise<void> {
  const socket = createSocket('udp4');
  const wanted = received(server) + lines.length;
  socket.send(lines.join('\n'), server.port as number, '127.0.0.1');
  await expect.poll(() => received(server), { interval: 5 }).toBe(wanted);
  socket.close();
}

function received(server: EmbeddedServer): number {
  const entry = server.ledger().find(({ stage, unit }) => stage === 'listener' && unit === 'messages');
  return entry?.received ?? 0;
}

const start = (options: StartServerOptions = {}): Promise<EmbeddedServer> =>
  startServer({ ...options, config: { ...CONFIG, ...options.config } });

it('gives what it received to the program, as plain data, and reports what it delivered', async () => {
  const mine = collect();
  const events: Flush[] = [];
  let report: Awaited<ReturnType<EmbeddedServer['stop']>>;
  {
    await using server = await start({ config: { dogstatsd_tags: ['env:test'] }, outputs: [mine] });
    server.on('flush', (flush) => events.push(flush));
    await send(server, 'hits:2|c|#é:ü', 'lat:1:3|d', '_e{1,2}:t|xx', '_sc|up|2');
    report = await server.stop();
  }
  expect(report).toMatchObject({ receivedMessages: 4, undelivered: 0 });
  const series = mine.flushes.flatMap((flush) => flush.series);
  expect(series.find(({ name }) => name === 'hits')).toMatchObject({
    type: 'rate',
    value: 0.2,
    tags: ['é:ü', 'env:test'],
    host: 'h',
    interval: 10,
  });
  expect(series.find(({ name }) => name === 'lat')).toMatchObject({
    type: 'distribution',
    sketch: { count: 2, min: 1, max: 3, sum: 4, avg: 2 },
  });
  expect(mine.flushes.flatMap((flush) => flush.events)).toMatchObject([{ title: 't', text: 'xx' }]);
  expect(mine.flushes.flatMap((flush) => flush.serviceChecks)).toMatchObject([{ name: 'up', status: 2 }]);
  expect(mine.flushes.at(-1)?.final).toBe(true);
  expect(events.flatMap((flush) => flush.series)).toHaveLength(series.length);
});

it('runs beside others, each with its own data, and leaves no signal handler, priority or variable behind', async () => {
  const { getPriority } = await import('node:os');
  const before = [
    getPriority(),
    process.listenerCount('SIGTERM'),
    process.listenerCount('SIGINT'),
    process.listenerCount('uncaughtException'),
    JSON.stringify(process.env),
  ];
  const outputs = [collect('a'), collect('b')];
  const config = { bucket_seconds: wideBucketSeconds() };
  const servers = await Promise.all(outputs.map((output) => start({ outputs: [output], config })));
  await Promise.all(servers.map((server, i) => send(server, `only.${i}:1|c`)));
  expect([
    getPriority(),
    process.listenerCount('SIGTERM'),
    process.listenerCount('SIGINT'),
    process.listenerCount('uncaughtException'),
    JSON.stringify(process.env),
  ]).toEqual(before);
  await Promise.all(servers.map((server) => server.stop()));
  const names = outputs.map(({ flushes }) => flushes.flatMap(({ series }) => series.map(({ name }) => name)));
  expect(names).toEqual([['only.0'], ['only.1']]);
});

it('tells of messages, of rejected lines and of losses', async () => {
  const failing: OwnOutput = { name: 'failing', write: () => Promise.reject(new Error('no')) };
  const server = await start({ outputs: [failing] });
  const message = once(server, 'message');
  const rejected = once(server, 'rejected');
  const losses: unknown[] = [];
  server.on('loss', (loss) => losses.push(loss));
  // Listener threads learn what is wanted a moment later.
  const socket = createSocket('udp4');
  const timer = setInterval(() => socket.send('fine:1|c\nbad', server.port as number, '127.0.0.1'), 20);
  expect(await message).toMatchObject([{ name: 'fine', type: 'counter' }]);
  expect(await rejected).toMatchObject([{ line: 'bad', outcome: 'rejected' }]);
  clearInterval(timer);
  socket.close();
  const report = await server.stop();
  expect(report.receivedMessages).toBeGreaterThan(1);
  expect(losses).toContainEqual(
    expect.objectContaining({ stage: 'output', name: 'failing', reason: 'failed' }),
  );
});

it('ends with its signal, and does not start for one that is aborted', async () => {
  await expect(start({ signal: AbortSignal.abort(new Error('not now')) })).rejects.toThrow('not now');
  const controller = new AbortController();
  const mine = collect();
  const config = { bucket_seconds: wideBucketSeconds() };
  const server = await start({ outputs: [mine], config, signal: controller.signal });
  await send(server, 'a:1|c');
  controller.abort();
  await server.stop();
  expect(mine.flushes.at(-1)).toMatchObject({ final: true, series: [{ name: 'a' }] });
});

it('refuses a key that does not exist, and a port that is taken, and leaves nothing open', async () => {
  await expect(start({ config: { dogstatsd_tgas: ['x'] } as object })).rejects.toThrow(
    /did you mean dogstatsd_tags/,
  );
  await using first = await start();
  await expect(start({ config: { dogstatsd_port: first.port as number } })).rejects.toThrow(/already in use/);
});

it('reloads what can change, and hands its log over', async () => {
  const mine = collect();
  const lines: string[] = [];
  const server = await start({ outputs: [mine], log: ({ message }) => lines.push(message) });
  await send(server, 'a:1|c');
  expect(server.reload({ ...CONFIG, dogstatsd_tags: ['env:new'] })).toMatchObject({
    changed: ['dogstatsd_tags'],
  });
  expect(() => server.reload({ ...CONFIG, dogstatsd_tgas: [] } as object)).toThrow(/did you mean/);
  await server.stop();
  expect(lines).toContain('reloaded the configuration');
});

it('serves all workers of a cluster, as the example shows', () => {
  const example = fileURLToPath(new URL('../../docs/examples/cluster.mjs', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [example, '2', '2000'], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({ workers: 2, sent: 4000, receivedMessages: 4000, counted: 4000 });
});
