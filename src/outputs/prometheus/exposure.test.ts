import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { aggregate, Contexts, histogramOf, sketchOf } from '../../../test/support/decode/aggregates.ts';
import { parseExposition, sampleOf } from '../../../test/support/decode/exposition-parser.ts';
import { readFamilies } from '../../../test/support/decode/metric-families.ts';
import type { ContextType } from '../../model/context.ts';
import type { ExposureRule } from '../../model/metric-rule.ts';
import type { Aggregate } from '../../model/series.ts';
import { CumulativeTable } from '../cumulative/cumulative-table.ts';
import { fromBins } from '../native-histogram/exponential-histogram.ts';
import { toSpans } from '../native-histogram/spans.ts';
import { type DistributionForm, Exposures } from './exposure.ts';
import { PrometheusOutput } from './prometheus-output.ts';

const START = 1_700_000_000;
const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;q=0.4';
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0';

let contexts: Contexts;
beforeEach(() => {
  contexts = new Contexts();
});

interface Some {
  readonly form?: DistributionForm;
  readonly timingsInSeconds?: boolean;
  readonly rules?: Readonly<Record<string, ExposureRule>>;
  readonly timings?: readonly string[];
}

function open({ form = 'summary', timingsInSeconds = false, rules = {}, timings = [] }: Some) {
  const lookup = (id: number) => {
    const context = contexts.lookup(id);
    return context && (timings.includes(context.name) ? { ...context, isTiming: true } : context);
  };
  const exposures = new Exposures({ form, buckets: [1, 10], timingsInSeconds }, ({ name }) => rules[name]);
  const needsBinsOf = (id: number) => exposures.needsBins(lookup(id) ?? { name: '', type: 'counter' });
  const cumulative = new CumulativeTable({ expirySeconds: 300, keepsBins: true, needsBinsOf });
  const output = new PrometheusOutput({
    ...{ hostname: 'server', cumulative, lookup, exposures, protobuf: form === 'native' },
  });
  const flush = (batch: readonly Aggregate[], at = START + 10): void => {
    cumulative.begin(at);
    output.begin({ at, interval: 10, final: false });
    for (const part of cumulative.parts(batch))
      output.write(part.map((one) => ({ ...one, context: lookup(one.context.id) ?? one.context })));
    cumulative.end(at);
    output.end({ at, interval: 10, final: false });
  };
  const page = (accept?: string): string => {
    const { chunks } = output.page(accept);
    return [...chunks].join('');
  };
  const families = () =>
    readFamilies(
      Buffer.concat([...output.page(PROTOBUF).chunks].map((chunk) => Buffer.from(chunk as Uint8Array))),
    );
  return { output, flush, page, families };
}

const distributionOf = (name: string, values: number[], tags: string[] = []) =>
  aggregate(
    contexts.create(name, 'distribution', tags),
    { kind: 'distribution', sketch: sketchOf(values) },
    START,
  );
const timingOf = (name: string, values: number[], type: ContextType = 'histogram') =>
  aggregate(contexts.create(name, type), { kind: 'histogram', histogram: histogramOf(values) }, START);

describe('classic histograms', () => {
  it('have buckets, each with those below it, and a bound holds what is equal to it', () => {
    const { flush, page } = open({ form: 'classic' });
    flush([distributionOf('size', [0.5, 1, 1, 5, 10, 11], ['a:b'])]);
    expect(page()).toContain(
      '# TYPE size histogram\nsize_bucket{a="b",le="1"} 3\nsize_bucket{a="b",le="10"} 5\nsize_bucket{a="b",le="+Inf"} 6\nsize_sum{a="b"} 28.5\nsize_count{a="b"} 6\n',
    );
    expect(page(OPENMETRICS)).toContain('size_bucket{a="b",le="1.0"} 3\n');
    parseExposition(page(), 'text');
    parseExposition(page(OPENMETRICS), 'openmetrics');
  });

  it('come from a rule with buckets alone, also where the rest are summaries', () => {
    const { flush, page } = open({ rules: { lat: { buckets: [100, 20] } } });
    flush([timingOf('lat', [10, 20, 30]), timingOf('other', [1])]);
    expect(page()).toContain('lat_bucket{le="20"} 2\nlat_bucket{le="100"} 3\nlat_bucket{le="+Inf"} 3\n');
    expect(page()).toContain('# TYPE other summary\n');
  });

  it('add up over buckets of time and over series that look the same', () => {
    const { flush, page } = open({ form: 'classic' });
    const [a, b] = [contexts.create('a.b', 'distribution'), contexts.create('a_b', 'distribution')];
    const of = (context: typeof a, ...values: number[]) =>
      aggregate(context, { kind: 'distribution', sketch: sketchOf(values) }, START);
    flush([of(a, 1), of(b, 100)]);
    flush([of(a, 5)], START + 20);
    expect(page()).toContain(
      'a_b_bucket{le="1"} 1\na_b_bucket{le="10"} 2\na_b_bucket{le="+Inf"} 3\na_b_sum 106\n',
    );
  });

  it('show what is in an open bucket, all of it or nothing', () => {
    const { output, flush, page } = open({ form: 'classic' });
    const first = distributionOf('size', [1]);
    flush([first]);
    const { id } = first.context;
    const data = { kind: 'observed', sum: 7, count: 2, min: 2 } as const;
    expect(output.look({ id, start: START + 10, interval: 10, data })).toBe(false);
    const sketch = sketchOf([2, 5]);
    output.look({ id, start: START + 10, interval: 10, data: { ...data, bins: { sketch } } });
    expect(page()).toContain(
      'size_bucket{le="1"} 1\nsize_bucket{le="10"} 3\nsize_bucket{le="+Inf"} 3\nsize_sum 8\nsize_count 3\n',
    );
    flush([aggregate(first.context, { kind: 'distribution', sketch }, START + 10)], START + 20);
    expect(page()).toContain('size_bucket{le="+Inf"} 3\nsize_sum 8\nsize_count 3\n');
  });

  it('count what is below a bound as the values do, but for those within the width of a bin above it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.array(fc.double({ min: 0.01, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 5 }),
        (values, buckets) => {
          contexts = new Contexts();
          const { flush, page } = open({ rules: { m: { buckets } } });
          flush([distributionOf('m', values)]);
          const families = parseExposition(page(), 'text');
          for (const bound of new Set(buckets)) {
            const shown = sampleOf(families, 'm_bucket', { le: String(bound) });
            expect(shown).toBeGreaterThanOrEqual(values.filter((value) => value <= bound).length);
            expect(shown).toBeLessThanOrEqual(values.filter((value) => value <= bound * 1.016).length);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('native histograms', () => {
  it('are in the protobuf format, with the buckets of the sketch, and a summary everywhere else', () => {
    const { flush, page, families } = open({ form: 'native' });
    const values = [-3, 0, 0.5, 1, 1, 7, 1000];
    flush([distributionOf('size', values, ['quo"te:b\\c', 'plain']), timingOf('lat', [5])]);
    const size = families().find(({ name }) => name === 'size');
    const sketch = sketchOf(values);
    const { positive, negative } = fromBins(sketch);
    expect(size).toMatchObject({ type: 4, help: 'DogStatsD distribution size' });
    expect(size?.metrics[0]).toMatchObject({
      labels: { plain: 'true', quo_te: 'b\\c' },
      histogram: {
        ...{ count: 7, sum: 1006.5, schema: 6, zeroCount: 1, createdAt: START },
        positive: { deltas: toSpans(positive).deltas, offsets: toSpans(positive).offsets },
        negative: { deltas: toSpans(negative).deltas, offsets: toSpans(negative).offsets },
      },
    });
    expect(page()).toContain('# TYPE size summary\n');
    expect(page()).toContain('size{plain="true",quo_te="b\\\\c",quantile="0.5"} 1\n');
    parseExposition(page(OPENMETRICS), 'openmetrics');
  });

  it('stand beside classic buckets where a rule has some', () => {
    const { flush, page, families } = open({ form: 'native', rules: { lat: { buckets: [10] } } });
    flush([timingOf('lat', [5, 20])]);
    const lat = families().find(({ name }) => name === 'lat')?.metrics[0]?.histogram;
    expect(lat?.buckets).toEqual([
      [10, 1],
      [Number.POSITIVE_INFINITY, 2],
    ]);
    expect(lat?.positive.deltas.length).toBeGreaterThan(0);
    expect(page()).toContain('# TYPE lat histogram\n');
  });

  it('come with everything else that the page has', () => {
    const { output, flush, families } = open({ form: 'native' });
    flush([
      aggregate(contexts.create('hits', 'counter', ['a:1']), { kind: 'counter', sum: 3 }, START),
      aggregate(contexts.create('load', 'gauge'), { kind: 'gauge', value: 0 }, START),
    ]);
    expect(output.page(PROTOBUF).contentType).toContain('encoding=delimited');
    const all = families();
    const find = (name: string) => all.find((family) => family.name === name);
    expect(find('hits')).toMatchObject({
      type: 0,
      metrics: [{ labels: { a: '1' }, value: 3, createdAt: START }],
    });
    expect(find('load')).toMatchObject({ type: 1, metrics: [{ labels: {}, value: 0 }] });
    expect(find('whippet_prometheus_series')).toMatchObject({ type: 1, metrics: [{ value: 2 }] });
  });
});

describe('units', () => {
  it('timings are in seconds on request, under a name that says so; other histograms stay', () => {
    const { flush, page } = open({
      timingsInSeconds: true,
      timings: ['lat', 'job_seconds'],
      form: 'classic',
    });
    flush([timingOf('lat', [500, 1500]), timingOf('job_seconds', [1000]), timingOf('size', [500])]);
    const text = page();
    expect(text).toContain('lat_seconds_bucket{le="1"} 1\nlat_seconds_bucket{le="10"} 2\n');
    expect(text).toContain('lat_seconds_sum 2\nlat_seconds_count 2\n');
    expect(text).toContain('\njob_seconds_sum 1\n');
    expect(text).toContain('\nsize_sum 500\n');
  });

  it('a rule scales whatever type it is for', () => {
    const rules = {
      load: { scale: 0.01, unit: 'ratio' },
      sent: { scale: 1024, unit: 'bytes' },
      lat: { scale: 0.001 },
    };
    const { flush, page } = open({ rules });
    flush([
      aggregate(contexts.create('load', 'gauge'), { kind: 'gauge', value: 50 }, START),
      aggregate(contexts.create('sent', 'counter'), { kind: 'counter', sum: 2 }, START),
      timingOf('lat', [2000, 2000]),
    ]);
    const families = parseExposition(page(), 'text');
    expect(sampleOf(families, 'load_ratio')).toBe(0.5);
    expect(sampleOf(families, 'sent_bytes')).toBe(2048);
    expect(sampleOf(families, 'lat', { quantile: '0.5' })).toBe(2);
    expect(sampleOf(families, 'lat_sum')).toBe(4);
  });

  it('a native histogram in another unit has its quantiles there', () => {
    const { flush, families } = open({ form: 'native', timingsInSeconds: true, timings: ['lat'] });
    flush([timingOf('lat', [250])]);
    const { histogram } = families().find(({ name }) => name === 'lat_seconds')?.metrics[0] ?? {};
    const index = histogram?.positive.offsets[0] as number;
    // The bucket that holds 0.25, or its neighbour: the value of a key is within 0.78 % of what was observed.
    expect(Math.abs(index - -2 * 64)).toBeLessThanOrEqual(1);
    expect(histogram?.count).toBe(1);
  });
});
