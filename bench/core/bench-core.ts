/**
 * `npm run bench:core`: measures the core alone, in one process without sockets.
 *
 * It shows what a change to the core costs, which the benchmark over sockets hides behind the kernel and the sender. With
 * another build it compares the two in turn, so that a busy machine slows both (rounds.ts).
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { alignColumns } from '../report.ts';
import { CORE_ROWS, type CoreRowName, corpusOf } from './core-shapes.ts';
import { appendToHistory, type HistoryEntry, lastLike, makeEntry, readHistory } from './history.ts';
import { measurePart, PARTS } from './parts.ts';
import { type Measured, measureLines } from './rounds.ts';
import { type LongestByBuild, longestCalls } from './stalls.ts';

const RATIO_MIN = 0.95;
const STALL_REPETITIONS = 7;

const HELP = `npm run bench:core -- [options]

  --shapes a,b      rows of lines to measure; none for none (${Object.keys(CORE_ROWS).join(', ')})
  --parts a,b       parts of the core to measure; none for none (${PARTS.join(', ')})
  --stalls          also print the longest single call while 500,000 contexts come and half of them go again
  --against path    another build to take turns with: its dist folder, or its core.wasm
  --build name      what the record calls that build, such as its commit (the path's last part)
  --rounds n        rounds of each row, of which the median counts (31)
  --quick           tiny input: does it work? The figures mean nothing
  --json            print JSON instead of a table
  --record          add the figures to the history (--note text: with a remark)
  --history path    the file of the history (bench/core/history.jsonl)

Exits with 1 when a row is below ${RATIO_MIN} of the other build's speed.
`;

/** The history is kept with the sources, not with the compiled benchmark in dist/bench. */
const HISTORY = fileURLToPath(new URL('../../../bench/core/history.jsonl', import.meta.url));
const CORE = fileURLToPath(new URL('../../core/core.wasm', import.meta.url));

const { values: flags } = parseArgs({
  options: {
    shapes: { type: 'string' },
    parts: { type: 'string' },
    against: { type: 'string' },
    build: { type: 'string' },
    rounds: { type: 'string' },
    stalls: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    note: { type: 'string' },
    history: { type: 'string', default: HISTORY },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (flags.help) process.stdout.write(HELP);
else process.exitCode = run();

function run(): number {
  const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 31));
  if (!(rounds >= 1)) throw new Error('--rounds needs a number of at least 1');
  const paths = [CORE, ...(flags.against === undefined ? [] : [coreOf(flags.against)])];
  const modules = paths.map((path) => new WebAssembly.Module(readFileSync(path)));
  const rows: Record<string, Measured> = {};
  for (const name of chosen('shapes', Object.keys(CORE_ROWS) as CoreRowName[])) {
    process.stderr.write(`measuring ${name} …\n`);
    rows[name] = measureLines(corpusOf(name, flags.quick), rounds, modules);
  }
  for (const part of chosen('parts', PARTS)) {
    process.stderr.write(`measuring ${part} …\n`);
    rows[`part ${part}`] = measurePart(part, rounds, flags.quick, modules);
  }
  const build =
    flags.against === undefined ? undefined : (flags.build ?? resolve(flags.against).split('/').at(-1));
  const entry = makeEntry(rows, rounds, { against: build, note: flags.note });
  const last = lastLike(readHistory(flags.history), entry);
  if (flags.stalls) printStalls(longestCalls(modules, STALL_REPETITIONS, flags.quick), build);
  if (flags.json) process.stdout.write(`${JSON.stringify({ entry, rows }, null, 2)}\n`);
  else process.stdout.write(format(rows, last));
  if (flags.record) appendToHistory(flags.history, entry);
  const slower = Object.entries(rows).filter(([, { comparison }]) => (comparison?.ratio ?? 1) < RATIO_MIN);
  // Tiny input says whether it works, not how fast.
  if (flags.quick || slower.length === 0) return 0;
  process.stderr.write(`below ${RATIO_MIN} of ${build}: ${slower.map(([name]) => name).join(', ')}\n`);
  return 1;
}

/** The names a flag lists, or all. Throws for one that does not exist. */
function chosen<Name extends string>(flag: 'shapes' | 'parts', names: readonly Name[]): Name[] {
  const list = flags[flag]?.split(',').filter((name) => name !== 'none');
  const unknown = list?.find((name) => !(names as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`--${flag}: there is no "${unknown}", only ${names.join(', ')}`);
  return names.filter((name) => list?.includes(name) ?? true);
}

function printStalls([own, other]: LongestByBuild, build: string | undefined): void {
  for (const [name, calls] of Object.entries({ 'this build': own, [build ?? 'other']: other })) {
    if (calls === undefined) continue;
    const [ingest, seal, sweep] = [calls.ingest, calls.seal, calls.sweep].map((ms) => ms.toFixed(2));
    process.stderr.write(
      `longest call of ${name}: ingest ${ingest} ms, seal ${seal} ms, sweep ${sweep} ms\n`,
    );
  }
}

function coreOf(path: string): string {
  if (!existsSync(path)) throw new Error(`--against: ${path} does not exist`);
  return statSync(path).isDirectory() ? join(path, 'core', 'core.wasm') : path;
}

function format(rows: Readonly<Record<string, Measured>>, last: HistoryEntry | undefined): string {
  const header = ['row', 'ns', 'recorded', 'other ns', 'ratio', 'half of the pairs', 'by tag set'];
  const lines = Object.entries(rows).map(([name, row]) => {
    const { ns, otherNs, comparison } = row;
    const byTagSet = 'byTagSet' in row ? `${(100 * (row.byTagSet as number)).toFixed(0)}%` : '-';
    return [
      name,
      ns.toFixed(1),
      last?.ns[name]?.toFixed(1) ?? '-',
      otherNs?.toFixed(1) ?? '-',
      comparison?.ratio.toFixed(3) ?? '-',
      comparison ? `${comparison.lower.toFixed(3)} to ${comparison.upper.toFixed(3)}` : '-',
      byTagSet,
    ];
  });
  const recorded = last ? `recorded: ${last.commit}, ${last.date}${last.note ? `, ${last.note}` : ''}\n` : '';
  return alignColumns([header, ...lines]) + recorded;
}
