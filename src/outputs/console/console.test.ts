import { beforeEach, describe, expect, test } from 'vitest';
import {
  aggregate,
  Contexts,
  checkOf,
  eventOf,
  histogramOf,
  sketchOf,
} from '../../../test/support/decode/aggregates.ts';
import { widthOf } from '../../lib/text/terminal-text.ts';
import type { Aggregate } from '../../model/series.ts';
import { type ConsoleOptions, ConsoleOutput, clockTime } from './console.ts';

const START = 1_700_000_000;
let written: string;
let lines: string[];
let contexts: Contexts;

beforeEach(() => {
  written = '';
  lines = [];
  contexts = new Contexts();
});

function create(isTTY: boolean, options: Partial<ConsoleOptions> = {}, columns = 100): ConsoleOutput {
  return new ConsoleOutput({
    stream: { write: (text: string) => (written += text), isTTY, columns },
    writeLine: (line) => lines.push(line),
    env: { NO_COLOR: '1' },
    ...options,
  });
}

function flush(output: ConsoleOutput, aggregates: Aggregate[], at = START + 10): void {
  output.begin();
  output.write(aggregates);
  output.end({ at, interval: 10, final: false });
}

const counterOf = (name: string, sum: number, tags: string[] = []) =>
  aggregate(contexts.create(name, 'counter', tags), { kind: 'counter', sum });

describe('on a terminal', () => {
  test('a flush is a heading and a table, the busiest first', () => {
    flush(create(true), [
      aggregate(contexts.create('users', 'set'), { kind: 'set', distinct: 3 }),
      counterOf('page.views', 12, ['env:prod']),
      counterOf('page.views', 5, ['env:dev']),
      aggregate(contexts.create('load', 'gauge'), { kind: 'gauge', value: 0.934567 }),
      aggregate(contexts.create('db.time', 'histogram'), {
        kind: 'histogram',
        histogram: histogramOf([1, 2, 6]),
      }),
    ]);
    expect(written.split('\n')).toEqual([
      '',
      `${clockTime(START)} to ${clockTime(START + 10)}  5 contexts, 8 series`,
      ' rate/s  val/p50     p95     p99     max  ty metric  tags',
      '    1.2       12                          c  page.views  env:prod',
      '    0.5        5                          c  page.views  env:dev',
      '    0.3        2       6       6       6  h  db.time',
      '        0.934567                          g  load',
      '                3                          s  users'.slice(1),
      '',
    ]);
  });

  test('equal rates are in natural order of their names', () => {
    flush(
      create(true),
      ['a10', 'a2', 'b1', 'a1'].map((name) => counterOf(name, 1)),
    );
    expect(written.match(/[ab]\d+$/gm)).toEqual(['a1', 'a2', 'a10', 'b1']);
  });

  test('a distribution shows its percentiles and maximum', () => {
    flush(create(true), [
      aggregate(contexts.create('d', 'distribution'), { kind: 'distribution', sketch: sketchOf([5, 5]) }),
    ]);
    expect(written).toContain('    0.2     5.02    5.02    5.02       5  d  d\n');
  });

  test('percentiles are visible and no line is wider at any width from 45 to 200', () => {
    for (let columns = 45; columns <= 200; columns++) {
      written = '';
      const output = create(true, { seeAll: 'whippet top '.repeat(20), maxRows: 3 }, columns);
      flush(output, [
        counterOf(
          'a.rather.long.metric.name',
          1,
          Array.from({ length: 30 }, (_, i) => `tag${i}:value`),
        ),
        counterOf('b', 1, ['city:\xe6\x9d\xb1\xe4\xba\xac'.repeat(40)]),
        aggregate(contexts.create('latency', 'distribution'), {
          kind: 'distribution',
          sketch: sketchOf([11, 500, 500, 500]),
        }),
        counterOf('one.more.than.is.shown', 0.1),
      ]);
      flush(output, [counterOf('idle', 0)]);
      output.event(eventOf('deployed '.repeat(40)), START);
      output.serviceCheck(checkOf('database '.repeat(40)), START);
      for (let i = 0; i < 30; i++) output.event(eventOf('again'), START);
      flush(output, []);
      for (const line of written.split('\n')) expect(widthOf(line)).toBeLessThan(columns);
      expect(written).toMatch(/501 +501/);
      expect(written).toContain('latency');
    }
  });

  test.each([45, 80, 120, 200])('looks as it should at %i columns', async (columns) => {
    process.env.TZ = 'UTC';
    flush(create(true, { samples: () => 124_350, maxRows: 6, seeAll: 'whippet top' }, columns), [
      counterOf('http.requests', 4120, ['env:prod', 'path:/cart', 'status:200']),
      counterOf('http.requests', 961, ['env:prod', 'path:/pay', 'status:302']),
      aggregate(contexts.create('http.request.duration', 'distribution', ['env:prod', 'path:/cart']), {
        kind: 'distribution',
        sketch: sketchOf(Array.from({ length: 4110 }, (_, i) => 5 + (i % 200))),
      }),
      aggregate(contexts.create('node.gc.pause', 'histogram', ['pid:411']), {
        kind: 'histogram',
        histogram: histogramOf(Array.from({ length: 44 }, (_, i) => 1 + i / 2)),
      }),
      aggregate(contexts.create('queue.depth', 'gauge', ['queue:mail']), { kind: 'gauge', value: 1482 }),
      aggregate(contexts.create('users.active', 'set', ['env:prod']), { kind: 'set', distinct: 18_204 }),
      counterOf('page.views', 3, ['env:dev']),
      counterOf('idle', 0),
    ]);
    await expect(written).toMatchFileSnapshot(`../../../test/golden/table-${columns}.txt`);
  });

  test('rows are bounded, the busiest are shown and the rest is counted', () => {
    const many = Array.from({ length: 500 }, (_, i) => counterOf(`m.${(i * 7) % 500}`, ((i * 7) % 500) + 1));
    flush(create(true, { maxRows: 3, seeAll: 'whippet top' }), many);
    expect(written.match(/m\.\d+/gm)).toEqual(['m.499', 'm.498', 'm.497']);
    expect(written).toContain('        497 more: whippet top\n');
  });

  test('a table fits one screen', () => {
    const many = Array.from({ length: 100 }, (_, i) => counterOf(`m.${i}`, 1));
    const stream = { write: (text: string) => (written += text), isTTY: true, columns: 80, rows: 24 };
    flush(create(true, { stream }), many);
    expect(written.trimEnd().split('\n')).toHaveLength(24);
  });

  test('idle counters are counted, not shown', () => {
    flush(create(true), [counterOf('busy', 1), counterOf('idle', 0), counterOf('idler', 0)]);
    expect(written).toContain('1 context, 1 series, 2 idle counters');
    expect(written).not.toMatch(/^idle/m);
  });

  test('silence is mentioned once, and again after traffic', () => {
    const output = create(true);
    flush(output, []);
    flush(output, [counterOf('idle', 0)]);
    flush(output, []);
    expect(written).toBe(`${clockTime(START + 10)}  no new metrics; waiting\n`);
    flush(output, [counterOf('busy', 1)]);
    written = '';
    flush(output, [counterOf('idle', 0)]);
    expect(written).toContain('no new metrics; 1 counter idle; waiting');
  });

  test('samples are shown per flush when they are known', () => {
    let samples = 7;
    const output = create(true, { samples: () => samples });
    flush(output, [counterOf('a', 1)]);
    samples = 8;
    flush(output, [counterOf('a', 1)]);
    expect(written).toContain('  7 samples, 1 context');
    expect(written).toContain('  1 sample, 1 context');
  });

  test('text from the network cannot drive the terminal', () => {
    const output = create(true);
    flush(output, [counterOf('a\x1b[2J\n', 1, ['t:\x9b31m\r\xe2\x80\xae'])]);
    output.event(eventOf('\x1b]0;title\x07', { text: 'x\ny' }), START);
    output.serviceCheck(checkOf('c\x08', { message: '\x1b[1m' }), START);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
    expect(written).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(written).toContain('a\\x1b[2J\\n');
  });

  test('colour follows NO_COLOR and FORCE_COLOR', () => {
    const coloured = (env: Record<string, string>) => {
      written = '';
      flush(create(true, { env }), [counterOf('a', 1)]);
      return written.includes('\x1b[');
    };
    expect(coloured({})).toBe(true);
    expect(coloured({ NO_COLOR: '1' })).toBe(false);
    expect(coloured({ NO_COLOR: '' })).toBe(true);
    expect(coloured({ TERM: 'dumb' })).toBe(false);
    expect(coloured({ NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(true);
    expect(coloured({ FORCE_COLOR: '0' })).toBe(false);
  });
});

describe('elsewhere', () => {
  test('a flush is one line, idle or not', () => {
    const output = create(false, { samples: () => 9 });
    flush(output, [counterOf('a', 1), counterOf('idle', 0)]);
    flush(output, []);
    expect(lines).toEqual([
      `flush ${clockTime(START + 10)} contexts=2 series=2 samples=9 idle=1`,
      `flush ${clockTime(START + 10)} contexts=0 series=0 samples=0`,
    ]);
    expect(written).toBe('');
  });
});

describe('events and checks', () => {
  test('each is one line', () => {
    const output = create(false);
    output.event(eventOf('deploy', { text: 'v2', alertType: 'error', tags: ['env:prod'] }), START);
    output.serviceCheck(checkOf('db.up', { status: 2, message: 'refused' }), START);
    expect(lines).toEqual([
      `event ${clockTime(START)} error deploy: v2  env:prod`,
      `check ${clockTime(START)} CRITICAL db.up: refused`,
    ]);
  });

  test('twenty are shown between flushes, the rest is counted', async () => {
    const output = create(true);
    for (let i = 0; i < 25; i++) output.event(eventOf(`event ${i}`), START);
    expect(written.split('\n')).toHaveLength(21);
    flush(output, []);
    expect(written).toContain('… and 5 more events and checks');
    for (let i = 0; i < 22; i++) output.serviceCheck(checkOf('c'), START);
    await output.close();
    expect(written).toContain('… and 2 more events and checks');
  });
});
