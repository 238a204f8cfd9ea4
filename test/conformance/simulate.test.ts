/**
 * Runs every case of aggregation.json through the public `simulate`, with the caches and without them.
 *
 * A case that pins what the reference does and this server does better (docs/differences.md) is not left
 * out: its own expectation stands in INSTEAD, with the reason.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type SimulatedSeries, type SimulateOptions, simulate } from '../../src/index.ts';
import { compareSeries } from '../../src/inspect/simulate-compare.ts';

interface Case extends SimulateOptions {
  id: string;
  expect: SimulatedSeries[];
}

const vectors: { defaults: object; cases: Case[] } = JSON.parse(
  readFileSync(new URL('aggregation.json', import.meta.url), 'utf8'),
);

/** What is expected instead of a case's own `expect`, by id. */
const INSTEAD: Readonly<Record<string, { reason: string; expect: SimulatedSeries[] }>> = {};

for (const cold of [false, true])
  describe(`aggregation.json through simulate, ${cold ? 'cold' : 'hot'}`, () => {
    for (const one of vectors.cases)
      it(one.id, () => {
        const want = INSTEAD[one.id]?.expect ?? one.expect;
        const got = simulate({ ...one, config: { ...vectors.defaults, ...one.config }, cold });
        expect(compareSeries(got, want)).toEqual([]);
      });
  });
