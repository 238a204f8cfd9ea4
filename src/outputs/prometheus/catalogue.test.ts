import { beforeEach, expect, test } from 'vitest';
import { aggregate, Contexts } from '../../../test/support/decode/aggregates.ts';
import {
  type ParsedFamily,
  parseExposition,
  sampleOf,
} from '../../../test/support/decode/exposition-parser.ts';
import type { Aggregate } from '../../model/series.ts';
import { CumulativeTable } from '../cumulative/cumulative-table.ts';
import { PrometheusOutput } from './prometheus-output.ts';

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0';
const START = 1_700_000_000;

let contexts: Contexts;
let to: PrometheusOutput;
/** Ids that were looked up. */
let asked: number[];

beforeEach(() => {
  contexts = new Contexts();
  asked = [];
  to = new PrometheusOutput({
    hostname: 'server',
    cumulative: new CumulativeTable({ expirySeconds: 300, keepsBins: false }),
    lookup: (id) => {
      asked.push(id);
      return contexts.lookup(id);
    },
  });
});

function beginFlush(at: number): void {
  to.cumulative.begin(at);
  to.begin({ at, interval: 10, final: false });
}

function write(aggregates: Aggregate[]): void {
  for (const part of to.cumulative.parts(aggregates)) to.write(part);
}

function endFlush(at: number): void {
  to.cumulative.end(at);
  to.end({ at, interval: 10, final: false });
}

function flush(aggregates: Aggregate[], at = START): void {
  beginFlush(at);
  write(aggregates);
  endFlush(at);
}

type Chunks = Iterator<string | Uint8Array>;

/** What is left of a page that has been begun. */
function restOf(chunks: Chunks): string {
  let rest = '';
  for (let next = chunks.next(); next.done !== true; next = chunks.next()) rest += next.value;
  return rest;
}

function text(): string {
  return [...to.page(undefined).chunks].join('');
}

function page(): ParsedFamily[] {
  return parseExposition(text(), 'text');
}

const counterOf = (name: string, sum: number) =>
  aggregate(contexts.create(name, 'counter'), { kind: 'counter', sum });
const gaugeOf = (name: string, value: number, tags: string[] = []) =>
  aggregate(contexts.create(name, 'gauge', tags), { kind: 'gauge', value });
const many = (count: number, name: string) =>
  Array.from({ length: count }, (_, i) => gaugeOf(`${name}.${i}`, i));
const seriesOf = () =>
  to.ownMetrics().find(({ name }) => name === 'whippet_prometheus_series')?.samples[0]?.value;

test('a flush looks at no name and no label, and series are counted', () => {
  flush([...many(10, 'a'), counterOf('a', 1)], START);
  flush([gaugeOf('b', 1)], START + 10);
  expect(asked).toEqual([]);
  expect(seriesOf()).toBe(12);
  text();
  expect(new Set(asked).size).toBe(12);
});

test('what has gone by then is neither looked up nor shown, and counts as expired', () => {
  const [gone, kept] = [gaugeOf('gone', 1), gaugeOf('kept', 2)];
  flush([gone, kept], START);
  to.forget([gone.context.id]);
  to.cumulative.forget([gone.context.id]);
  flush([kept], START + 310);
  const families = page();
  expect(asked).not.toContain(gone.context.id);
  expect(families.map(({ name }) => name).filter((name) => !name.startsWith('whippet'))).toEqual(['kept']);
  expect(sampleOf(families, 'whippet_prometheus_series_expired_total')).toBe(1);
});

test('newcomers of a flush under way wait for its end; what was there, and what a look began, is shown', () => {
  const [old, looked] = [counterOf('old', 1), counterOf('looked', 1)];
  flush([old], START);
  to.look({ id: looked.context.id, start: START, interval: 10, data: { kind: 'counter', sum: 5 } });
  beginFlush(START + 10);
  write([old, gaugeOf('load', 1)]);
  const shown = () => ['old', 'looked', 'load', 'load_gauge'].filter((name) => text().includes(`\n${name} `));
  expect(shown()).toEqual(['old', 'looked']);
  expect(sampleOf(page(), 'old')).toBe(2);
  write([counterOf('load', 2), looked]);
  endFlush(START + 10);
  expect(shown()).toEqual(['old', 'looked', 'load', 'load_gauge']);
  expect([sampleOf(page(), 'load'), sampleOf(page(), 'load_gauge')]).toEqual([2, 1]);
});

test('the work is done in short turns, by all pages together, also when one of them is given up', () => {
  flush(many(2000, 'a'), START);
  const pages = [undefined, OPENMETRICS, undefined].map((accept) =>
    to.page(accept).chunks[Symbol.iterator](),
  );
  let longest = 0;
  for (let turn = 0; turn < 10; turn++)
    for (const one of pages) {
      const before = asked.length;
      expect(one.next().value).toBe('');
      longest = Math.max(longest, asked.length - before);
    }
  expect(longest).toBeLessThanOrEqual(256);
  expect(asked).toHaveLength(2000);
  pages[0]?.return?.();
  const [, second, third] = pages as [Chunks, Chunks, Chunks];
  const shown = [
    ...parseExposition(restOf(second), 'openmetrics'),
    ...parseExposition(restOf(third), 'text'),
  ].filter(({ name }) => name.startsWith('a_'));
  expect(shown).toHaveLength(2 * 2000);
  // Named and counted once.
  expect(asked).toHaveLength(3 * 2000);
});

test('a page that is asked for while names of an earlier one are settled shows what has come since', () => {
  flush([...many(600, 'a'), gaugeOf('load', 1)], START);
  const first = to.page(undefined).chunks[Symbol.iterator]();
  first.next();
  flush([...many(600, 'b'), counterOf('load', 2)], START + 10);
  const second = text();
  const rest = restOf(first);
  const names = (one: string) => parseExposition(one, 'text').map(({ name }) => name);
  expect(names(rest).filter((name) => name.startsWith('a_'))).toHaveLength(600);
  expect(rest).toContain('\nload 1\n');
  expect(rest).not.toContain('load_counter');
  expect(names(second).filter((name) => /^[ab]_/.test(name))).toHaveLength(1200);
  // The first page had the gauge named before the counter came.
  expect(second).toContain('\nload 1\n');
  expect(second).toContain('\nload_counter 2\n');
});

test('adjustments count once, on the page that first shows the series', () => {
  flush([gaugeOf('a', 1, ['le:x', 'beta'])], START);
  const counted = (reason: string) =>
    sampleOf(page(), 'whippet_prometheus_series_adjusted_total', { reason });
  expect(counted('reserved_label')).toBe(1);
  expect(counted('valueless_tag')).toBe(1);
});

test('a metric that goes on in other series keeps its name, however long nobody asks', () => {
  const conflicts = () =>
    sampleOf(page(), 'whippet_prometheus_series_adjusted_total', { reason: 'type_conflict' }) ?? 0;
  flush([gaugeOf('load', 1, ['pod:a'])], START);
  expect(text()).toContain('load{pod="a"} 1');
  for (let cycle = 1; cycle < 4; cycle++) {
    const at = START + 310 * cycle;
    flush([counterOf('load', 1), gaugeOf('load', cycle, [`pod:${cycle}`])], at);
    expect(text()).toContain(`\nload{pod="${cycle}"} ${cycle}\n`);
    expect(conflicts()).toBe(1);
  }
});

test('a metric that ends leaves nothing, though others wait', () => {
  flush([gaugeOf('gone', 1)], START);
  expect(text()).toContain('gone 1');
  flush([counterOf('gone', 5), gaugeOf('other', 1)], START + 310);
  const families = page().filter(({ name }) => !name.startsWith('whippet'));
  expect(families.map(({ name, type }) => [name, type])).toEqual([
    ['gone', 'counter'],
    ['other', 'gauge'],
  ]);
});
