/**
 * Builds of the core in turn, in one process.
 *
 *   round 1   this build ▶ other build
 *   round 2   other build ▶ this build       … the median of what each took, and of the ratios of the pairs
 *
 * What else the machine does hits both builds of a pair, and the time in which the process did not run is left out. The first rounds, in which the module is still compiled and lines
 * are learnt, do not count. Each build has a shard of its own for each row.
 */
import type { Corpus } from '../corpus/corpus.ts';
import { BenchShard } from './bench-shard.ts';

/** `ratio` is the other build's time in a pair by this build's, so above 1 is faster. */
export interface Comparison {
  readonly ratio: number;
  /** Half of the pairs lie between. */
  readonly lower: number;
  readonly upper: number;
}

export interface Measured {
  /** Medians, ns for each unit of the row. */
  readonly ns: number;
  readonly otherNs?: number;
  readonly comparison?: Comparison;
}

export interface LineRow extends Measured {
  /** Share of the lines that were found without the order of their tags. */
  readonly byTagSet: number;
}

const WARM_UP_ROUNDS = 4;

/** One round of a build: ns of each piece of its work. The pieces are the same in every round. */
export type Round = (round: number) => Float64Array;

/** Times `rounds` rounds of each build in turn; `units` are those of one round. */
export function inTurn(rounds: number, units: number, builds: readonly Round[]): Measured {
  const times: Float64Array[][] = builds.map(() => []);
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    const order = [...builds.keys()];
    if (round % 2 === 1) order.reverse();
    for (const build of order) {
      const pieces = (builds[build] as Round)(round);
      if (round >= WARM_UP_ROUNDS) times[build]?.push(pieces);
    }
  }
  const [own = [], other] = times.map((pieces) => undisturbed(pieces).map((ns) => ns / units));
  if (other === undefined) return { ns: quantile(own, 0.5) };
  const ratios = own.map((ns, i) => (other[i] as number) / ns);
  const comparison = {
    ratio: quantile(ratios, 0.5),
    lower: quantile(ratios, 0.25),
    upper: quantile(ratios, 0.75),
  };
  return { ns: quantile(own, 0.5), otherNs: quantile(other, 0.5), comparison };
}

/**
 * What each round took, without the time that the system gave to others: a piece that took more than twice its median
 * over all rounds was interrupted, and counts as the median.
 */
export function undisturbed(rounds: readonly Float64Array[]): number[] {
  const sums = rounds.map(() => 0);
  for (let piece = 0; piece < (rounds[0]?.length ?? 0); piece++) {
    const times = rounds.map((pieces) => pieces[piece] as number);
    const middle = quantile(times, 0.5);
    times.forEach((ns, round) => {
      sums[round] = (sums[round] as number) + (ns > 2 * middle ? middle : ns);
    });
  }
  return sums;
}

/** Measures the lines of a corpus; throws when a build did not do with them what the corpus adds up to. */
export function measureLines(
  corpus: Corpus,
  rounds: number,
  modules: readonly WebAssembly.Module[],
): LineRow {
  const shards = modules.map((module) => new BenchShard(module));
  let page = 0;
  const measured = inTurn(
    rounds,
    corpus.totals.lines,
    shards.map((shard) => (round) => {
      for (; page < round; page++) corpus.turnPage(page + 1);
      return measureRound(shard, corpus, round >= WARM_UP_ROUNDS);
    }),
  );
  const [own] = shards as [BenchShard];
  return { ...measured, byTagSet: own.tagSetHits / own.lines };
}

/** One bucket. */
function measureRound(shard: BenchShard, { packets, totals }: Corpus, isTimed: boolean): Float64Array {
  const { lines, samples, resolved } = shard;
  const times = shard.ingest(packets);
  const { counterSum } = shard.seal();
  check('lines', shard.lines - lines, totals.lines);
  check('samples', shard.samples - samples, totals.samples);
  check('the sum of all counters', counterSum, totals.counterSum);
  if (isTimed) check('uncached lines', shard.resolved - resolved, 0);
  return times;
}

function check(what: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`the core is wrong about ${what}: ${found} instead of ${expected}`);
}

/** The value below which `share` of the numbers are. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1) + 0.5)] ?? Number.NaN;
}
