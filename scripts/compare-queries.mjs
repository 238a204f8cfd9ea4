// The same traffic through whippet and statsd_exporter into one Prometheus: what the queries of a dashboard say of each.
// whippet runs on what `whippet import statsd_exporter` makes of the exporter's mapping. `scripts/receivers.sh light` gets
// Prometheus and statsd_exporter; `npm run build` comes first.
//
//   node scripts/compare-queries.mjs [seconds of traffic, 300]
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answersWithin, freePort } from './comparison.mjs';

const PER_SECOND = 200;
const SCRAPE_SECONDS = 5;
const READY_MS = 30_000;
const seconds = Number(process.argv[2] ?? 300);
const receiver = (name) => new URL(`../.setup/receivers/${name}`, import.meta.url).pathname;
const whippet = new URL('../dist/cli/whippet.js', import.meta.url).pathname;

const MAPPING = `defaults:
  ttl: 1h
mappings:
- match: "compare.latency"
  name: "compare_latency_seconds"
  observer_type: histogram
  histogram_options:
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]
- match: "compare.size"
  name: "compare_size"
  observer_type: summary
`;
// The last minute of traffic is over when these are asked, and a scrape has seen all of it.
const range = `${Math.max(60, seconds - 60)}s`;
const QUERIES = [
  ['requests per second', `sum by (job) (rate(compare_requests[${range}]))`],
  ['of one code', `sum by (job) (rate(compare_requests{code="500"}[${range}]))`],
  ['counted in all', 'sum by (job) (compare_requests)'],
  ['sampled at 0.1, counted in all', 'compare_sampled'],
  ['queue, last value', 'compare_queue'],
  ['queue, highest', `max_over_time(compare_queue[${range}])`],
  ['p50 of latency', 'histogram_quantile(0.5, sum by (job, le) (compare_latency_seconds_bucket))'],
  ['p90 of latency', 'histogram_quantile(0.9, sum by (job, le) (compare_latency_seconds_bucket))'],
  ['p99 of latency', 'histogram_quantile(0.99, sum by (job, le) (compare_latency_seconds_bucket))'],
  ['mean latency', 'compare_latency_seconds_sum / compare_latency_seconds_count'],
  ['latencies up to 0.1 s', 'compare_latency_seconds_bucket{le="0.1"}'],
  ['observations of size', 'compare_size_count'],
  ['mean size', 'compare_size_sum / compare_size_count'],
  ['p90 of size', 'compare_size{quantile="0.9"}'],
];

const children = [];
const folder = mkdtempSync(join(tmpdir(), 'whippet-compare-'));
try {
  console.log(await compare());
} finally {
  const ended = children.map((child) => child.exitCode ?? once(child, 'exit'));
  for (const child of children) child.kill();
  await Promise.all(ended);
  rmSync(folder, { recursive: true });
}

async function compare() {
  const mapping = join(folder, 'mapping.yml');
  const config = join(folder, 'whippet.yaml');
  writeFileSync(mapping, MAPPING);
  execFileSync(process.execPath, [whippet, 'import', 'statsd_exporter', mapping, '-o', config]);
  const [ours, theirs] = [await makePorts(), await makePorts()];
  start(
    ...[process.execPath, whippet, 'run', '-c', config, '--set', `dogstatsd_port=${ours.udp}`],
    ...['--set', `http.port=${ours.http}`, '--set', 'outputs.console=false'],
  );
  start(
    ...[receiver('statsd_exporter'), `--statsd.listen-udp=127.0.0.1:${theirs.udp}`, '--statsd.listen-tcp='],
    ...[`--web.listen-address=127.0.0.1:${theirs.http}`, `--statsd.mapping-config=${mapping}`],
  );
  const prometheus = await startPrometheus(ours.http, theirs.http);
  for (const { http } of [ours, theirs]) await answers(`http://127.0.0.1:${http}/metrics`);
  const sent = await send([ours.udp, theirs.udp]);
  // Two buckets and two scrapes, so that both have shown everything.
  await sleep(20_000 + 2000 * SCRAPE_SECONDS);
  const rows = [];
  for (const [what, query] of QUERIES) {
    const byJob = await ask(prometheus, query);
    const [a, b] = [byJob.get('whippet'), byJob.get('statsd_exporter')];
    const apart = a === undefined || b === undefined ? '–' : `${(Math.abs(a / b - 1) * 100).toFixed(2)} %`;
    rows.push(`| ${what} | \`${query}\` | ${shown(a)} | ${shown(b)} | ${apart} |`);
  }
  return [
    `${sent} packets to each in ${seconds} s, a scrape every ${SCRAPE_SECONDS} s\n`,
    '| what | query | whippet | statsd_exporter | apart |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** The same packets to each port, at a steady rate; how many. */
async function send(ports) {
  const socket = createSocket('udp4');
  const random = generator(1);
  const begun = performance.now();
  let sent = 0;
  while (performance.now() - begun < seconds * 1000) {
    for (const due = ((performance.now() - begun) / 1000) * PER_SECOND; sent < due; sent++) {
      const packet = packetOf(sent, random);
      for (const port of ports) socket.send(packet, port, '127.0.0.1');
    }
    await sleep(5);
  }
  await new Promise((resolve) => socket.send('compare.end:1|c', ports[0], '127.0.0.1', resolve));
  socket.close();
  return sent;
}

function packetOf(i, random) {
  // Latencies around 40 ms with a long tail; sizes around 1,000.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return [
    `compare.requests:1|c|#code:${i % 10 === 0 ? 500 : 200}`,
    `compare.latency:${(40 * Math.exp(0.8 * normal)).toFixed(3)}|ms`,
    `compare.size:${Math.round(1000 + 200 * normal)}|h`,
    `compare.queue:${i % 500}|g`,
    ...(i % 10 === 0 ? ['compare.sampled:1|c|@0.1'] : []),
  ].join('\n');
}

/** mulberry32: uniform in [0, 1). */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function startPrometheus(...ports) {
  const jobs = ['whippet', 'statsd_exporter'].map(
    (name, i) => `- job_name: ${name}\n  static_configs: [{ targets: ["127.0.0.1:${ports[i]}"] }]\n`,
  );
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, `global: { scrape_interval: ${SCRAPE_SECONDS}s }\nscrape_configs:\n${jobs.join('')}`);
  const port = await freePort();
  start(
    ...[receiver('prometheus-2.42'), `--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`],
    `--web.listen-address=127.0.0.1:${port}`,
  );
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/-/ready`);
  return url;
}

async function ask(prometheus, query) {
  const response = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
  const { data } = await response.json();
  return new Map(data.result.map(({ metric, value }) => [metric.job, Number(value[1])]));
}

function shown(value) {
  return value === undefined ? '–' : String(Number(value.toPrecision(5)));
}

function start(command, ...args) {
  children.push(spawn(command, args, { stdio: 'ignore' }));
}

async function answers(url) {
  if (!(await answersWithin(url, READY_MS))) throw new Error(`${url} does not answer`);
}

async function makePorts() {
  return { udp: await freePort(), http: await freePort() };
}
