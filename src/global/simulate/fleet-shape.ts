/**
 * A generated fleet: which contexts each edge has, and what it has of them, from a seed and without storing any of it.
 *
 *   60 % counters, 20 % gauges, 20 % distributions of 15 bins; names and tags of about 140 bytes
 *
 * Contexts of a partition are numbered; an edge's share of a partition is as large as chance would make it.
 */
import type { ContextType } from '../../model/context.ts';
import type { ChunkContext } from '../chunk/chunk-builder.ts';
import { contextHash } from '../chunk/fleet-hash.ts';
import { partialOf } from '../partials/make-partial.ts';
import type { Partial } from '../partials/partial.ts';

const BINS = 15;

export interface FleetShape {
  readonly edges: number;
  readonly contextsPerEdge: number;
  /** Different contexts of the fleet. */
  readonly distinct: number;
  readonly partitions: number;
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number whose average is `mean`. */
export function countAround(mean: number, random: () => number): number {
  const whole = Math.floor(mean);
  return whole + (random() < mean - whole ? 1 : 0);
}

/** The contexts of one partition, made when they are first asked for. */
export class PartitionContexts {
  readonly size: number;
  private readonly partition: number;
  private readonly made = new Map<number, ChunkContext>();

  constructor({ distinct, partitions }: FleetShape, partition: number) {
    this.size = Math.max(1, Math.round(distinct / partitions));
    this.partition = partition;
  }

  at(index: number): ChunkContext {
    const known = this.made.get(index);
    if (known !== undefined) return known;
    const type = typeOf(index);
    const name = `service.${index % 97}.operation.duration`;
    const tags = [
      'env:production',
      `region:eu-central-${index % 3}`,
      `service:checkout-${index % 50}`,
      'version:2026.11.28-1',
      `endpoint:/api/v${index % 4}/items`,
      `context:${this.partition}-${index}`,
    ];
    const context = { name, type, tags, hash: contextHash({ name, type, host: '', tags }, '') };
    this.made.set(index, context);
    return context;
  }
}

/** What one edge has of a context. */
export function partialFor({ type }: ChunkContext, random: () => number, now: number): Partial {
  if (type === 'counter') return partialOf({ kind: 'counter', sum: Math.floor(random() * 1000) }, 'last');
  if (type === 'gauge') return partialOf({ kind: 'gauge', value: random() * 100, at: now }, 'last');
  const first = 1400 + Math.floor(random() * 20);
  const keys = Array.from({ length: BINS }, (_, i) => first + i * 2);
  const weights = keys.map(() => 1 + Math.floor(random() * 9));
  const count = weights.reduce((sum, weight) => sum + weight, 0);
  const moments = { count, sum: count * 10, min: 1, max: 100, weightedSum: count * 10 };
  return partialOf({ kind: 'distribution', moments, bins: { keys, weights } }, 'last');
}

function typeOf(index: number): ContextType {
  const fifth = index % 5;
  return fifth < 3 ? 'counter' : fifth === 3 ? 'gauge' : 'distribution';
}
