/**
 * One embedded server for all workers of a Node cluster: `node docs/examples/cluster.mjs [workers] [messages of each]`.
 *
 *   primary: startServer() on any free port ◀── UDP ── worker, worker, …   (DD_AGENT_HOST, DD_DOGSTATSD_PORT)
 *
 * Without it, each worker has a client that adds up by itself, and a gauge or a set is one series per worker or wrong. With PM2,
 * start the server in an app of its own and give the others the same two variables.
 */
import cluster from 'node:cluster';
import { createSocket } from 'node:dgram';
import { startServer } from 'whippet';

const PACKET_LINES = 20;
const [workers = 2, messages = 100_000] = process.argv.slice(2).map(Number);

if (cluster.isPrimary) await runPrimary();
else await runWorker();

async function runPrimary() {
  let total = 0;
  const output = {
    name: 'figures',
    write({ series }) {
      for (const { name, value, interval } of series)
        if (name === 'cluster.requests') total += value * interval;
    },
  };
  const server = await startServer({ config: { dogstatsd_port: 0 }, outputs: [output] });
  const started = performance.now();
  const env = { DD_AGENT_HOST: '127.0.0.1', DD_DOGSTATSD_PORT: String(server.port) };
  const children = Array.from({ length: workers }, () => cluster.fork(env));
  await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))));
  const seconds = (performance.now() - started) / 1000;
  const { receivedMessages } = await server.stop();
  const sent = workers * messages;
  console.log(
    JSON.stringify({
      workers,
      sent,
      receivedMessages,
      counted: Math.round(total),
      seconds: Number(seconds.toFixed(2)),
    }),
  );
}

async function runWorker() {
  const socket = createSocket('udp4');
  socket.connect(Number(process.env.DD_DOGSTATSD_PORT), process.env.DD_AGENT_HOST);
  await new Promise((resolve) => socket.once('connect', resolve));
  const packet = Array(PACKET_LINES).fill('cluster.requests:1|c|#route:/').join('\n');
  for (let sent = 0; sent < messages; sent += PACKET_LINES) {
    await new Promise((resolve, reject) =>
      socket.send(packet, (error) => (error ? reject(error) : resolve())),
    );
  }
  process.exit(0);
}
