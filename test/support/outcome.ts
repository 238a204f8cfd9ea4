/**
 * What harnesses made of a stream of packets, put together so that it can be compared however the packets
 * were spread over them.
 */
import { expect } from 'vitest';
import { CoreHarness, type Gathered, type HarnessOptions } from './core-harness.ts';

export interface Outcome {
  cells: Map<string, Gathered>;
  timestamped: string[];
  rejections: string[];
  /** Events and checks as JSON. */
  messages: string[];
  samples: number;
  nonFinite: number;
  /** Samples of cells and those passed through, and samples that were dropped for each reason. */
  kept: number;
  outOfRange: number;
  keyTableFull: number;
  filtered: number;
}

/** Ingests packets over the harnesses, which take turns; packet `i` is received at second `from + i`. */
export function ingestAll(harnesses: readonly CoreHarness[], packets: readonly string[], from = 0): void {
  packets.forEach((packet, i) => {
    const harness = harnesses[(from + i) % harnesses.length] as CoreHarness;
    harness.ingest(packet, from + i, { origin: (from + i) % (harness.senderCount + 1) });
  });
}

/** Puts together what the harnesses gathered. */
export function collect(harnesses: readonly CoreHarness[]): Outcome {
  const outcome: Outcome = {
    cells: new Map(),
    timestamped: [],
    rejections: [],
    messages: [],
    samples: 0,
    nonFinite: 0,
    kept: 0,
    outOfRange: 0,
    keyTableFull: 0,
    filtered: 0,
  };
  for (const one of harnesses) {
    const { cells, timestamped } = one.gather();
    for (const [context, cell] of cells) merge(outcome.cells, context, cell);
    outcome.timestamped.push(...timestamped);
    outcome.rejections.push(...one.rejections.map(({ messageType, error }) => `${messageType} ${error}`));
    outcome.messages.push(...[...one.events, ...one.checks].map(toJson));
    outcome.samples += one.count('samples');
    outcome.nonFinite += one.count('nonFiniteSamples');
    for (const { samples } of cells.values()) outcome.kept += samples;
    outcome.kept += timestamped.length;
    outcome.outOfRange += one.count('outOfRangeSamples');
    outcome.keyTableFull += one.count('keyTableFullSamples');
    outcome.filtered += one.count('filteredLines') + one.control.counters.get('filteredMetrics');
    expect(one.control.counters.get('resolverFailures')).toBe(0);
  }
  outcome.timestamped.sort();
  outcome.rejections.sort();
  outcome.messages.sort();
  return outcome;
}

export function makeHarnesses(count: number, options: HarnessOptions): CoreHarness[] {
  return Array.from({ length: count }, () => new CoreHarness(options));
}

/** What `shards` fresh harnesses make of the packets. */
export function run(packets: readonly string[], shards: number, options: HarnessOptions): Outcome {
  const harnesses = makeHarnesses(shards, options);
  ingestAll(harnesses, packets);
  return collect(harnesses);
}

function merge(into: Map<string, Gathered>, context: string, cell: Gathered): void {
  const before = into.get(context);
  if (before === undefined) {
    into.set(context, cell);
    return;
  }
  const gauge = context.startsWith('gauge');
  const later = cell.lastAt >= before.lastAt ? cell : before;
  before.sum = gauge ? later.sum : before.sum + cell.sum;
  before.weightedSum += cell.weightedSum;
  before.min = Math.min(before.min, cell.min);
  before.max = Math.max(before.max, cell.max);
  before.count += cell.count;
  before.samples += cell.samples;
  before.lastAt = later.lastAt;
  for (const [key, weight] of Object.entries(cell.keys)) {
    // A set's element counts once, whoever saw it.
    before.keys[key] = context.startsWith('set') ? 1 : (before.keys[key] ?? 0) + weight;
  }
}

/** Equal but for the last bits of sums that were added in another order. */
export function expectSame(got: Outcome, want: Outcome): void {
  const { cells: gotCells, ...gotRest } = got;
  const { cells: wantCells, ...wantRest } = want;
  expect(gotRest).toEqual(wantRest);
  expect([...gotCells.keys()].sort()).toEqual([...wantCells.keys()].sort());
  for (const [context, cell] of wantCells) {
    const { sum, weightedSum, keys, ...rest } = gotCells.get(context) as Gathered;
    const { sum: wantSum, weightedSum: wantWeighted, keys: wantKeys, ...wantOthers } = cell;
    expect(rest, context).toEqual(wantOthers);
    expectClose(sum, wantSum, context);
    expectClose(weightedSum, wantWeighted, context);
    if (context.startsWith('set'))
      expect(Object.keys(keys).sort(), context).toEqual(Object.keys(wantKeys).sort());
    else expect(keys, context).toEqual(wantKeys);
  }
}

/** Every number that was gathered is finite, and every sample is in a cell or counted as dropped. */
export function expectFinite({ cells, samples, kept, outOfRange, keyTableFull }: Outcome): void {
  for (const [context, cell] of cells) {
    const { keys, ...moments } = cell;
    for (const number of [...Object.values(moments), ...Object.values(keys)])
      expect(Number.isFinite(number), `${context} ${JSON.stringify(cell)}`).toBe(true);
    const weights = Object.values(keys).reduce((sum, weight) => sum + weight, 0);
    if (/^(histogram|distribution) /.test(context)) expectClose(weights, cell.count, context);
  }
  expect(kept + outOfRange + keyTableFull).toBe(samples);
}

function expectClose(got: number, want: number, context: string): void {
  if (Object.is(got, want) || got === want) return;
  expect(Math.abs(got - want), context).toBeLessThanOrEqual(
    1e-9 * Math.max(Math.abs(got), Math.abs(want), 1e6),
  );
}

function toJson(message: unknown): string {
  return JSON.stringify(message, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
}
