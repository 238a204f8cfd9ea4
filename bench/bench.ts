/**
 * `npm run bench`: measures the built server against the limit of its sockets, on this machine, in one run.
 *
 *   sender process ──UDP or Unix──▶ L0 process          how fast receiving alone is
 *                  ──UDP or Unix──▶ server process ──▶ file      speed, CPU, memory; loss by conservation
 *
 * Everything stays on loopback and ends with the run. Figures of one machine and one run compare with each
 * other, not with those of another.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { arch, cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Bench } from './measure.ts';
import { measurePeers } from './peers/peers.ts';
import { formatRows, formatScenario } from './report.ts';
import { compareWithSmp, measureRow, measureRowLimit, ROWS, type Row } from './rows.ts';
import type { ScenarioResult } from './scenario-result.ts';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';

const HELP = `npm run bench -- [options]

  --shapes a,b      rows to measure: a shape, or a shape and transport such as prod/udp; none for no row
                    (${[...new Set(ROWS.map((row) => row.shape))].join(', ')})
  --scenarios a,b   scenarios to run; none for none (${Object.keys(SCENARIOS).join(', ')})
  --seconds n       length of one measurement (5)
  --runs n          measurements of a row, of which the median counts (3)
  --contexts n      contexts of the scenario contexts, instead of 250,000 and then 1,000,000, and of flush, instead of 100,000
  --server-flag f   a flag for the server, such as --server-flag=--set=limits.lines=1000; repeatable
  --peers           measure statsd_exporter and the OpenTelemetry collector beside us, on the same packets; alone, unless
                    rows or scenarios are named. They are built with the machine's Go, once: some minutes
  --limit-only      measure L0 alone
  --quick           tiny input: does it work? The figures mean nothing
  --json            print JSON instead of tables
  --record          write the results to bench/results.json
`;

/** The record is kept with the sources, not with the compiled benchmark in dist/bench. */
const RESULTS = fileURLToPath(new URL('../../bench/results.json', import.meta.url));
const SERVER = fileURLToPath(new URL('../cli/whippet.js', import.meta.url));
const SEED = 20_260;
const CORPUS_BYTES = 128 << 20;
const QUICK_CORPUS_BYTES = 4 << 20;

const { values: flags } = parseArgs({
  options: {
    shapes: { type: 'string' },
    scenarios: { type: 'string' },
    seconds: { type: 'string' },
    runs: { type: 'string' },
    contexts: { type: 'string' },
    'server-flag': { type: 'string', multiple: true, default: [] },
    peers: { type: 'boolean', default: false },
    'limit-only': { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

// Ending through exit() lets the processes that were started be ended, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

if (flags.help) process.stdout.write(HELP);
else process.exitCode = await run();

async function run(): Promise<number> {
  const plans = ROWS.filter((row) => isChosen(flags.shapes, row.shape, `${row.shape}/${row.transport}`));
  const scenarios = (Object.keys(SCENARIOS) as ScenarioName[]).filter((name) =>
    isChosen(flags.scenarios, name),
  );
  const bench: Bench = {
    seed: SEED,
    corpusBytes: flags.quick ? QUICK_CORPUS_BYTES : CORPUS_BYTES,
    seconds: readNumber('seconds', flags.quick ? 0.2 : 5),
    runs: readNumber('runs', flags.quick ? 1 : 3),
    port: await findFreePort(),
    serverFlags: flags['server-flag'],
    ...(flags.contexts !== undefined && { contexts: Math.round(readNumber('contexts', 1)) }),
    searchSteps: flags.quick ? 1 : 6,
  };
  if (flags['limit-only']) {
    // Streams have no limit of their own: they are compared with datagrams.
    for (const plan of plans.filter(({ transport }) => transport !== 'stream')) {
      const limit = Math.round(await measureRowLimit(bench, plan));
      process.stdout.write(
        `${plan.shape}/${plan.transport}: L0 ${limit} ${plan.transport === 'unix' ? 'MiB/s' : 'packets/s'}\n`,
      );
    }
    return 0;
  }
  if (!existsSync(SERVER)) throw new Error('the server is not built; run npm run build');
  const measuredRows: Row[] = [];
  for (const plan of plans) {
    process.stderr.write(`measuring ${plan.shape} over ${plan.transport} …\n`);
    measuredRows.push(await measureRow(bench, plan));
  }
  const rows = compareWithSmp(measuredRows);
  if (!flags.json && rows.length > 0) process.stdout.write(formatRows(rows));
  const results: ScenarioResult[] = [];
  for (const name of scenarios) {
    process.stderr.write(`running ${name} …\n`);
    const measured = await SCENARIOS[name](bench);
    if (!flags.json) process.stdout.write(measured.map(formatScenario).join(''));
    results.push(...measured);
  }
  if (flags.peers) {
    const measured = await measurePeers(bench);
    if (!flags.json) process.stdout.write(measured.map(formatScenario).join(''));
    results.push(...measured);
  }
  const json = `${JSON.stringify({ machine: describeMachine(), bench, rows, scenarios: results }, null, 2)}\n`;
  if (flags.json) process.stdout.write(json);
  if (flags.record) writeFileSync(RESULTS, json);
  // Tiny input says whether everything arrives, not how fast.
  const passed = ({ pass, differences }: Row | ScenarioResult): boolean =>
    flags.quick ? differences.length === 0 : pass;
  return [...rows, ...results].every(passed) ? 0 : 1;
}

/** True for a list that names the thing, and for no list at all, unless it is peers that were asked for. */
function isChosen(list: string | undefined, ...names: readonly string[]): boolean {
  return list === undefined ? !flags.peers : list.split(',').some((chosen) => names.includes(chosen));
}

function readNumber(name: 'seconds' | 'runs' | 'contexts', fallback: number): number {
  const value = Number(flags[name] ?? fallback);
  if (!(value > 0)) throw new Error(`--${name} needs a number above 0`);
  return value;
}

async function findFreePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

function describeMachine() {
  const [cpu] = cpus();
  return { cpu: cpu?.model, cpus: cpus().length, arch: arch(), kernel: release(), node: process.version };
}
