/** Graphite, InfluxDB and a webhook in a real server: a URL is all it takes. */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { HttpReceiver } from '../support/fakes/http-receiver.ts';
import { ServerProcess } from '../support/processes/server-process.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('each gets what it is for, and nothing is missing after a stop', async () => {
  let lines = '';
  const connections: Socket[] = [];
  const carbon: Server = createServer((socket) => {
    connections.push(socket);
    socket.on('data', (chunk) => (lines += chunk));
  });
  await new Promise<void>((resolve) => carbon.listen(0, '127.0.0.1', resolve));
  closing.push(() => carbon.close());
  const [influx, hook] = [new HttpReceiver(), new HttpReceiver()];
  const [influxUrl, hookUrl] = [await influx.start(), await hook.start()];
  closing.push(
    () => influx.close(),
    () => hook.close(),
  );
  const server = await ServerProcess.start({
    set: {
      'outputs.graphite.url': `tcp://127.0.0.1:${(carbon.address() as AddressInfo).port}`,
      'outputs.influxdb.url': influxUrl,
      'outputs.influxdb.bucket': 'b',
      'outputs.influxdb.org': 'o',
      'outputs.influxdb.bearer_token': 'key',
      'outputs.webhook.url': `${hookUrl}/hook`,
    },
  });
  closing.push(() => server.dispose());
  server.send('udp', [['hits:5|c|#env:prod', '_e{6,2}:deploy|v2', '_sc|db.up|2'].join('\n')]);
  await server.until(() => lines.includes('hits') && influx.requests.length > 0, 'lines arrive');
  server.send('udp', ['hits:2|c|#env:prod']);
  await server.stop();
  // What it has sent is in the kernel; the end of the connections comes behind it.
  for (const socket of connections) if (!socket.closed) await once(socket, 'close');
  const graphite = [...lines.matchAll(/^hits;env=prod;host=test-host (\d+) \d+$/gm)];
  expect(graphite.reduce((sum, [, value]) => sum + Number(value), 0)).toBe(7);
  const text = influx.requests.map((request) => request.text).join('');
  const points = [...text.matchAll(/^hits,env=prod,host=test-host value=(\d+) \d{13}$/gm)];
  expect(points.reduce((sum, [, value]) => sum + Number(value), 0)).toBe(7);
  expect(influx.requests[0]).toMatchObject({
    url: '/api/v2/write?bucket=b&org=o&precision=ms',
    headers: { authorization: 'Token key' },
  });
  const bodies = hook.requests.map(
    (request) => JSON.parse(request.text) as { events: unknown[]; service_checks: unknown[] },
  );
  expect(bodies.flatMap(({ events }) => events)).toMatchObject([{ title: 'deploy', text: 'v2' }]);
  expect(bodies.flatMap(({ service_checks }) => service_checks)).toMatchObject([
    { check: 'db.up', status: 2 },
  ]);
});
