/**
 * `npm run bench:contexts`: what a context costs that comes for the first time, by phase of its life (context-life.ts), in
 * processor time and in bytes allocated.
 *
 * To compare two builds, run the command of each in turn: both figures are of one process and leave out the time in which
 * it does not run.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { quantile } from '../core/rounds.ts';
import { buildCorpus } from '../corpus/corpus.ts';
import { SHAPES, type Shape } from '../corpus/shapes.ts';
import { alignColumns } from '../report.ts';
import { CONTROL_PHASES, ContextLife, PHASES, type Phase } from './context-life.ts';
import type { Cost } from './phases.ts';

const HELP = `npm run bench:contexts -- [options]

  --tags n          tags of a context, of which one is new; the others are of its metric (26)
  --metrics n       metrics, each with tags of its own (3000)
  --rounds n        rounds of some 8,000 contexts, of which the median counts (8)
  --quick           tiny input: does it work? The figures mean nothing
  --json            print JSON instead of a table
`;

const CORE = fileURLToPath(new URL('../../core/core.wasm', import.meta.url));
const SEED = 20_260;
const CORPUS_BYTES = 16 << 20;
const QUICK_CORPUS_BYTES = 1 << 18;
const PACKET_BYTES_MAX = 8192;
const WARM_UP_ROUNDS = 4;

/** Of one context. */
interface PhaseFigures {
  readonly ns: number;
  readonly bytes: number;
  /** Of all timed rounds. */
  readonly collections: number;
}

const { values: flags } = parseArgs({
  options: {
    tags: { type: 'string', default: '26' },
    metrics: { type: 'string', default: '3000' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (flags.help) process.stdout.write(HELP);
else run();

function run(): void {
  // As the server's own program does (cli/whippet.ts): the control thread collects as often there.
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--semi-space-growth-factor=1');
  const tags = Number(flags.tags);
  const rounds = Number(flags.rounds ?? (flags.quick ? 2 : 8));
  if (!(tags >= 1 && rounds >= 1)) throw new Error('--tags and --rounds need a number of at least 1');
  const shape: Shape = {
    ...SHAPES.smp,
    ...{ contexts: flags.quick ? 20 : Number(flags.metrics), tags: [tags - 1, tags - 1] },
    ...{ packedShare: 0, churnShare: 1, filling: 'full' },
  };
  const bytes = flags.quick ? QUICK_CORPUS_BYTES : CORPUS_BYTES;
  const corpus = buildCorpus(shape, { seed: SEED, bytes, packetBytesMax: PACKET_BYTES_MAX });
  const life = new ContextLife(new WebAssembly.Module(readFileSync(CORE)), corpus, PACKET_BYTES_MAX);
  const costs: Record<Phase, Cost>[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    const cost = life.runRound();
    if (round >= WARM_UP_ROUNDS) costs.push(cost);
  }
  life.close();
  const figures = figuresOf(costs, life.contexts);
  if (flags.json)
    process.stdout.write(`${JSON.stringify({ contexts: life.contexts, ...figures }, null, 2)}\n`);
  else process.stdout.write(format(figures));
}

function figuresOf(costs: readonly Record<Phase, Cost>[], contexts: number): Record<string, PhaseFigures> {
  const of = (cost: (costs: Record<Phase, Cost>) => Cost[]): PhaseFigures => {
    const perRound = (value: (cost: Cost) => number): number[] =>
      costs.map((one) => cost(one).reduce((sum, part) => sum + value(part), 0));
    const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
    return {
      ns:
        quantile(
          perRound(({ cpuNs }) => cpuNs),
          0.5,
        ) / contexts,
      bytes:
        quantile(
          perRound(({ allocatedBytes }) => allocatedBytes),
          0.5,
        ) / contexts,
      collections: sum(perRound(({ collections }) => collections)),
    };
  };
  return Object.fromEntries([
    ...PHASES.map((phase) => [phase, of((costs) => [costs[phase]])]),
    ['control thread', of((costs) => CONTROL_PHASES.map((phase) => costs[phase]))],
  ]) as Record<string, PhaseFigures>;
}

function format(figures: Record<string, PhaseFigures>): string {
  const header = ['phase', 'ns/context', 'bytes/context', 'collections'];
  const lines = Object.entries(figures).map(([phase, { ns, bytes, collections }]) => [
    phase,
    ns.toFixed(0),
    bytes.toFixed(0),
    String(collections),
  ]);
  return alignColumns([header, ...lines]);
}
