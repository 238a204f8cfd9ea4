import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { FleetCost } from '../../global/simulate/simulate-fleet.ts';
import { registerGlobal } from './global.ts';
import { type GlobalSimulateOptions, globalSimulateCommand } from './simulate-fleet-command.ts';

function run(options: GlobalSimulateOptions): string {
  let output = '';
  globalSimulateCommand(options, (text) => {
    output += text;
  });
  return output;
}

const costOf = (options: GlobalSimulateOptions): FleetCost =>
  JSON.parse(run({ json: true, ...options })) as FleetCost;

const SMALL = { edges: '20', contexts: '40', partitions: '4', buckets: '1' } as const;

describe('global simulate', () => {
  it('computes what a fleet sends from its figures', () => {
    const { shape, flat, first, second, recommended } = costOf(SMALL);
    expect(shape).toEqual({ edges: 20, contextsPerEdge: 40, distinct: 5000, partitions: 4 });
    // 20 edges with 40 contexts each in ten seconds.
    expect(flat.partialsPerSecond).toBeCloseTo(80, -1.5);
    expect(flat.chunksPerSecond).toBeCloseTo(8, 0);
    // The first of two levels has one chunk an edge and bucket.
    expect(first.chunksPerSecond).toBeCloseTo(2, 0);
    expect(first.partialsPerChunk).toBeCloseTo(40, 0);
    expect(second.partialsPerSecond).toBeLessThanOrEqual(first.partialsPerSecond * 1.2);
    expect(recommended).toBe(1);
    for (const level of [flat, first, second])
      for (const value of Object.values(level)) {
        expect(Number.isFinite(value)).toBe(true);
        expect(value).toBeGreaterThanOrEqual(0);
      }
  });

  it('makes the same fleet from the same seed, and another from another', () => {
    const bytes = (seed: string) => costOf({ ...SMALL, seed }).flat.bytesPerSecond;
    expect(bytes('1')).toBe(bytes('1'));
    expect(bytes('2')).not.toBe(bytes('1'));
  });

  it('recommends two levels beyond ten thousand chunks a second', () => {
    const fleet = { contexts: '5', distinct: '1000', partitions: '256', buckets: '1' } as const;
    expect(costOf({ ...fleet, edges: '30000' }).recommended).toBe(2);
  });

  it('has as many different contexts as one in ten, at least 5,000, and partitions for the size', () => {
    const shapeOf = (edges: string) => costOf({ edges, contexts: '60', buckets: '1' }).shape;
    expect(shapeOf('300')).toMatchObject({ distinct: 5000, partitions: 16 });
    expect(shapeOf('1000')).toMatchObject({ distinct: 6000, partitions: 64 });
    expect(costOf({ ...SMALL, distinct: '123' }).shape.distinct).toBe(123);
  });

  it('prints a table that marks what to choose, in lines of equal columns', () => {
    const lines = run({ ...SMALL }).split('\n');
    expect(lines[0]).toMatch(/^ *hosts +contexts +P +levels +chunks\/s/);
    expect(lines.slice(1, 4).map((line) => line.trim().split(/ {2,}/).slice(0, 4))).toEqual([
      ['20', '5,000', '4', '1 *'],
      ['20', '5,000', '4', '2: first'],
      ['20', '5,000', '4', '2: second'],
    ]);
    expect(lines.at(-2)).toMatch(/^20 hosts: an edge needs \d+\.\d ms of CPU a bucket/);
  });

  it.each([
    ['--edges', { edges: '0' }],
    ['--edges', { edges: '1.5' }],
    ['--edges', { edges: 'many' }],
    ['--edges', { edges: '1000001' }],
    ['--contexts', { edges: '1', contexts: '-1' }],
    ['--distinct', { edges: '1', distinct: '1000000001' }],
    ['--partitions', { edges: '1', partitions: '4097' }],
    ['--buckets', { edges: '1', buckets: '1001' }],
    ['--seed', { edges: '1', seed: 'x' }],
  ])('refuses %s in %o', (flag, options) => {
    expect(() => run(options)).toThrow(new RegExp(`^${flag} is .*; allowed: an integer from 1 to `));
  });

  it('is a command that ends with the code for wrong usage', async () => {
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    registerGlobal(program);
    for (const command of program.commands) {
      command.exitOverride().configureOutput({ writeErr: () => undefined });
      for (const sub of command.commands) sub.exitOverride().configureOutput({ writeErr: () => undefined });
    }
    const parsed = program.parseAsync(['global', 'simulate', '--edges', '0'], { from: 'user' });
    await expect(parsed).rejects.toMatchObject({ exitCode: 2 });
  });
});
