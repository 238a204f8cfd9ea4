/** The work of `whippet global simulate`: reads its numbers, runs the simulation, prints a table or JSON. */
import { type FleetCost, type LevelCost, simulateFleet } from '../../global/simulate/simulate-fleet.ts';

export interface GlobalSimulateOptions {
  readonly edges?: string;
  readonly contexts?: string;
  readonly distinct?: string;
  readonly partitions?: string;
  readonly buckets?: string;
  readonly seed?: string;
  readonly json?: boolean;
}

/** A number on the command line is not one. */
export class GlobalUsageError extends Error {}

const FLEETS = [100, 1000, 10_000, 100_000];
const EDGES_MAX = 1_000_000;
const CONTEXTS_MAX = 100_000;
const DISTINCT_MAX = 1_000_000_000;
const PARTITIONS_MAX = 4096;

export function globalSimulateCommand(options: GlobalSimulateOptions, write = writeOut): void {
  const edges = read('--edges', options.edges, EDGES_MAX);
  const contextsPerEdge = read('--contexts', options.contexts, CONTEXTS_MAX) ?? 500;
  const distinct = read('--distinct', options.distinct, DISTINCT_MAX);
  const partitions = read('--partitions', options.partitions, PARTITIONS_MAX);
  const buckets = read('--buckets', options.buckets, 1000) ?? 3;
  const seed = read('--seed', options.seed, 2 ** 31) ?? 1;
  const costs = (edges === undefined ? FLEETS : [edges]).map((count) =>
    simulateFleet({
      edges: count,
      contextsPerEdge,
      distinct: distinct ?? Math.max(5000, (count * contextsPerEdge) / 10),
      partitions: partitions ?? partitionsFor(count),
      buckets,
      seed,
      cpuSeconds,
    }),
  );
  if (options.json === true) write(`${JSON.stringify(edges === undefined ? costs : costs[0], null, 2)}\n`);
  else write(render(costs));
}

/** As many as a fleet of this size is likely to want. */
function partitionsFor(edges: number): number {
  if (edges <= 300) return 16;
  if (edges <= 3000) return 64;
  return edges <= 30_000 ? 128 : 256;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function read(flag: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new GlobalUsageError(`${flag} is ${text}; allowed: an integer from 1 to ${max}`);
  return value;
}

function render(costs: readonly FleetCost[]): string {
  const head = [
    'hosts',
    'contexts',
    'P',
    'levels',
    'chunks/s',
    'partials/chunk',
    'partials/s',
    'MB/s',
    'B/partial',
    'cores',
    'memory',
  ];
  const rows = costs.flatMap((cost) => [
    row(cost, '1', cost.flat, cost.recommended === 1),
    row(cost, '2: first', cost.first, cost.recommended === 2),
    row(cost, '2: second', cost.second, false),
  ]);
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((cells) => (cells[i] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padStart(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const notes = [
    '',
    'cores and memory are those of all owners together; plan twice the cores. * is what to choose: beyond 10,000 chunks/s two levels.',
    ...costs.map(
      ({ shape, flat, first }) =>
        `${grouped(shape.edges)} hosts: an edge needs ${milliseconds(flat.edgeCpuPerBucket)} of CPU a bucket with one level, ${milliseconds(first.edgeCpuPerBucket)} with two`,
    ),
  ];
  return `${[line(head), ...rows.map(line), ...notes].join('\n')}\n`;
}

function row({ shape }: FleetCost, levels: string, level: LevelCost, isBest: boolean): string[] {
  return [
    grouped(shape.edges),
    grouped(shape.distinct),
    String(shape.partitions),
    isBest ? `${levels} *` : levels,
    grouped(level.chunksPerSecond),
    level.partialsPerChunk.toFixed(1),
    grouped(level.partialsPerSecond),
    (level.bytesPerSecond / 1e6).toFixed(1),
    level.bytesPerPartial.toFixed(0),
    level.ownerCores.toFixed(2),
    `${grouped(level.memoryBytes / 1e6)} MB`,
  ];
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}

function writeOut(text: string): void {
  process.stdout.write(text);
}
