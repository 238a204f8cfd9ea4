/**
 * Pages over random flushes, looks, expiries and ids that are used again, while other pages are being read or given up in the
 * midst of their work.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aggregate, checkOf, sketchOf } from '../../../test/support/decode/aggregates.ts';
import {
  type ParsedFamily,
  type ParsedSample,
  parseExposition,
  sampleOf,
} from '../../../test/support/decode/exposition-parser.ts';
import type { Context } from '../../model/context.ts';
import type { Aggregate, AggregateData } from '../../model/series.ts';
import { CumulativeTable } from '../cumulative/cumulative-table.ts';
import { PrometheusOutput } from './prometheus-output.ts';

const START = 1_700_000_000;
const WIDTH = 10;
const EXPIRY_SECONDS = 30;
const FORMATS = ['text', 'openmetrics'] as const;
type Format = (typeof FORMATS)[number];
const ACCEPT = { text: undefined, openmetrics: 'application/openmetrics-text; version=1.0.0' } as const;
/** More series and more families than a step of any kind takes. */
const IDS = 400;
const TYPES = ['counter', 'gauge', 'distribution'] as const;
const CONTESTED = ['a', 'a.b', 'a_b', 'a.count', 'a.sum', 'a.b.total', 'a.b.created', 'a.gauge'] as const;

function outputOf(lookup: (id: number) => Context | undefined): PrometheusOutput {
  const cumulative = new CumulativeTable({ expirySeconds: EXPIRY_SECONDS, keepsBins: false });
  return new PrometheusOutput({ hostname: 'server', cumulative, lookup });
}

function readAll(output: PrometheusOutput, format: Format): ParsedFamily[] {
  return parseExposition([...output.page(ACCEPT[format]).chunks].join(''), format);
}

interface PageUnderWay {
  readonly format: Format;
  readonly chunks: Iterator<string | Uint8Array>;
  /** How often each series had ended when it was asked for. */
  readonly ends: readonly number[];
  /** The series that it must show unless they end. */
  readonly wanted: readonly number[];
  text: string;
}

class Bench {
  /** One that is scraped all the time, and one that is scraped at the end. */
  readonly outputs: readonly [PrometheusOutput, PrometheusOutput];
  private readonly contexts: Context[];
  private now = START;
  private pages: PageUnderWay[] = [];
  /** How often the series of each id has ended. */
  private readonly ends = new Array<number>(IDS).fill(0);
  /** The name under which each series was shown, in each format, unless it ended since. */
  private readonly known = { text: new Map<number, string>(), openmetrics: new Map<number, string>() };
  /** What a flush under way has not written yet, and the series that it began. */
  private rest: Aggregate[] | undefined;
  private newcomers = new Set<number>();
  private looked = new Set<number>();

  constructor() {
    this.contexts = Array.from({ length: IDS }, (_, id) => this.contextOf(id, 0));
    const lookup = (id: number) => this.contexts[id];
    this.outputs = [outputOf(lookup), outputOf(lookup)];
  }

  beginFlush(first: number, count: number): void {
    this.endFlush();
    this.now += WIDTH;
    for (const output of this.outputs) {
      output.cumulative.begin(this.now);
      output.begin({ at: this.now, interval: WIDTH, final: false });
    }
    this.rest = Array.from({ length: count }, (_, i) => this.aggregateOf((first + i) % IDS));
    this.write(Math.floor(count / 2));
  }

  endFlush(): void {
    if (this.rest === undefined) return;
    this.write(this.rest.length);
    this.rest = undefined;
    this.newcomers.clear();
    for (const output of this.outputs) {
      output.cumulative.end(this.now);
      output.end({ at: this.now, interval: WIDTH, final: false });
    }
    for (const id of this.outputs[0].cumulative.expired) this.ended(id);
    for (const id of this.looked) if (!this.outputs[0].cumulative.has(id)) this.ended(id);
    this.looked.clear();
  }

  /** Other contexts have these ids from now on. */
  forget(first: number, count: number): void {
    const ids = Array.from({ length: count }, (_, i) => (first + i) % IDS);
    for (const output of this.outputs) {
      output.forget(ids);
      output.cumulative.forget(ids);
    }
    for (const id of ids) {
      this.ended(id);
      this.newcomers.delete(id);
      this.contexts[id] = this.contextOf(id, this.ends[id] as number);
    }
    // What they had to write goes with them.
    this.rest = this.rest?.filter(({ context }) => !ids.includes(context.id));
  }

  look(id: number): void {
    if (this.rest !== undefined || this.contexts[id]?.type !== 'counter') return;
    for (const output of this.outputs)
      output.look({ id, start: this.now, interval: WIDTH, data: { kind: 'counter', sum: 1 } });
    if (!this.outputs[0].cumulative.has(id)) this.looked.add(id);
  }

  check(name: string): void {
    for (const output of this.outputs) output.serviceCheck(checkOf(name), this.now);
  }

  open(format: Format): void {
    const page = this.outputs[0].page(ACCEPT[format]);
    const chunks = page.chunks[Symbol.iterator]();
    const wanted = Array.from(this.ends.keys()).filter(
      (id) => this.outputs[0].cumulative.has(id) && !this.newcomers.has(id),
    );
    this.pages.push({ format, chunks, ends: [...this.ends], wanted, text: '' });
    this.read(this.pages.length - 1, 1);
  }

  read(at: number, chunks: number): void {
    const page = this.pages[at % Math.max(1, this.pages.length)];
    if (page === undefined) return;
    for (let i = 0; i < chunks; i++) {
      const chunk = page.chunks.next();
      if (chunk.done !== true) page.text += chunk.value;
      else {
        this.judge(page);
        this.pages = this.pages.filter((one) => one !== page);
        return;
      }
    }
  }

  giveUp(at: number): void {
    const page = this.pages[at % Math.max(1, this.pages.length)];
    page?.chunks.return?.();
    this.pages = this.pages.filter((one) => one !== page);
  }

  finish(): void {
    while (this.pages.length > 0) this.read(0, 1000);
    this.endFlush();
  }

  private write(count: number): void {
    const part = this.rest?.splice(0, count) ?? [];
    for (const { context } of part)
      if (!this.outputs[0].cumulative.has(context.id) && !this.looked.has(context.id))
        this.newcomers.add(context.id);
    for (const output of this.outputs) for (const added of output.cumulative.parts(part)) output.write(added);
  }

  private ended(id: number): void {
    (this.ends[id] as number)++;
    for (const names of Object.values(this.known)) names.delete(id);
  }

  private judge({ format, text, wanted, ends }: PageUnderWay): void {
    const seen = new Map<number, string>();
    for (const { name, samples } of parseExposition(text, format))
      for (const { labels } of samples)
        if (labels.has('id')) seen.set(Number(labels.get('id')?.split('-')[0]), name);
    for (const id of wanted) if (ends[id] === this.ends[id]) expect(seen.has(id), `series ${id}`).toBe(true);
    for (const [id, name] of seen) {
      if (ends[id] !== this.ends[id]) continue;
      expect(name, `series ${id}`).toBe(this.known[format].get(id) ?? name);
      this.known[format].set(id, name);
    }
  }

  private contextOf(id: number, life: number): Context {
    const name = id % 2 === 0 ? (CONTESTED[(id / 2) % CONTESTED.length] as string) : `n.${id}.${life}`;
    const type = TYPES[(id + life) % TYPES.length] as (typeof TYPES)[number];
    return { id, name, type, host: 'server', tags: [`id:${id}-${life}`] };
  }

  private aggregateOf(id: number): Aggregate {
    const context = this.contexts[id] as Context;
    const value = 1 + ((id + this.now) % 7);
    const data: AggregateData =
      context.type === 'counter'
        ? { kind: 'counter', sum: value }
        : context.type === 'gauge'
          ? { kind: 'gauge', value }
          : { kind: 'distribution', sketch: sketchOf([value]) };
    return aggregate(context, data, this.now - WIDTH);
  }
}

const action = (name: string, ...fields: readonly [number, number]) =>
  fc.record({ do: fc.constant(name), a: fc.nat(fields[0]), b: fc.nat(fields[1]) });
const step = fc.oneof(
  { weight: 3, arbitrary: action('begin', IDS - 1, IDS) },
  { weight: 2, arbitrary: action('end', 0, 0) },
  { weight: 1, arbitrary: action('forget', IDS - 1, 150) },
  { weight: 1, arbitrary: action('look', IDS - 1, 0) },
  { weight: 1, arbitrary: action('check', CONTESTED.length - 1, 0) },
  { weight: 4, arbitrary: action('open', 1, 0) },
  { weight: 8, arbitrary: action('read', 3, 12) },
  { weight: 1, arbitrary: action('give up', 3, 0) },
);

it('pages are valid, show every series that lives, keep names, and agree in the end with one that nobody read before', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), (steps) => {
      const bench = new Bench();
      for (const { do: what, a, b } of steps) {
        if (what === 'begin') bench.beginFlush(a, b);
        else if (what === 'end') bench.endFlush();
        else if (what === 'forget') bench.forget(a, b);
        else if (what === 'look') bench.look(a);
        else if (what === 'check') bench.check(CONTESTED[a] as string);
        else if (what === 'open') bench.open(FORMATS[a] as Format);
        else if (what === 'read') bench.read(a, b);
        else bench.giveUp(a);
      }
      bench.finish();
      for (const format of FORMATS) {
        const [scraped, quiet] = bench.outputs.map((output) => readAll(output, format));
        expect(withoutNames(scraped as ParsedFamily[])).toEqual(withoutNames(quiet as ParsedFamily[]));
        for (const name of ['whippet_prometheus_series', 'whippet_prometheus_series_expired_total'])
          expect(sampleOf(scraped as ParsedFamily[], name)).toBe(sampleOf(quiet as ParsedFamily[], name));
      }
    }),
    { numRuns: 40 },
  );
});

/** What a page says, without the names that families got: those of conflicts depend on who was shown first. */
function withoutNames(families: readonly ParsedFamily[]): string[] {
  return families
    .filter(({ name }) => !name.startsWith('whippet_'))
    .map(({ name, type, help, samples }) => {
      const lines = samples.map(
        (one: ParsedSample) =>
          `${one.name.slice(name.length)} ${JSON.stringify([...one.labels])} ${one.value}`,
      );
      // A family of `a.b` and `a_b` was sent as either.
      return [`${help?.replaceAll('.', '_')} ${type}`, ...lines.sort()].join('\n');
    })
    .sort();
}
