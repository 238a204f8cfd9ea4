/** Global aggregation as a server has it: roles, levels, what it shows and what it says when something is wrong. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  counterContext,
  flush,
  GlobalWorld,
  lastBucket,
  totalOf,
  until,
  WORLD_WIDTH,
  type WorldServer,
} from '../../../test/support/global-world.ts';
import { decodeRecord, encodeChunkRecord } from '../../global/log/log-record.ts';
import { totalOf as sumOf, type Totals } from '../../telemetry/ledger/ledger.ts';

let world: GlobalWorld;
let folder: string;
beforeEach(() => {
  world = new GlobalWorld();
  folder = mkdtempSync(join(tmpdir(), 'whippet-global-part-'));
});
afterEach(async () => {
  await world.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Every entry of the ledger of a server adds up. */
function checkTotals({ part }: WorldServer): void {
  for (const one of part.totals()) {
    const { accepted, rejected, filtered, dropped, held } = one;
    const sum = [accepted, rejected, filtered, dropped, held].reduce((all, each) => all + sumOf(each), 0);
    expect({ ...one, sum }).toMatchObject({ sum: one.received });
  }
}

interface View {
  readonly problem: string | null;
  readonly edge: { readonly sealedPartials: number; readonly acknowledgedPartials: number } | null;
  readonly levels: readonly {
    readonly level: number;
    readonly totals: { readonly merged: number; readonly lateChunks: number };
    readonly partitions: readonly Readonly<Record<string, unknown>>[];
    readonly edges: {
      readonly count: number;
      readonly skewed: number;
      readonly missing: number;
      readonly list: readonly Readonly<Record<string, unknown>>[];
    };
  }[];
}
const viewOf = ({ part }: WorldServer): View => part.view() as View;

describe('a fleet', () => {
  it.each([1, 2])('with %i level(s) merges what its edges count, and both ledgers add up', async (levels) => {
    const edges = [await world.start({ role: 'edge', levels }), await world.start({ role: 'edge', levels })];
    const owner = await world.start({ role: 'global', levels });
    for (const [i, edge] of edges.entries())
      flush(
        edge,
        Array.from({ length: 20 }, (_, id) => [
          counterContext(id, `m${id}`, ['env:prod']),
          { kind: 'counter', sum: id + i },
        ]),
      );
    const ids = Array.from({ length: 20 }, (_, id) => id);
    await until('all results', () => ids.every((id) => totalOf(owner, `m${id}`) === 2 * id + 1));
    for (const { context } of owner.aggregates)
      expect(context).toMatchObject({ host: '', tags: ['env:prod'] });
    await until('everything is acknowledged', () =>
      edges.every((edge) => viewOf(edge).edge?.acknowledgedPartials === 20),
    );
    for (const server of [...edges, owner]) checkTotals(server);
    const view = viewOf(owner);
    expect(view.levels.map(({ level }) => level)).toEqual(levels === 1 ? [0] : [1, 2]);
    for (const { partitions } of view.levels) expect(partitions).toHaveLength(4);
    expect(view.levels[0]?.edges).toMatchObject({ count: 2, skewed: 0 });
    expect(owner.part.health().map(({ healthy }) => healthy)).toEqual([true, true]);
  });

  it('is one server with the role both', async () => {
    const both = await world.start({ role: 'both' });
    flush(both, [[counterContext(0, 'm'), { kind: 'counter', sum: 5 }]]);
    await until('the result', () => totalOf(both, 'm') === 5);
    checkTotals(both);
    expect(viewOf(both).edge).toMatchObject({ sealedPartials: 1 });
  });

  it('has gauges, sets, histograms and distributions', async () => {
    const both = await world.start({ role: 'both' });
    const moments = { count: 2, sum: 3, min: 1, max: 2, weightedSum: 3 };
    const none = { keys: [], weights: [] };
    flush(both, [
      [
        { ...counterContext(0, 'g'), type: 'gauge' },
        { kind: 'gauge', value: 7, at: 1 },
      ],
      [
        { ...counterContext(1, 's'), type: 'set' },
        { kind: 'set', elements: [1, 2, 2, 3] },
      ],
      [
        { ...counterContext(2, 'h'), type: 'histogram' },
        { kind: 'histogram', moments, values: { keys: [1, 2], weights: [1, 1] }, bins: none },
      ],
      [
        { ...counterContext(3, 'd'), type: 'distribution' },
        { kind: 'distribution', moments, bins: { keys: [1338, 1383], weights: [1, 1] } },
      ],
    ]);
    await until('all results', () => both.aggregates.length === 4);
    const data = Object.fromEntries(both.aggregates.map((one) => [one.context.name, one.data]));
    expect(data.g).toEqual({ kind: 'gauge', value: 7 });
    expect(data.s).toEqual({ kind: 'set', distinct: 3 });
    expect(data.h).toMatchObject({ kind: 'histogram' });
    expect(data.d).toMatchObject({ kind: 'distribution' });
    const histogram = both.aggregates.find(({ context }) => context.name === 'h');
    expect(histogram?.series.find(({ suffix }) => suffix === '.max')?.value).toBe(2);
  });

  it('does not hand on what is no longer current, until it is', async () => {
    const both = await world.start({ role: 'both' });
    both.isCurrentBroken = true;
    flush(both, [[counterContext(0, 'm'), { kind: 'counter', sum: 5 }]]);
    await until(
      'the bucket is closed',
      () => viewOf(both).levels[0]?.partitions.some(({ ordinal }) => ordinal === 1) === true,
    );
    expect(both.aggregates).toEqual([]);
    both.isCurrentBroken = false;
    await until('the result', () => totalOf(both, 'm') === 5);
  });

  it('says a set is delivered only when the outputs have finished it', async () => {
    const both = await world.start({ role: 'both', partitions: 1 });
    const output = (held: number): Totals => ({
      ...{ stage: 'output', name: 'o', unit: 'records', received: 1 },
      ...{ accepted: {}, rejected: {}, filtered: {}, dropped: {}, held: { queue: held } },
    });
    both.outputTotals = [output(1)];
    flush(both, [[counterContext(0, 'm'), { kind: 'counter', sum: 5 }]]);
    await until('the result', () => totalOf(both, 'm') === 5);
    const isSaid = (): boolean =>
      world
        .clusterOf('whippet')
        .recordsOf('merged', 0)
        .some(({ bytes }) => decodeRecord(bytes)?.kind === 'delivered');
    expect(viewOf(both).levels[0]?.partitions[0]).toMatchObject({ openResults: 1, deliveredThrough: 0 });
    expect(isSaid()).toBe(false);
    both.outputTotals = [output(0)];
    await until('it is said', isSaid);
    await until('nothing is open', () => viewOf(both).levels[0]?.partitions[0]?.openResults === 0);
    expect(viewOf(both).levels[0]?.partitions[0]).toMatchObject({ deliveredThrough: 1, delivered: 1 });
  });
});

describe('what a server shows', () => {
  it('has every figure of a partition and of an edge, and metrics by level, partition and edge', async () => {
    const both = await world.start({ role: 'both', partitions: 1 });
    flush(both, [[counterContext(0, 'm'), { kind: 'counter', sum: 5 }]]);
    await until('the result', () => totalOf(both, 'm') === 5);
    const [level] = viewOf(both).levels;
    expect(Object.keys(level?.partitions[0] ?? {})).toEqual([
      ...['partition', 'lagSeconds', 'recordsBehind', 'position', 'replayFrom', 'ordinal', 'closedThrough'],
      ...['closeDelaySeconds', 'openBuckets', 'contexts', 'edges', 'missingEdges', 'lateChunks'],
      ...['repeatedChunks', 'delivered', 'deliveredThrough', 'openResults', 'openResultBytes', 'foreignSets'],
      ...['isPaused', 'failures', 'problem', 'overflow'],
    ]);
    expect(level?.partitions[0]).toMatchObject({
      partition: 0,
      ordinal: 1,
      closedThrough: lastBucketOf(both) + WORLD_WIDTH,
      position: 2,
      replayFrom: 2,
      contexts: 1,
      edges: 1,
      missingEdges: 0,
    });
    expect(level?.edges.list).toMatchObject([
      { edge: Buffer.from(both.part.edge?.identity.id ?? '', 'latin1').toString('hex'), isSilent: false },
    ]);
    const names = new Set(both.part.metrics().map(({ name }) => name));
    for (const name of [
      'lag_seconds',
      'missing_edges',
      'edge_skew_seconds',
      'edge_silent_seconds',
      'partials_per_second',
    ])
      expect(names).toContain(`whippet_global_${name}`);
  });

  it('names an edge whose clock is off in its view, metrics and health, and stays healthy', async () => {
    const owner = await world.start({ role: 'global', partitions: 1 });
    await sendAhead(25);
    await until('it is read', () => viewOf(owner).levels[0]?.edges.skewed === 1);
    const [row] = viewOf(owner).levels[0]?.edges.list ?? [];
    expect(row).toMatchObject({ isSkewed: true });
    expect(Number(row?.skewSeconds)).toBeCloseTo(-25, 0);
    const metric = owner.part.metrics().find(({ name }) => name === 'whippet_global_edge_skew_seconds');
    expect(metric?.samples).toMatchObject([{ labels: { level: '0', edge: row?.edge } }]);
    const [global, edges] = owner.part.health();
    expect(global).toEqual({ name: 'global', healthy: true });
    expect(edges).toMatchObject({ name: 'global edges', healthy: false, optional: true });
    expect(edges?.detail).toMatch(/^1 edge with a wrong clock: [0-9a-f]{32} 2[45]\.\d s ahead$/);
  });

  it('counts edges that were there before and are missing from the bucket that closed', async () => {
    const edges = [
      await world.start({ role: 'edge', partitions: 1 }),
      await world.start({ role: 'edge', partitions: 1 }),
    ];
    const { start, widthSeconds } = lastBucket();
    const counter = [counterContext(0, 'm'), { kind: 'counter', sum: 1 }] as const;
    for (const edge of edges) flush(edge, [counter], { start: start - widthSeconds, widthSeconds });
    flush(edges[0] as WorldServer, [counter], { start, widthSeconds });
    await until('all are acknowledged', () =>
      edges.every((edge) => viewOf(edge).edge?.acknowledgedPartials === viewOf(edge).edge?.sealedPartials),
    );
    const owner = await world.start({ role: 'global', partitions: 1 });
    await until('both are closed', () => totalOf(owner, 'm') === 3);
    expect(viewOf(owner).levels[0]?.edges.missing).toBe(1);
  });
});

describe('what is wrong', () => {
  it('is told while the topics cannot be used, and an edge keeps what it has', async () => {
    let isBroken = true;
    world.broken.set('whippet', (log) => ({
      ensure: async (partitions) => {
        if (isBroken) throw new Error('topic whippet.partials has 8 partitions');
        return { ...(await log.ensure(partitions)), warnings: ['one replica'] };
      },
    }));
    const edge = await world.start({ role: 'edge' });
    flush(edge, [[counterContext(0, 'm'), { kind: 'counter', sum: 5 }]]);
    await until('it is an error', () => edge.lines.some(({ level }) => level === 'error'));
    expect(viewOf(edge).problem).toBe('topic whippet.partials has 8 partitions');
    expect(edge.part.health()).toEqual([
      { name: 'global', healthy: false, detail: 'topic whippet.partials has 8 partitions' },
    ]);
    checkTotals(edge);
    isBroken = false;
    await until('it is sent', () => viewOf(edge).edge?.acknowledgedPartials === 1);
    expect(viewOf(edge).problem).toBeNull();
    expect(edge.lines.some(({ sentence }) => sentence === 'one replica')).toBe(true);
    checkTotals(edge);
  });

  it('is told while the log takes no chunks, and of a partition that cannot be read', async () => {
    let isBroken = true;
    const failing = async (): Promise<never> => {
      throw new Error('no broker');
    };
    world.broken.set('whippet', (log) => ({
      append: (...of) => (isBroken ? failing() : log.append(...of)),
      read: (...of) => (isBroken ? failing() : log.read(...of)),
    }));
    const both = await world.start({ role: 'both', partitions: 1 });
    flush(both, [[counterContext(0, 'm'), { kind: 'counter', sum: 5 }]]);
    await until('the edge fails', () => both.part.health()[0]?.detail === 'chunks are not taken: no broker');
    await until('the owner fails', () => viewOf(both).levels[0]?.partitions[0]?.problem === 'no broker');
    checkTotals(both);
    isBroken = false;
    await until('the result', () => totalOf(both, 'm') === 5);
    expect(both.part.health()[0]).toEqual({ name: 'global', healthy: true });
  });

  it('is counted when an edge stops and nobody takes or keeps its chunks, and kept on disk otherwise', async () => {
    world.broken.set('whippet', () => ({
      append: async () => {
        throw new Error('no broker');
      },
    }));
    const lost = await world.start({ role: 'edge' });
    const kept = await world.start({ role: 'edge', storage_path: folder });
    for (const edge of [lost, kept]) flush(edge, [[counterContext(0, 'm'), { kind: 'counter', sum: 5 }]]);
    expect(await lost.part.stop(0)).toBe(1);
    expect(await kept.part.stop(0)).toBe(0);
    checkTotals(lost);
    checkTotals(kept);
    world.broken.clear();
    const again = await world.start({ role: 'both', storage_path: folder });
    await until('the result', () => totalOf(again, 'm') === 5);
    expect(again.part.edge?.identity.id).toBe(kept.part.edge?.identity.id);
    checkTotals(again);
  });
});

/** Start of the bucket that a server was given a result of. */
function lastBucketOf({ aggregates }: WorldServer): number {
  return aggregates.at(-1)?.timestamp ?? 0;
}

/** A chunk of an edge whose clock is `seconds` ahead. */
async function sendAhead(seconds: number): Promise<void> {
  const edge = await world.start({ role: 'edge', topic: 'other', partitions: 1 });
  flush(edge, [[counterContext(0, 'm'), { kind: 'counter', sum: 5 }]]);
  await until('it is sent', () => viewOf(edge).edge?.acknowledgedPartials === 1);
  const [record] = world.clusterOf('other').recordsOf('partials', 0);
  const decoded = record && decodeRecord(record.bytes);
  if (decoded?.kind !== 'chunk') throw new Error('an edge sends chunks');
  const again = encodeChunkRecord(decoded.chunk, Date.now() + seconds * 1000);
  await world.log('whippet').append('partials', 0, [again]);
}
