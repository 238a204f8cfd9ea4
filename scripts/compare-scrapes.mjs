// What `rate(…[30s])` says of constant traffic, for whippet and statsd_exporter side by side: the same packets to both,
// scraped at the same times. `scripts/receivers.sh light` gets statsd_exporter; `npm run build` comes first.
//
//   node scripts/compare-scrapes.mjs [seconds of measuring, 120]
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { answersWithin, freePort } from './comparison.mjs';

const PER_SECOND = 9.6;
const SCRAPE_MS = 5000;
const RANGE_MS = 30_000;
const WARM_UP_MS = 35_000;
const READY_MS = 10_000;
const seconds = Number(process.argv[2] ?? 120);
const exporter = new URL('../.setup/receivers/statsd_exporter', import.meta.url).pathname;
const whippet = new URL('../dist/cli/whippet.js', import.meta.url).pathname;

const children = [];
async function start(name, command, args, udp, http) {
  const child = spawn(command, args, { stdio: 'ignore' });
  children.push(child);
  const url = `http://127.0.0.1:${http}/metrics`;
  await answersWithin(url, READY_MS);
  return { name, udp, url, samples: [] };
}

async function startWhippet(name, openBucket) {
  const [udp, http] = [await freePort(), await freePort()];
  const set = {
    dogstatsd_port: udp,
    'http.port': http,
    'outputs.console': false,
    'outputs.prometheus.open_bucket': openBucket,
  };
  const args = Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  return start(name, process.execPath, [whippet, 'run', ...args], udp, http);
}

async function startExporter() {
  const [udp, http] = [await freePort(), await freePort()];
  const args = [
    `--statsd.listen-udp=127.0.0.1:${udp}`,
    '--statsd.listen-tcp=',
    `--web.listen-address=127.0.0.1:${http}`,
  ];
  return start('statsd_exporter', exporter, args, udp, http);
}

async function scrape(target) {
  // Prometheus stamps a scrape when it begins.
  const at = Date.now();
  const page = await (await fetch(target.url)).text();
  const line = /^scrape_test(?:_total)?(?:\{[^}]*\})? (\S+)$/m.exec(page);
  if (line !== null) target.samples.push({ at, value: Number(line[1]) });
}

/** rate() as Prometheus computes it (promql/functions.go), over the range that ends at the last of `samples`. */
function rateOf(samples, end) {
  const inRange = samples.filter(({ at }) => at > end - RANGE_MS && at <= end);
  if (inRange.length < 2) return undefined;
  let increase = inRange.at(-1).value - inRange[0].value;
  for (let i = 1; i < inRange.length; i++)
    if (inRange[i].value < inRange[i - 1].value) increase += inRange[i - 1].value;
  const sampled = (inRange.at(-1).at - inRange[0].at) / 1000;
  const average = sampled / (inRange.length - 1);
  let toStart = (inRange[0].at - (end - RANGE_MS)) / 1000;
  let toEnd = (end - inRange.at(-1).at) / 1000;
  if (toStart >= average * 1.1) toStart = average / 2;
  if (increase > 0 && inRange[0].value >= 0)
    toStart = Math.min(toStart, sampled * (inRange[0].value / increase));
  if (toEnd >= average * 1.1) toEnd = average / 2;
  return (increase * ((sampled + toStart + toEnd) / sampled)) / (RANGE_MS / 1000);
}

const targets = [
  await startWhippet('whippet', true),
  await startWhippet('whippet, open_bucket: false', false),
];
if (existsSync(exporter)) targets.push(await startExporter());
const socket = createSocket('udp4');
const begun = Date.now();
let sent = 0;
const sender = setInterval(() => {
  for (; sent < ((Date.now() - begun) / 1000) * PER_SECOND; sent++)
    for (const { udp } of targets) socket.send('scrape_test:1|c', udp, '127.0.0.1');
}, 5);
const rates = targets.map(() => []);
while (Date.now() - begun < WARM_UP_MS + seconds * 1000) {
  await sleep(SCRAPE_MS - ((Date.now() - begun) % SCRAPE_MS));
  await Promise.all(targets.map(scrape));
  if (Date.now() - begun < WARM_UP_MS) continue;
  targets.forEach(({ samples }, i) => {
    // A query comes some time after a scrape.
    const rate = rateOf(samples, samples.at(-1).at + 1700);
    if (rate !== undefined) rates[i].push(rate);
  });
}
clearInterval(sender);
await sleep(500);
await Promise.all(targets.map(scrape));
console.log(`${PER_SECOND} packets/s for ${seconds} s, a scrape every ${SCRAPE_MS / 1000} s; sent ${sent}\n`);
console.log('| server | rate(…[30s]): lowest | mean | highest | last total |');
console.log('| --- | --- | --- | --- | --- |');
targets.forEach(({ name, samples }, i) => {
  const mean = rates[i].reduce((sum, rate) => sum + rate, 0) / rates[i].length;
  const shown = [Math.min(...rates[i]), mean, Math.max(...rates[i])].map((rate) => rate.toFixed(2));
  console.log(`| ${name} | ${shown.join(' | ')} | ${samples.at(-1)?.value} |`);
});
const [ours, theirs] = [rates[0], rates[2] ?? []];
if (theirs.length > 0) {
  const apart = ours.map((rate, i) => Math.abs(rate / theirs[i] - 1));
  console.log(
    `\nfarthest from statsd_exporter at the same moment: ${(Math.max(...apart) * 100).toFixed(2)} %`,
  );
}
socket.close();
for (const child of children) child.kill();
