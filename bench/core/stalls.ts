/**
 * The longest single call into the core while contexts are learnt, sealed and swept: what a listener thread cannot
 * interrupt to look at its socket.
 *
 *   packet of 10 new lines ─▶ ingest ─▶ sweep a step ─▶ …   a seal every PER_BUCKET contexts; those idle for 6 buckets go
 *
 * Every repetition does the same, so the shortest time of each call over all repetitions is the call itself, without what
 * the system and the garbage collector of the bench took.
 */
import { BenchShard } from './bench-shard.ts';

const LINES_PER_PACKET = 10;
/** Contexts that are known at once at most: the last six buckets. */
const CONTEXTS = 250_000;
const BUCKETS_KEPT = 6;
/** As the listener thread does after each batch. */
const SWEEP_ENTRIES = 4096;
const TYPES = ['c', 'g', 'd', 'h', 's'];

/** ms. */
export interface LongestCalls {
  readonly ingest: number;
  readonly seal: number;
  readonly sweep: number;
}

export type LongestByBuild = readonly LongestCalls[];

/** The longest calls of each build; `repetitions` of each, in turn. */
export function longestCalls(
  modules: readonly WebAssembly.Module[],
  repetitions: number,
  isQuick: boolean,
): LongestByBuild {
  const contexts = isQuick ? CONTEXTS / 50 : CONTEXTS;
  const best = modules.map(() => ({ ingest: [] as number[], seal: [] as number[], sweep: [] as number[] }));
  for (let i = 0; i < repetitions; i++) {
    modules.forEach((module, build) => {
      for (const [kind, times] of Object.entries(learn(module, contexts))) {
        const kept = best[build]?.[kind as keyof LongestCalls] as number[];
        times.forEach((ms, call) => {
          kept[call] = Math.min(ms, kept[call] ?? ms);
        });
      }
    });
  }
  return best.map(({ ingest, seal, sweep }) => ({
    ingest: longest(ingest),
    seal: longest(seal),
    sweep: longest(sweep),
  }));
}

/** How long each call took, in order, ms. */
function learn(module: WebAssembly.Module, contexts: number): Record<keyof LongestCalls, number[]> {
  const shard = new BenchShard(module);
  const perBucket = contexts / BUCKETS_KEPT;
  const times = { ingest: [] as number[], seal: [] as number[], sweep: [] as number[] };
  let sealed = 0;
  for (let id = 0; id < 2 * contexts; id += LINES_PER_PACKET) {
    const lines = Array.from({ length: LINES_PER_PACKET }, (_, i) => lineOf(id + i));
    const bytes = Buffer.from(lines.join('\n'), 'latin1');
    const packets = { bytes, offsets: Uint32Array.of(0), lengths: Uint32Array.of(bytes.length) };
    times.ingest.push((shard.ingest(packets)[0] as number) / 1e6);
    if (shard.isSweeping) times.sweep.push(timed(() => shard.sweep(SWEEP_ENTRIES)));
    else times.sweep.push(0);
    if (id >= (sealed + 1) * perBucket) {
      sealed++;
      times.seal.push(timed(() => shard.sealOnly()));
    }
  }
  return times;
}

function lineOf(id: number): string {
  const type = TYPES[id % TYPES.length] as string;
  return `stall.${id % 97}:${id % 1000}|${type}|#id:${id},env:bench`;
}

function timed(call: () => void): number {
  const startedAt = performance.now();
  call();
  return performance.now() - startedAt;
}

function longest(times: readonly number[]): number {
  return times.reduce((most, ms) => Math.max(most, ms), 0);
}
