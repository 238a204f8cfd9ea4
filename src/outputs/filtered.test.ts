import { describe, expect, it } from 'vitest';
import {
  aggregate,
  Contexts,
  checkOf,
  eventOf,
  histogramOf,
  sketchOf,
} from '../../test/support/decode/aggregates.ts';
import type { Context } from '../model/context.ts';
import type { Aggregate } from '../model/series.ts';
import { allOf } from '../telemetry/ledger/ledger.ts';
import { CumulativeTable } from './cumulative/cumulative-table.ts';
import { filtered, type OutputFilter, unfiltered } from './filtered.ts';
import type { Output } from './output.ts';

const gauge = (context: Context): Aggregate => aggregate(context, { kind: 'gauge', value: 1 });

/** An output that notes what it gets. */
function notes(more: Partial<Output> = {}) {
  const got: string[] = [];
  const output: Output = {
    name: 'notes',
    retentionSeconds: 7,
    begin: () => void got.push('begin'),
    write: (batch) => void got.push(...batch.map(({ context }) => context.name)),
    end: () => void got.push('end'),
    event: ({ title }) => void got.push(`event ${title}`),
    serviceCheck: ({ name }) => void got.push(`check ${name}`),
    forget: (ids) => void got.push(`forget ${ids.join()}`),
    close: async () => ({ undelivered: 0 }),
    ...more,
  };
  return { got, output };
}

function passed(
  filter: Partial<OutputFilter>,
  contexts: readonly (readonly [name: string, ...tags: string[]])[],
) {
  const { got, output } = notes();
  const made = new Contexts();
  const batch = contexts.map(([name, ...tags]) => gauge(made.create(name, 'gauge', tags)));
  filtered(output, { match: [], tags: [], ...filter }).write(batch);
  return got;
}

it('a filter of names of series leaves those of them that are named, and counts the rest', () => {
  const made = new Contexts();
  const seen: string[] = [];
  const { output } = notes({
    write: (batch) =>
      void seen.push(
        ...batch.flatMap(({ context, series }) => series.map(({ suffix }) => context.name + suffix)),
      ),
  });
  const histogram = histogramOf([1, 2]);
  const some = filtered(output, { match: [], tags: [], series: new Set(['t.max', 't.avg', 'd']) });
  some.write([
    aggregate(made.create('t', 'histogram'), { kind: 'histogram', histogram }),
    aggregate(made.create('u', 'histogram'), { kind: 'histogram', histogram }),
    aggregate(made.create('d', 'distribution'), { kind: 'distribution', sketch: sketchOf([1]) }),
    gauge(made.create('t', 'gauge')),
  ]);
  some.event?.(eventOf('deploy'), 1);
  expect(seen).toEqual(['t.max', 't.avg', 'd']);
  expect(some.outcomes?.()).toMatchObject({ accepted: { written: 3 }, filtered: { route: 2 } });
});

describe('a filter', () => {
  it('without patterns is no filter', () => {
    const { output } = notes();
    expect(filtered(output, { match: [], tags: [] })).toBe(output);
    expect(unfiltered(output)).toBe(output);
  });

  it.each<[Partial<OutputFilter>, string[]]>([
    [{ match: ['web.*'] }, ['web.a', 'web.b']],
    [{ match: ['web.a', 'db'] }, ['web.a', 'db']],
    [{ match: ['*a'] }, ['web.a']],
    [{ match: ['nothing'] }, []],
    [{ match: ['WEB.*'] }, []],
    [{ tags: ['env:prod'] }, ['web.a', 'db']],
    [{ tags: ['env:*'] }, ['web.a', 'web.b', 'db']],
    [{ tags: ['env:prod', 'team:x'] }, ['db']],
    [{ match: ['web.*'], tags: ['env:prod'] }, ['web.a']],
  ])('%j lets through %j', (filter, want) => {
    expect(
      passed(filter, [['web.a', 'env:prod'], ['web.b', 'env:dev'], ['db', 'env:prod', 'team:x'], ['dbx']]),
    ).toEqual(want);
  });

  it('finds out again who passes when an id names another context', () => {
    const { got, output } = notes();
    const some = filtered(output, { match: ['a'], tags: [] });
    const context: Context = { id: 3, name: 'a', type: 'gauge', host: '', tags: [] };
    some.write([gauge(context)]);
    some.forget?.([3, 900]);
    some.write([gauge({ ...context, name: 'b' })]);
    some.write([gauge(context)]);
    expect(got).toEqual(['a', 'forget 3,900']);
  });

  it('selects events by tag and checks by name and tag', () => {
    const { got, output } = notes();
    const some = filtered(output, { match: ['db.*'], tags: ['env:prod'] });
    some.event?.(eventOf('yes', { tags: ['env:prod'] }), 1);
    some.event?.(eventOf('no', { tags: ['env:dev'] }), 1);
    some.serviceCheck?.(checkOf('db.up', { tags: ['env:prod'] }), 1);
    some.serviceCheck?.(checkOf('web.up', { tags: ['env:prod'] }), 1);
    some.serviceCheck?.(checkOf('db.up'), 1);
    expect(got).toEqual(['event yes', 'check db.up']);
  });

  it('counts what it leaves out, and the totals add up', () => {
    const { output } = notes();
    const made = new Contexts();
    const some = filtered(output, { match: ['a'], tags: [] });
    some.write(['a', 'b', 'c'].map((name) => gauge(made.create(name, 'gauge'))));
    some.serviceCheck?.(checkOf('b'), 1);
    const known = some.outcomes?.();
    expect(known?.filtered).toEqual({ route: 3 });
    expect(known && allOf(known)).toBe(4);
  });

  it('keeps the outcomes of the output', () => {
    const inner = {
      accepted: { written: 1 },
      rejected: { bad: 2 },
      filtered: { event: 3 },
      dropped: {},
      held: {},
    };
    const { output } = notes({ outcomes: () => inner });
    const some = filtered(output, { match: ['x'], tags: [] });
    some.write([gauge(new Contexts().create('a', 'gauge'))]);
    expect(some.outcomes?.()).toEqual({ ...inner, filtered: { event: 3, route: 1 } });
  });

  it('gives nothing at all where nothing passes, and passes everything else on', async () => {
    const cumulative = new CumulativeTable({ expirySeconds: 1, keepsBins: false });
    const { got, output } = notes({
      cumulative,
      isBusy: () => true,
      metrics: () => [],
      totals: () => [],
      status: () => [{ a: 1 }],
      health: () => ({ healthy: false, detail: 'ill' }),
    });
    const some = filtered(output, { match: ['x'], tags: [] });
    const flush = { at: 1, interval: 10, final: false };
    some.begin?.(flush);
    some.write([gauge(new Contexts().create('a', 'gauge'))]);
    some.end?.(flush);
    expect(got).toEqual(['begin', 'end']);
    expect([some.name, some.retentionSeconds, some.cumulative, some.isBusy?.()]).toEqual([
      'notes',
      7,
      cumulative,
      true,
    ]);
    expect([some.status?.(), some.health?.(), some.metrics?.(), some.totals?.()]).toEqual([
      [{ a: 1 }],
      { healthy: false, detail: 'ill' },
      [],
      [],
    ]);
    expect(await some.close(0)).toEqual({ undelivered: 0 });
    expect(unfiltered(some)).toBe(output);
  });

  it('has no event or check where the output has none', () => {
    const { event, serviceCheck, ...without } = notes().output;
    const some = filtered(without, { match: ['x'], tags: [] });
    expect([some.event, some.serviceCheck]).toEqual([undefined, undefined]);
    expect(some.health?.()).toEqual({ healthy: true });
    expect([some.isBusy?.(), some.totals?.(), some.status?.(), some.metrics?.()]).toEqual([
      false,
      [],
      [],
      [],
    ]);
    void [event, serviceCheck];
  });
});
