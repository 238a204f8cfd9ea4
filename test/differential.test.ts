/**
 * The hot path is a cache of the cold path: for any packets, with the caches and without them, over one
 * shard or several, the result is the same.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoreHarness, type Gathered, type HarnessOptions } from './support/core-harness.ts';

/** Pieces that make lines which are often known, often alike and often broken. */
const name = fc.constantFrom('a', 'a.b', 'page.views', 'n'.repeat(40), 'é', '_e{', '_sc', '');
const value = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }).map(String),
  fc.double({ noNaN: true, min: -1e12, max: 1e12 }).map(String),
  fc.double().map(String),
  fc.constantFrom(
    '1',
    '0',
    '-0',
    '1e3',
    '.5',
    '5.',
    '1_0',
    '0x1p4',
    'inf',
    'nan',
    '',
    'x',
    '1e400',
    '1234567890123456789012',
  ),
);
const values = fc.array(value, { minLength: 1, maxLength: 4 }).map((list) => list.join(':'));
const type = fc.constantFrom('c', 'g', 'h', 'ms', 'd', 's', 'c', 'g', 'd', 'x', '', 'cc');
const tag = fc.constantFrom(
  'env:prod',
  'env:dev',
  'az:1',
  'a',
  '',
  't'.repeat(70),
  'host:web',
  'host:',
  'dd.internal.card:low',
  '#x',
);
const tags = fc.array(tag, { maxLength: 6 }).map((list) => `#${list.join(',')}`);
const field = fc.oneof(
  tags,
  tags,
  fc.constantFrom('@0.5', '@0.25', '@0.1', '@1', '@0', '@2', '@-1', '@x', '@', '@nan'),
  fc.constantFrom('T1656581400', 'T1', 'T0', 'Tx', 'T'),
  fc.constantFrom(
    'c:ci-abc',
    'c:in-5',
    'c:',
    'e:it-true,cn-a,pu-b',
    'card:low',
    'card:',
    'x',
    'x:y',
    '',
    'c',
    'ca',
    'e',
  ),
);
const fields = fc.array(field, { maxLength: 4 }).map((list) => list.map((text) => `|${text}`).join(''));
const metric = fc.tuple(name, values, type, fields).map(([n, v, t, f]) => `${n}:${v}|${t}${f}`);
const bytes = fc
  .array(fc.constantFrom(':', '|', '#', ',', '@', 'T', '\r', '\0', 'ÿ', 'a', '1', '.', 'c', 'g', 's', '_'), {
    maxLength: 30,
  })
  .map((list) => list.join(''));
const other = fc.constantFrom(
  '_e{5,4}:title|text',
  '_e{5,4}:title',
  '_sc|db.up|0|#a',
  '_sc|x',
  '',
  '\r',
  'junk',
  '_schema:1|c',
);
const line = fc.oneof(
  { weight: 8, arbitrary: metric },
  { weight: 1, arbitrary: bytes },
  { weight: 1, arbitrary: other },
);
/**
 * What real clients send: a few metrics, each with its tags, over and over with new values, rates, order and
 * repetition of tags. Between them any of the lines above.
 */
const goodTag = fc.constantFrom(
  'env:prod',
  'env:dev',
  'az:1',
  'a',
  't'.repeat(70),
  'version:1.2.3',
  'host:web',
  'u:é',
);
const template = fc.record({
  name: fc.constantFrom('a', 'a.b', 'page.views', 'n'.repeat(40)),
  type: fc.constantFrom('c', 'g', 'h', 'ms', 'd', 's'),
  tags: fc.uniqueArray(goodTag, { maxLength: 5 }),
  client: fc.constantFrom('', '', '|c:ci-abc', '|e:cn-a'),
});
const reading = fc.record({
  pick: fc.nat(),
  value: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -9, max: 99 }).map(String) },
    { weight: 1, arbitrary: values },
  ),
  rate: fc.constantFrom('', '', '|@0.5', '|@0.1', '|@0.3'),
  stamp: fc.constantFrom('', '', '', '', '|T1656581400'),
  shuffle: fc.infiniteStream(fc.nat(3)),
  repeat: fc.boolean(),
  other: fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: line }),
  end: fc.constantFrom('\n', '\n', '\n', '\r\n'),
});
const stream = fc
  .tuple(
    fc.array(template, { minLength: 1, maxLength: 5 }),
    fc.array(reading, { maxLength: 60, size: 'max' }),
  )
  .map(([templates, readings]) =>
    readings.map((one) => {
      if (one.other !== null) return one.other + one.end;
      const { name, type, tags, client } = templates[
        one.pick % templates.length
      ] as (typeof templates)[number];
      const order = tags.map((text) => ({ text, at: one.shuffle.next().value as number }));
      const list = order.sort((a, b) => a.at - b.at).map(({ text }) => text);
      if (one.repeat && list.length > 0) list.push(list[0] as string);
      const tagField = list.length === 0 ? '' : `|#${list.join(',')}`;
      return `${name}:${one.value}|${type}${one.rate}${tagField}${one.stamp}${client}${one.end}`;
    }),
  );
const packetSizes = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 10 });
const options = fc.record({ clientFields: fc.boolean(), timestamps: fc.boolean() });

/** The lines as packets of the given numbers of lines, over and over. */
function packetsOf(lines: string[], sizes: number[]): string[] {
  const packets: string[] = [];
  for (let at = 0, i = 0; at < lines.length; i++) {
    const size = sizes[i % sizes.length] as number;
    packets.push(lines.slice(at, at + size).join(''));
    at += size;
  }
  return packets;
}

interface Outcome {
  cells: Map<string, Gathered>;
  timestamped: string[];
  rejections: string[];
  events: number;
  checks: number;
  samples: number;
  nonFinite: number;
  filtered: number;
}

/** Ingests packets over `shards` harnesses and puts together what they gathered. */
function run(packets: string[], shards: number, harness: HarnessOptions): Outcome {
  const all = Array.from({ length: shards }, () => new CoreHarness(harness));
  packets.forEach((packet, i) => {
    (all[i % shards] as CoreHarness).ingest(packet, i);
  });
  const outcome: Outcome = {
    cells: new Map(),
    timestamped: [],
    rejections: [],
    events: 0,
    checks: 0,
    samples: 0,
    nonFinite: 0,
    filtered: 0,
  };
  for (const one of all) {
    const { cells, timestamped } = one.gather();
    for (const [context, cell] of cells) merge(outcome.cells, context, cell);
    outcome.timestamped.push(...timestamped);
    outcome.rejections.push(...one.rejections.map(({ messageType, error }) => `${messageType} ${error}`));
    outcome.events += one.events.length;
    outcome.checks += one.checks.length;
    outcome.samples += one.count('samples');
    outcome.nonFinite += one.count('nonFiniteSamples');
    outcome.filtered += one.count('filteredLines') + one.control.counters.get('filteredMetrics');
    expect(one.control.counters.get('resolverFailures')).toBe(0);
  }
  outcome.timestamped.sort();
  outcome.rejections.sort();
  return outcome;
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
  before.lastAt = later.lastAt;
  for (const [key, weight] of Object.entries(cell.keys)) {
    // A set's element counts once, whoever saw it.
    before.keys[key] = context.startsWith('set') ? 1 : (before.keys[key] ?? 0) + weight;
  }
}

/** Equal but for the last bits of sums that were added in another order. */
function expectSame(got: Outcome, want: Outcome): void {
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

function expectClose(got: number, want: number, context: string): void {
  if (Object.is(got, want) || got === want) return;
  expect(Math.abs(got - want), context).toBeLessThanOrEqual(
    1e-9 * Math.max(Math.abs(got), Math.abs(want), 1e6),
  );
}

describe('the hot path', () => {
  it('is what these streams mostly take', () => {
    const counts = { lineHits: 0, tagSetHits: 0, lineMisses: 0 };
    fc.assert(
      fc.property(stream, (lines) => {
        const harness = new CoreHarness();
        for (const one of lines) harness.ingest(one);
        for (const key of ['lineHits', 'tagSetHits', 'lineMisses'] as const)
          counts[key] += harness.count(key);
      }),
      { numRuns: 200, seed: 1 },
    );
    expect(counts.lineHits).toBeGreaterThan(counts.lineMisses / 2);
    expect(counts.tagSetHits).toBeGreaterThan(counts.lineMisses / 10);
  });

  it('gives the result of the cold path alone, for any lines and any packets', () => {
    fc.assert(
      fc.property(stream, packetSizes, options, (lines, sizes, core) => {
        const packets = packetsOf(lines, sizes);
        expectSame(run(packets, 1, { core }), run(packets, 1, { core, caching: false }));
      }),
      { numRuns: 400 },
    );
  });

  it('gives the same result over any number of shards', () => {
    fc.assert(
      fc.property(stream, packetSizes, fc.integer({ min: 2, max: 4 }), (lines, sizes, shards) => {
        const packets = packetsOf(lines, sizes);
        // Enough exact values that histograms never change to sketches, whichever shard sees them.
        const core = { histogramValuesMax: 1000 };
        expectSame(run(packets, shards, { core }), run(packets, 1, { core, caching: false }));
      }),
      { numRuns: 150 },
    );
  });

  it('drops what is filtered, mapped or not, as the cold path does', () => {
    const enrich = {
      statsd_metric_blocklist: ['a.b'],
      dogstatsd_tags: ['team:x'],
      statsd_metric_namespace: 'ns',
      statsd_metric_namespace_blacklist: ['a.'],
    };
    fc.assert(
      fc.property(stream, packetSizes, (lines, sizes) => {
        const packets = packetsOf(lines, sizes);
        expectSame(run(packets, 1, { enrich }), run(packets, 1, { enrich, caching: false }));
      }),
      { numRuns: 100 },
    );
  });
});
