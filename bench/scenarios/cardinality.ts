/**
 * Scenario `cardinality`: a client puts something unique into a tag while others send what they always send.
 *
 *   cached lines, as fast as they go ──┐
 *   flood, 1,000,000 contexts/minute ─┴─Unix──▶ server, limits.contexts=100000 ──▶ file, /metrics, /api/cardinality
 *
 *   cached lines alone ─▶ with the flood ─▶ alone, when its contexts have expired
 *
 * Asked for: less than 400 MiB, cached lines at half their speed or better, the tag key that grew by its name, nothing
 * lost, and in the end memory within a fifth of what it was. Contexts expire sooner than by default, so that it takes two
 * minutes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { balance, observe } from '../conservation.ts';
import { type Bench, inDirectory, withSender } from '../measure.ts';
import { type SenderProcess, ServerProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';
import { addTotals } from '../totals.ts';

const MIB = 1 << 20;
const FLOOD_SECONDS = 60;
const FLOOD_CONTEXTS = 1_000_000;
/** A sender that is held up does not hurry after what it missed, so it is a little fast. */
const HASTE = 1.1;
/** Share of the flood's contexts that limits.contexts has room for. */
const LIMIT_SHARE = 0.1;
/** Of the default length of a measurement; a shorter one makes everything smaller. */
const FULL_SECONDS = 5;
const FLOOD_BYTES = 2 * MIB;
const KNOWN_BYTES = 32 * MIB;
const EXPIRE_MS = 180_000;
const EXPIRE_LEAST_MS = 20_000;
const EXPIRY_SECONDS_MIN = 4;
const POLL_MS = 500;
/** The key of the tag that is new in every line of the flood (corpus.ts). */
const GUILTY = 'churn';
const RSS_MIB = 400;
const SPEED_SHARE = 0.5;
const MEMORY_SHARE = 1.2;

export async function measureCardinality(bench: Bench): Promise<ScenarioResult[]> {
  const knownBytes = Math.min(KNOWN_BYTES, bench.corpusBytes);
  return withSender(bench, { shape: 'prod', bytes: knownBytes, packetBytesMax: 8192 }, (known) =>
    withSender(bench, { shape: 'flood', bytes: FLOOD_BYTES, packetBytesMax: 1432 }, (flood) =>
      inDirectory((directory) => measureFlood(bench, known, flood, directory)),
    ),
  );
}

async function measureFlood(
  bench: Bench,
  known: SenderProcess,
  flood: SenderProcess,
  directory: string,
): Promise<ScenarioResult[]> {
  const scale = Math.min(1, bench.seconds / FULL_SECONDS);
  const limit = Math.round(FLOOD_CONTEXTS * LIMIT_SHARE * scale);
  const settings = {
    'limits.contexts': limit,
    bucket_seconds: Math.max(1, Math.round(10 * scale)),
    // A slow machine needs longer for a short flood than a tenth of a minute of it.
    dogstatsd_context_expiry_seconds: Math.max(EXPIRY_SECONDS_MIN, 10 * scale),
    dogstatsd_expiry_seconds: 10 * scale,
    'outputs.prometheus.expiry_seconds': Math.max(1, 20 * scale),
  };
  const flags = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const server = await ServerProcess.start({
    directory,
    port: bench.port,
    receiveBufferBytes: 0,
    flags: [...flags, ...bench.serverFlags],
    only: 'unix',
  });
  try {
    const destination = server.unix;
    const seconds = bench.seconds;
    const warmUp = await known.send({ destination, seconds });
    const alone = await known.send({ destination, seconds });
    await sleep(2000 * settings.bucket_seconds);
    const knownContexts = await contextsOf(server);
    const before = server.usage().rssMib;

    const { packets, lines } = flood.corpus;
    const packetsPerSecond = (((HASTE * FLOOD_CONTEXTS) / FLOOD_SECONDS) * packets) / lines;
    const passes = Math.ceil((FLOOD_CONTEXTS * scale) / lines);
    const floodSeconds = FLOOD_SECONDS * scale;
    let isOver = false;
    const [flooded, beside, report] = await Promise.all([
      flood.send({ destination, passes, packetsPerSecond }).finally(() => (isOver = true)),
      known.send({ destination, seconds: floodSeconds }),
      watchGuilty(server, () => isOver),
    ]);
    const during = server.usage();

    const deadline = performance.now() + Math.max(EXPIRE_MS * scale, EXPIRE_LEAST_MS);
    const untilExpired = async (): Promise<boolean> => (await contextsOf(server)) <= knownContexts * 1.01;
    while (!(await untilExpired()) && performance.now() < deadline) await sleep(POLL_MS);
    const expiredAt = performance.now();
    const again = await known.send({ destination, seconds });
    // What is free goes back a bucket later, and what the quantiles of Prometheus need, two minutes later.
    while (server.usage().rssMib > before * MEMORY_SHARE && performance.now() < deadline)
      await sleep(POLL_MS);
    const returnSeconds = (performance.now() - expiredAt) / 1000;
    const after = server.usage().rssMib;
    const last = await known.send({ destination, seconds });
    const peak = (await server.stop()).rssPeakMib;

    const reports = [warmUp, alone, flooded, beside, again, last];
    const sent = reports.map(({ totals }) => totals).reduce((sum, totals) => addTotals(sum, totals));
    const { differences: all } = balance(sent, await observe(server.outputFile));
    const differences = all.filter((text) => !text.startsWith('contexts'));
    const speed = (result: typeof alone): number => result.totals.lines / result.seconds;
    const figures = {
      floodContexts: flooded.totals.lines,
      floodSeconds: flooded.seconds,
      linesPerSecondAlone: speed(alone),
      linesPerSecondBeside: speed(beside),
      speedShare: speed(beside) / speed(alone),
      rssBeforeMib: before,
      rssDuringMib: during.rssMib,
      rssPeakMib: peak,
      rssAfterMib: after,
      memoryShare: after / before,
      returnSeconds,
    };
    const pass =
      peak < RSS_MIB &&
      figures.speedShare >= SPEED_SHARE &&
      figures.memoryShare <= MEMORY_SHARE &&
      report.key === GUILTY &&
      differences.length === 0;
    const notes = [`guilty: ${report.key}, ${report.distinct} values, such as ${report.examples.join(', ')}`];
    return [{ name: 'cardinality', figures, differences, pass, notes }];
  } finally {
    server.kill();
  }
}

interface TagKey {
  readonly key: string;
  readonly distinct: number;
  readonly examples: readonly string[];
}

const NOBODY: TagKey = { key: 'none', distinct: 0, examples: [] };

/** What was named last until a flood is over: contexts that expire soon are forgotten soon after it. */
async function watchGuilty(server: ServerProcess, isOver: () => boolean): Promise<TagKey> {
  let last = NOBODY;
  for (;;) {
    // Asked once more when it is over, as a short flood is over before anybody is named.
    const isLast = isOver();
    const named = await guilty(server);
    if (named !== NOBODY) last = named;
    if (isLast) return last;
    await sleep(POLL_MS);
  }
}

/** The tag key that the report with most samples names. */
async function guilty(server: ServerProcess): Promise<TagKey> {
  const view = JSON.parse(await get(server, '/api/cardinality')) as { reports: { tagKeys: TagKey[] }[] };
  return view.reports[0]?.tagKeys[0] ?? NOBODY;
}

async function contextsOf(server: ServerProcess): Promise<number> {
  const page = await get(server, '/metrics');
  const values = [...page.matchAll(/^whippet_contexts\{[^}]*\} (\d+)$/gm)].map(([, value]) => Number(value));
  return values.reduce((sum, value) => sum + value, 0);
}

async function get(server: ServerProcess, path: string): Promise<string> {
  const response = await fetch(`${await server.url()}${path}`);
  return response.text();
}
