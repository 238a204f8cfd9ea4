import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  aggregate,
  Contexts,
  checkOf,
  eventOf,
  histogramOf,
  sketchOf,
} from '../../../test/support/decode/aggregates.ts';
import {
  type ParsedFamily,
  parseExposition,
  sampleOf,
} from '../../../test/support/decode/exposition-parser.ts';
import { HeardLog } from '../../../test/support/decode/transactions.ts';
import type { ContextType } from '../../model/context.ts';
import type { Aggregate, AggregateData } from '../../model/series.ts';
import { toByteString } from '../../model/text.ts';
import { ownMetric } from '../../telemetry/metric.ts';
import { CumulativeTable } from '../cumulative/cumulative-table.ts';
import { type DistributionForm, Exposures } from './exposure.ts';
import { PrometheusOutput } from './prometheus-output.ts';

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0';
const START = 1_700_000_000;

let contexts: Contexts;
let output: PrometheusOutput;

beforeEach(() => {
  contexts = new Contexts();
  output = create(contexts);
});

function create(known: Contexts): PrometheusOutput {
  return outputWith({ lookup: known.lookup });
}

type Some = Partial<ConstructorParameters<typeof PrometheusOutput>[0]> &
  Pick<ConstructorParameters<typeof PrometheusOutput>[0], 'lookup'> & {
    readonly expirySeconds?: number;
  };

function outputWith({ expirySeconds = 300, ...options }: Some): PrometheusOutput {
  const cumulative = new CumulativeTable({ expirySeconds, keepsBins: options.exposures !== undefined });
  return new PrometheusOutput({ hostname: 'server', cumulative, ...options });
}

/** As the fan-out does it. */
function flush(
  aggregates: Aggregate[],
  at = START,
  to = output,
  expirySecondsOf?: (id: number) => number | undefined,
): void {
  to.cumulative.begin(at);
  to.begin({ at, interval: 10, final: false });
  for (const part of to.cumulative.parts(aggregates)) to.write(part);
  to.cumulative.end(at, expirySecondsOf);
  to.end({ at, interval: 10, final: false });
}

function forget(ids: number[], to = output): void {
  to.forget(ids);
  to.cumulative.forget(ids);
}

function text(from = output): string {
  return [...from.page(undefined).chunks].join('');
}

function openmetrics(from = output): string {
  return [...from.page(OPENMETRICS).chunks].join('');
}

/** Parses both formats, so that every test checks that both are valid; returns the text one. */
function page(from = output): ParsedFamily[] {
  parseExposition(openmetrics(from), 'openmetrics');
  return parseExposition(text(from), 'text');
}

const counterOf = (name: string, sum: number, tags: string[] = [], host?: string) =>
  aggregate(contexts.create(name, 'counter', tags, host), { kind: 'counter', sum });
const gaugeOf = (name: string, value: number, tags: string[] = [], host?: string) =>
  aggregate(contexts.create(name, 'gauge', tags, host), { kind: 'gauge', value });
const distributionOf = (name: string, values: number[], tags: string[] = []) =>
  aggregate(contexts.create(name, 'distribution', tags), { kind: 'distribution', sketch: sketchOf(values) });

const adjusted = (reason: string) => sampleOf(page(), 'whippet_prometheus_series_adjusted_total', { reason });
const rejected = (reason: string) =>
  sampleOf(page(), 'whippet_prometheus_updates_rejected_total', { reason });

describe('values', () => {
  test('a counter adds up its buckets', () => {
    const context = contexts.create('page.views', 'counter', ['env:prod']);
    flush([aggregate(context, { kind: 'counter', sum: 2 })]);
    flush([aggregate(context, { kind: 'counter', sum: 3.5 })], START + 10);
    expect(text()).toContain(
      '# HELP page_views DogStatsD counter page.views\n# TYPE page_views counter\npage_views{env="prod"} 5.5\n',
    );
    expect(openmetrics()).toContain(
      '# TYPE page_views counter\n# HELP page_views DogStatsD counter page.views\npage_views_total{env="prod"} 5.5\n',
    );
  });

  test('a counter never falls, and stays at the largest double instead of becoming infinite; both are counted', () => {
    const context = contexts.create('hits', 'counter');
    const add = (sum: number) => flush([aggregate(context, { kind: 'counter', sum })]);
    add(1e308);
    add(-1);
    add(Number.NaN);
    add(Number.POSITIVE_INFINITY);
    add(1e308);
    expect(sampleOf(page(), 'hits')).toBe(Number.MAX_VALUE);
    expect(rejected('negative_increment')).toBe(1);
    expect(rejected('non_finite')).toBe(3);
  });

  test('a summary whose sum would become infinite keeps its count and quantiles', () => {
    const context = contexts.create('lat', 'histogram');
    for (let i = 0; i < 3; i++)
      flush([aggregate(context, { kind: 'histogram', histogram: histogramOf([1, 2, 1e308]) })]);
    expect(sampleOf(page(), 'lat_count')).toBe(9);
    expect(sampleOf(page(), 'lat_sum')).toBe(Number.MAX_VALUE);
    expect(sampleOf(page(), 'lat', { quantile: '0.5' })).toBeCloseTo(2, 1);
    expect(rejected('non_finite')).toBe(2);
  });

  test('a count of exact weights is rounded in all, not bucket by bucket', () => {
    const context = contexts.create('lat', 'histogram');
    for (let i = 0; i < 3; i++)
      flush([aggregate(context, { kind: 'histogram', histogram: { ...histogramOf([1]), count: 1 / 0.3 } })]);
    expect(sampleOf(page(), 'lat_count')).toBe(10);
  });

  test('a rejected first value makes no series', () => {
    flush([counterOf('hits', -1)]);
    expect(() => sampleOf(page(), 'hits')).toThrow();
  });

  test('a gauge shows its last value, whatever it is', () => {
    flush([gaugeOf('a', -1.5), gaugeOf('b', Number.NaN), gaugeOf('c', Number.NEGATIVE_INFINITY)]);
    expect(text()).toContain('\na -1.5\n');
    expect(text()).toContain('\nb NaN\n');
    expect(text()).toContain('\nc -Inf\n');
    page();
  });

  test('a set shows its distinct count as a gauge', () => {
    flush([aggregate(contexts.create('users', 'set'), { kind: 'set', distinct: 7 })]);
    expect(sampleOf(page(), 'users')).toBe(7);
  });

  test('a distribution shows quantiles, and a sum and count that grow', () => {
    const context = contexts.create('latency', 'distribution', ['env:prod']);
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    const data: AggregateData = { kind: 'distribution', sketch: sketchOf(values) };
    flush([aggregate(context, data)]);
    flush([aggregate(context, data)], START + 10);
    const env = { env: 'prod' };
    expect(sampleOf(page(), 'latency_count', env)).toBe(200);
    expect(sampleOf(page(), 'latency_sum', env)).toBe(10100);
    for (const q of [0.5, 0.9, 0.95, 0.99]) {
      const value = sampleOf(page(), 'latency', { ...env, quantile: String(q) });
      expect(Math.abs(value - q * 100)).toBeLessThan(2);
    }
  });

  test('a histogram gives the same summary as a distribution of the same values', () => {
    const values = [3, 3, 5, 8, 13, 21, -4];
    flush([
      aggregate(contexts.create('h', 'histogram'), { kind: 'histogram', histogram: histogramOf(values) }),
      distributionOf('d', values),
    ]);
    const lines = (name: string) =>
      page()
        .find((family) => family.name === name)
        ?.samples.map((sample) => sample.value);
    expect(lines('h')).toEqual(lines('d'));
  });

  test('equal observations have exact quantiles', () => {
    flush([distributionOf('d', [7, 7, 7])]);
    expect(sampleOf(page(), 'd', { quantile: '0.99' })).toBe(7);
  });

  test('quantiles forget after two minutes, totals do not', () => {
    const context = contexts.create('d', 'distribution');
    const bucket = (value: number) => aggregate(context, { kind: 'distribution', sketch: sketchOf([value]) });
    flush([bucket(100)]);
    flush([bucket(1)], START + 60);
    expect(sampleOf(page(), 'd', { quantile: '0.99' })).toBe(100);
    flush([bucket(1)], START + 120);
    expect(sampleOf(page(), 'd', { quantile: '0.99' })).toBe(1);
    flush([], START + 290);
    expect(sampleOf(page(), 'd', { quantile: '0.99' })).toBeNaN();
    expect(sampleOf(page(), 'd_count')).toBe(3);
    expect(sampleOf(page(), 'd_sum')).toBe(102);
  });

  test('OpenMetrics leaves out negative quantiles and a sum that may fall', () => {
    const context = contexts.create('d', 'distribution');
    flush([aggregate(context, { kind: 'distribution', sketch: sketchOf([-5, -5, 100]) })]);
    expect(text()).toContain('d{quantile="0.5"} -5\n');
    expect(text()).toContain('d_sum 90\n');
    expect(openmetrics()).not.toContain('-5');
    expect(openmetrics()).not.toContain('d_sum');
    expect(openmetrics()).toContain('d_count 3\n');
    page();
  });

  test('a timestamped counter adds and a timestamped gauge is set', () => {
    const hits = contexts.create('hits', 'counter');
    const heat = contexts.create('heat', 'gauge');
    for (const value of [2, 3]) {
      flush([
        aggregate(hits, { kind: 'timestamped', value }, 1000),
        aggregate(heat, { kind: 'timestamped', value }, 1000),
      ]);
    }
    expect(sampleOf(page(), 'hits')).toBe(5);
    expect(sampleOf(page(), 'heat')).toBe(3);
  });

  test('events count by alert type and checks show their last status', () => {
    output.event(eventOf('deploy', { alertType: 'error' }));
    output.serviceCheck(checkOf('db.up', { status: 2, tags: ['db:a'], hostname: 'other' }), START);
    output.serviceCheck(checkOf('db.up', { status: 1, tags: ['db:a'], hostname: 'other' }), START + 1);
    expect(sampleOf(page(), 'whippet_events_total', { alert_type: 'error' })).toBe(1);
    expect(sampleOf(page(), 'db_up_check_status', { db: 'a', host: 'other' })).toBe(1);
    flush([], START + 301);
    page();
    flush([], START + 400);
    expect(() => sampleOf(page(), 'db_up_check_status', { db: 'a', host: 'other' })).toThrow();
  });
});

describe('expiry', () => {
  test('a series without data leaves, and zero fills keep none alive nor bring one back', () => {
    const context = contexts.create('hits', 'counter');
    const fill = aggregate(context, { kind: 'counter', sum: 0 });
    flush([aggregate(context, { kind: 'counter', sum: 1 })]);
    flush([fill], START + 300);
    expect(sampleOf(page(), 'hits')).toBe(1);
    flush([fill], START + 310);
    flush([fill], START + 320);
    expect(() => sampleOf(page(), 'hits')).toThrow();
    expect(sampleOf(page(), 'whippet_prometheus_series_expired_total')).toBe(1);
    flush([aggregate(context, { kind: 'counter', sum: 4 })], START + 330);
    expect(sampleOf(page(), 'hits')).toBe(4);
  });

  test('a counter first seen with zero is shown', () => {
    flush([counterOf('hits', 0)]);
    expect(sampleOf(page(), 'hits')).toBe(0);
  });

  test('a forgotten id starts anew for another context', () => {
    const old = contexts.create('old', 'distribution');
    flush([aggregate(old, { kind: 'distribution', sketch: sketchOf([1]) })]);
    forget([old.id]);
    const next = { ...old, name: 'next' };
    const fresh = outputWith({ hostname: 'server', expirySeconds: 0, lookup: () => next });
    for (const to of [output, fresh]) {
      flush([aggregate(next, { kind: 'distribution', sketch: sketchOf([5]) })], START, to);
    }
    expect(sampleOf(page(fresh), 'next_count')).toBe(1);
    expect(
      output.ownMetrics().find((metric) => metric.name === 'whippet_prometheus_series')?.samples[0]?.value,
    ).toBe(1);
  });

  test('a series with an expiry of its own leaves by that, sooner or later than the others', () => {
    const own: Readonly<Record<string, number>> = { brief: 20, rare: 1000 };
    const expirySecondsOf = (id: number) => own[contexts.lookup(id)?.name ?? ''];
    const to = outputWith({ hostname: 'server', expirySeconds: 300, lookup: contexts.lookup });
    flush([gaugeOf('brief', 1), gaugeOf('rare', 1), gaugeOf('usual', 1)], START, to);
    const shown = (after: number): string[] => {
      flush([], START + after, to, expirySecondsOf);
      return ['brief', 'usual', 'rare'].filter((name) => text(to).includes(`\n${name} 1\n`));
    };
    expect(shown(20)).toEqual(['brief', 'usual', 'rare']);
    expect(shown(21)).toEqual(['usual', 'rare']);
    expect(shown(301)).toEqual(['rare']);
    expect(shown(1001)).toEqual([]);
  });

  test('contexts are kept for as long as series live', () => {
    expect(output.retentionSeconds).toBe(300);
    const forever = outputWith({ hostname: '', expirySeconds: 0, lookup: contexts.lookup });
    expect(forever.retentionSeconds).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('names', () => {
  test('a host label appears only where the host is not the server', () => {
    flush([gaugeOf('a', 1), gaugeOf('a', 2, [], 'other'), gaugeOf('b', 3, [], '')]);
    expect(sampleOf(page(), 'a')).toBe(1);
    expect(sampleOf(page(), 'a', { host: 'other' })).toBe(2);
    expect(sampleOf(page(), 'b')).toBe(3);
  });

  test('series that look the same are shown as one: counters add, a gauge shows the latest', () => {
    flush([counterOf('a.b', 1), counterOf('a_b', 2), counterOf('a-b', 4)]);
    const [first, second] = [gaugeOf('g.x', 1), gaugeOf('g_x', 2)];
    flush([first, second]);
    flush([first], START + 10);
    expect(sampleOf(page(), 'a_b')).toBe(7);
    expect(sampleOf(page(), 'g_x')).toBe(1);
    expect(adjusted('series_merged')).toBe(3);
  });

  test('merged summaries answer for all observations', () => {
    flush([distributionOf('a.b', [1]), distributionOf('a_b', [9, 9])]);
    expect(sampleOf(page(), 'a_b_count')).toBe(3);
    expect(sampleOf(page(), 'a_b_sum')).toBe(19);
    expect(sampleOf(page(), 'a_b', { quantile: '0.5' })).toBe(9);
  });

  test('two types under one name are two families', () => {
    flush([gaugeOf('load', 1), counterOf('load', 2), distributionOf('load', [3])]);
    expect(sampleOf(page(), 'load')).toBe(2);
    expect(sampleOf(page(), 'load_gauge')).toBe(1);
    expect(sampleOf(page(), 'load_distribution_count')).toBe(1);
    expect(adjusted('type_conflict')).toBe(2);
  });

  test('a gauge named like a part of a summary is renamed', () => {
    flush([gaugeOf('req.count', 4), distributionOf('req', [1])]);
    expect(sampleOf(page(), 'req_count')).toBe(1);
    expect(sampleOf(page(), 'req_count_gauge')).toBe(4);
    expect(adjusted('name_clash')).toBe(1);
  });

  test('an alternative never takes the name of another metric', () => {
    flush([counterOf('x', 1), gaugeOf('x', 2), gaugeOf('x.gauge', 3)]);
    expect(sampleOf(page(), 'x')).toBe(1);
    expect(sampleOf(page(), 'x_gauge')).toBe(3);
    expect(sampleOf(page(), 'x_gauge_2')).toBe(2);
  });

  test('names that only clash in OpenMetrics are renamed only there', () => {
    flush([counterOf('orders', 1), counterOf('orders.created', 2), counterOf('orders.total', 3)]);
    expect(sampleOf(page(), 'orders')).toBe(1);
    expect(sampleOf(page(), 'orders_created')).toBe(2);
    expect(sampleOf(page(), 'orders_total')).toBe(3);
    const strict = parseExposition(openmetrics(), 'openmetrics');
    expect(sampleOf(strict, 'orders_total')).toBe(1);
    expect(sampleOf(strict, 'orders_created_counter_total')).toBe(2);
    expect(sampleOf(strict, 'orders_counter_total')).toBe(3);
  });

  test('a series keeps its name when another type comes under it, and the log names both', () => {
    const log = new HeardLog();
    const to = outputWith({ lookup: contexts.lookup, log });
    const gauge = gaugeOf('load', 93);
    flush([gauge], START, to);
    expect(sampleOf(page(to), 'load')).toBe(93);
    flush([counterOf('load', 1)], START + 10, to);
    const families = page(to);
    expect([sampleOf(families, 'load'), sampleOf(families, 'load_counter')]).toEqual([93, 1]);
    expect(log.sentences).toEqual([
      'the counter load is shown as load_counter, because the gauge load has its name already',
    ]);
    page(to);
    expect(log.lines).toHaveLength(1);
  });

  test('a gauge keeps a name that a later summary would need, and a summary those of its parts', () => {
    flush([gaugeOf('req.count', 4), distributionOf('db', [1])]);
    page();
    flush([distributionOf('req', [1, 2]), gaugeOf('db_sum', 7)], START + 10);
    const families = page();
    expect(sampleOf(families, 'req_count')).toBe(4);
    expect(sampleOf(families, 'req_distribution_count')).toBe(2);
    expect(sampleOf(families, 'db_sum')).toBe(1);
    expect(sampleOf(families, 'db_sum_gauge')).toBe(7);
  });

  test('a name is free when its series have ended, and the newcomer keeps the one it has', () => {
    const gauge = gaugeOf('load', 93);
    const counter = (sum: number) => aggregate(late, { kind: 'counter', sum });
    const late = contexts.create('load', 'counter');
    flush([gauge]);
    page();
    flush([counter(1)], START + 10);
    expect(sampleOf(page(), 'load_counter')).toBe(1);
    for (let at = START + 20; at <= START + 400; at += 10) flush([counter(1)], at);
    expect(sampleOf(page(), 'load_counter')).toBe(40);
    expect(() => sampleOf(page(), 'load')).toThrow();
    flush([distributionOf('load', [3]), counter(1)], START + 410);
    expect(sampleOf(page(), 'load_count')).toBe(1);
    expect(sampleOf(page(), 'load_counter')).toBe(41);
  });

  test('what came between two scrapes is named together, whichever flush brought it', () => {
    const other = create(contexts);
    const flushes = [
      [gaugeOf('load', 1), distributionOf('x', [1])],
      [counterOf('load', 2), gaugeOf('x.count', 3)],
      [gaugeOf('x.sum', 4), counterOf('x', 5)],
    ];
    flushes.forEach((batch, i) => {
      flush(batch, START + 10 * i);
    });
    flush(flushes.reverse().flat(), START + 20, other);
    const lines = (from: PrometheusOutput) => text(from).replaceAll(/^.*whippet.*$/gm, '');
    expect(lines(output)).toBe(lines(other));
    expect([sampleOf(page(), 'load'), sampleOf(page(), 'load_gauge')]).toEqual([2, 1]);
  });

  test('a name seen in one format is kept in the other', () => {
    flush([gaugeOf('load', 93)]);
    openmetrics();
    flush([counterOf('load', 1)], START + 10);
    const families = parseExposition(text(), 'text');
    expect([sampleOf(families, 'load'), sampleOf(families, 'load_counter')]).toEqual([93, 1]);
  });

  test("no input takes the place of the server's own metrics", () => {
    flush([gaugeOf('whippet.prometheus.series', 5), gaugeOf('whippet_up', 6)]);
    const own = outputWith({
      hostname: 'server',
      expirySeconds: 300,
      lookup: contexts.lookup,
      ownMetrics: () => [ownMetric('gauge', 'whippet_up', 'Says "up" \\ running.', 1)],
    });
    flush([gaugeOf('whippet_up', 6), gaugeOf('whippet_prometheus_series', 7)], START, own);
    expect(sampleOf(page(own), 'whippet_up')).toBe(1);
    expect(sampleOf(page(own), 'whippet_up_gauge')).toBe(6);
    expect(sampleOf(page(own), 'whippet_prometheus_series')).toBe(2);
    expect(openmetrics(own)).toContain('Says \\"up\\" \\\\ running.');
  });
});

describe('a page under way', () => {
  test('comes in chunks and stays valid while series come and go', () => {
    const gone = new Set<number>();
    const lookup = (id: number) => {
      if (gone.has(id)) throw new Error(`context ${id} is gone`);
      return contexts.lookup(id);
    };
    const to = outputWith({ hostname: 'server', expirySeconds: 300, lookup });
    const aggregates = Array.from({ length: 3000 }, (_, i) => [
      counterOf('many', 1, [`id:${i}`]),
      gaugeOf(`family.${i}`, i),
    ]);
    flush(aggregates.flat(), START, to);
    for (const accept of [undefined, OPENMETRICS]) {
      const late = `late${accept ?? ''}`;
      let collected = '';
      let chunks = 0;
      for (const chunk of to.page(accept).chunks) {
        expect(chunk.length).toBeLessThan(70 * 1024);
        collected += chunk;
        chunks++;
        for (const id of [chunks * 50, 5990 - 2 * chunks, 5991 - 2 * chunks]) {
          gone.add(id);
          forget([id], to);
        }
        flush(
          [
            counterOf('many', 1, [`id:${late}${chunks}`]),
            gaugeOf(`${late}.${chunks}`, 1),
            counterOf('family.7', 1),
          ],
          START,
          to,
        );
      }
      expect(chunks).toBeGreaterThan(3);
      expect(collected).not.toContain(late);
      parseExposition(collected, accept === undefined ? 'text' : 'openmetrics');
    }
  });

  test('an id that names another context meanwhile is left out', () => {
    const names = new Map<number, string>();
    const known = { lookup: (id: number) => contexts.lookup(id) };
    const racy = outputWith({
      hostname: 'server',
      expirySeconds: 300,
      lookup: (id) => {
        const context = known.lookup(id);
        const name = names.get(id);
        return context && name !== undefined ? { ...context, tags: [name] } : context;
      },
    });
    const all = Array.from({ length: 4000 }, (_, i) => counterOf('many', 1, [`id:${'x'.repeat(40)}${i}`]));
    flush(all, START, racy);
    let collected = '';
    for (const chunk of racy.page(undefined).chunks) {
      if (collected === '') {
        forget([3999], racy);
        names.set(3999, 'id:reborn');
        flush([all[3999] as Aggregate], START, racy);
      }
      collected += chunk;
    }
    expect(collected).not.toContain('reborn');
    parseExposition(collected, 'text');
    expect(text(racy)).toContain('reborn');
  });
});

describe('any input', () => {
  const hostile = fc.oneof(
    fc.constantFrom(
      'a.b',
      'a_b',
      'a',
      'a_count',
      'a_sum',
      'a_total',
      'a_created',
      'a_gauge',
      '',
      '1x',
      '__n',
      'whippet_x',
    ),
    fc.constantFrom('le', 'quantile', 'host', '__name__', 'a"b\\', 'x\ny\r', 'é', '\xff\xfe', '\u001b[31m'),
    fc.string({ maxLength: 6, unit: 'grapheme' }).map(toByteString),
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  const tag = fc.oneof(
    hostile,
    fc.tuple(hostile, hostile).map((pair) => pair.join(':')),
  );
  const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, 1e308, -1e308));
  const type = fc.constantFrom<ContextType>('counter', 'gauge', 'histogram', 'distribution', 'set');
  const input = fc.record({
    name: hostile,
    type,
    tags: fc.array(tag, { maxLength: 4 }),
    host: fc.constantFrom('server', 'other', 'a\nb', ''),
    values: fc.array(value, { minLength: 1, maxLength: 4 }),
    timestamped: fc.boolean(),
  });
  const order = fc.array(input, { maxLength: 25 }).chain((inputs) =>
    fc.record({
      inputs: fc.constant(inputs),
      shuffled: fc.shuffledSubarray(inputs, { minLength: inputs.length }),
      checks: fc.array(fc.record({ name: hostile, tags: fc.array(tag, { maxLength: 3 }) }), { maxLength: 4 }),
    }),
  );

  type Input = typeof input extends fc.Arbitrary<infer T> ? T : never;
  const dataOf = ({ type, values, timestamped }: Input): AggregateData => {
    const first = values[0] as number;
    if (timestamped) return { kind: 'timestamped', value: first };
    const finite = values.filter(Number.isFinite);
    switch (type) {
      case 'counter':
        return { kind: 'counter', sum: first };
      case 'gauge':
        return { kind: 'gauge', value: first };
      case 'set':
        return { kind: 'set', distinct: values.length };
      case 'histogram':
        return { kind: 'histogram', histogram: histogramOf(finite) };
      case 'distribution':
        return { kind: 'distribution', sketch: sketchOf(finite) };
    }
  };
  const pagesOf = (
    form: DistributionForm,
    inputs: Input[],
    checks: { name: string; tags: string[] }[],
  ): string[] => {
    const known = new Contexts();
    const exposures = new Exposures({ form, buckets: [-1, 0, 1e6], timingsInSeconds: false });
    const to = outputWith({ lookup: known.lookup, exposures });
    for (const check of checks) to.serviceCheck(checkOf(check.name, { tags: check.tags }), START);
    // Two flushes with the same data, a page after each.
    const all = inputs.map((one) =>
      aggregate(known.create(one.name, one.type, one.tags, one.host), dataOf(one)),
    );
    flush(all, START, to);
    const pages = [text(to), openmetrics(to)];
    flush(all, START + 10, to);
    return [...pages, text(to), openmetrics(to)];
  };

  test.each([
    'summary',
    'classic',
  ] as const)('gives valid pages (%s), the same whatever the order it comes in', (form) => {
    fc.assert(
      fc.property(order, ({ inputs, shuffled, checks }) => {
        const pages = pagesOf(form, inputs, checks);
        pages.forEach((one, i) => {
          parseExposition(one, i % 2 === 0 ? 'text' : 'openmetrics');
        });
        expect(pagesOf(form, shuffled, [...checks].reverse())).toEqual(pages);
      }),
      { numRuns: 300 },
    );
  });
});
