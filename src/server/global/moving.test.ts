/**
 * A fleet that moves to another topic and another number of partitions: every context has one value in each bucket, nothing is
 * lost, and chunks that edges had on disk go to the log they were made for.
 */
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
import { addressOf, routeOf } from '../../global/edge/edge-route.ts';
import type { PartialData } from '../../model/partial-data.ts';

let world: GlobalWorld;
let folder: string;
beforeEach(() => {
  world = new GlobalWorld();
  folder = mkdtempSync(join(tmpdir(), 'whippet-moving-'));
});
afterEach(async () => {
  await world.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const NAMES = Array.from({ length: 30 }, (_, id) => `m${id}`);
const counters = (sum: number) =>
  NAMES.map((name, id) => [counterContext(id, name), { kind: 'counter', sum } as PartialData] as const);

const ofEdge = ({ part }: WorldServer) =>
  (part.view() as { edge: { acknowledgedPartials: number; acknowledgedElsewherePartials: number } }).edge;

/** Leaves 30 partials on the disk of an edge, of which nobody has taken any. */
async function leaveOnDisk(global: object): Promise<void> {
  world.broken.set('old', () => ({
    append: async () => {
      throw new Error('no broker');
    },
  }));
  const edge = await world.start({ role: 'edge', storage_path: folder, ...global });
  await until('it is up', () => edge.lines.some(({ sentence }) => sentence === 'global aggregation is up'));
  flush(edge, counters(3));
  expect(await edge.part.stop(0)).toBe(0);
  world.broken.clear();
}

function edgeTotals({ part }: WorldServer) {
  return part.totals().find(({ stage }) => stage === 'global_edge');
}

describe('chunks on the disk of an edge', () => {
  it.each([
    ['another topic', { topic: 'new' }],
    ['another topic and number of partitions', { topic: 'new', partitions: 7 }],
  ])('go to the log they were made for after a change to %s', async (_, change) => {
    await leaveOnDisk({ topic: 'old' });
    const owner = await world.start({ role: 'global', topic: 'old' });
    const edge = await world.start({ role: 'edge', storage_path: folder, ...change });
    await until('all of it is merged', () => NAMES.every((name) => totalOf(owner, name) === 3));
    await until('it is acknowledged', () => ofEdge(edge).acknowledgedPartials === 30);
    expect(ofEdge(edge).acknowledgedElsewherePartials).toBe(30);
    expect(edgeTotals(edge)).toMatchObject({ received: 30, dropped: {}, held: { memory: 0, disk: 0 } });
    flush(edge, counters(1));
    await until('what is new goes to the new log', () => ofEdge(edge).acknowledgedPartials === 60);
    expect(ofEdge(edge).acknowledgedElsewherePartials).toBe(30);
  });

  it.each([
    ['is gone', { topic: 'new' }, 0],
    ['has other partitions now', { topic: 'new' }, 9],
  ])('are dropped and counted when their log %s', async (_, change, partitions) => {
    await leaveOnDisk({ topic: 'old' });
    world.clusterOf('old').partitions = partitions;
    const edge = await world.start({ role: 'edge', storage_path: folder, ...change });
    await until('they are given up', () => edgeTotals(edge)?.dropped.no_destination === 30);
    expect(edgeTotals(edge)).toMatchObject({ received: 30, held: { memory: 0, disk: 0 } });
    expect(edge.lines.filter(({ level }) => level === 'error').length).toBeGreaterThan(0);
    flush(edge, counters(1));
    await until('the edge goes on', () => ofEdge(edge).acknowledgedPartials === 30);
    expect(await edge.part.stop(0)).toBe(0);
    const again = await world.start({ role: 'edge', storage_path: folder, ...change });
    expect(edgeTotals(again)).toMatchObject({ received: 0 });
  });

  it('wait for a log that is back after a moment', async () => {
    await leaveOnDisk({ topic: 'old' });
    world.clusterOf('old').partitions = 0;
    const edge = await world.start({ role: 'edge', storage_path: folder, topic: 'new' });
    await until('it is told', () => edge.lines.some(({ sentence }) => sentence.includes('a former topic')));
    world.clusterOf('old').partitions = 4;
    await until('they are sent', () => ofEdge(edge).acknowledgedElsewherePartials === 30);
    expect(edgeTotals(edge)?.dropped).toEqual({});
  });

  it('wait while it cannot be found out whether their log is there', async () => {
    await leaveOnDisk({ topic: 'old' });
    let isAway = true;
    world.broken.set('old', (log) => ({
      ensure: async (partitions) => {
        if (isAway) throw new Error('no broker answers');
        return log.ensure(partitions);
      },
    }));
    const owner = await world.start({ role: 'edge', storage_path: folder, topic: 'new' });
    await until('it is told', () => owner.lines.some(({ sentence }) => sentence.includes('a former topic')));
    flush(owner, counters(1));
    await until('what is new is sent meanwhile', () => ofEdge(owner).acknowledgedPartials === 30);
    expect(edgeTotals(owner)?.dropped).toEqual({});
    isAway = false;
    await until('the others too', () => ofEdge(owner).acknowledgedElsewherePartials === 30);
  });
});

describe('a fleet that moves from 4 to 8 partitions', () => {
  it.each([
    1, 2,
  ])('has one value for each context and bucket, and loses nothing, with %i level(s)', async (levels) => {
    const old = { topic: 'old', partitions: 4, levels };
    const first = await world.start({ role: 'global', ...old });
    const edges = [await world.start({ role: 'edge', ...old }), await world.start({ role: 'edge', ...old })];
    const { start, widthSeconds } = lastBucket();
    const at = (buckets: number) => ({ start: start + buckets * widthSeconds, widthSeconds });
    // Before the change: one owner on the former log alone.
    for (const edge of edges) flush(edge, counters(1), at(-2));
    await until('the first bucket', () => NAMES.every((name) => totalOf(first, name) === 2));
    await first.part.stopOwners();

    const former = {
      topic: 'old',
      partitions: 4,
      until: new Date(start * 1000).toISOString().replace('.000', ''),
    };
    const owner = await world.start({ role: 'global', topic: 'new', partitions: 8, levels, former });
    // The last bucket before the change, and two after it that an edge with the old configuration sends.
    for (const edge of edges) flush(edge, counters(10), at(-1));
    flush(edges[0] as WorldServer, counters(100), at(0));
    const moved = await world.start({ role: 'edge', topic: 'new', partitions: 8, levels });
    flush(moved, counters(1000), at(0));
    await until('everything', () => NAMES.every((name) => totalOf(owner, name) === 1120));
    flush(edges[0] as WorldServer, counters(100_000), lastBucket());
    await until('what the edge that stays behind sends', () =>
      NAMES.every((name) => totalOf(owner, name) === 101_120),
    );

    const values = [...first.aggregates, ...owner.aggregates].map(
      ({ context, timestamp }) => `${context.name} ${timestamp}`,
    );
    expect(new Set(values).size).toBe(values.length);
    const before = owner.aggregates.filter(({ timestamp }) => timestamp < start);
    expect(new Set(before.map(({ timestamp }) => timestamp))).toEqual(new Set([start - WORLD_WIDTH]));
    for (const { data } of before) expect(data).toEqual({ kind: 'counter', sum: 20 });
    const { levels: views } = owner.part.view() as { levels: { topic: string; isFormer: boolean }[] };
    const names = (topic: string) => (levels === 1 ? [topic] : [`${topic}.1`, `${topic}.2`]);
    expect(views.map(({ topic, isFormer }) => [topic, isFormer])).toEqual([
      ...names('new').map((topic) => [topic, false]),
      ...names('old').map((topic) => [topic, true]),
    ]);
  });

  it('sends nothing on twice when an owner is replaced before it could say what it had delivered', async () => {
    const old = { topic: 'old', partitions: 2 };
    const edge = await world.start({ role: 'edge', ...old });
    const { start } = lastBucket();
    const former = { ...old, until: new Date((start - 10) * 1000).toISOString().replace('.000', '') };
    let isMute = true;
    world.broken.set('old', (log) => ({
      append: async (stream, partition, records) => {
        // What is said to be delivered, alone among appends to this stream, is one record.
        if (isMute && stream === 'merged' && records.length === 1) throw new Error('no answer');
        return log.append(stream, partition, records);
      },
    }));
    const owner = await world.start({ role: 'global', topic: 'new', partitions: 3, former });
    flush(edge, counters(5));
    await until('it was sent on', () => NAMES.every((name) => totalOf(owner, name) === 5));
    await owner.part.stopOwners();
    isMute = false;
    const next = await world.start({ role: 'global', topic: 'new', partitions: 3, former });
    const again = (): number =>
      (next.part.view() as { levels: { totals: { repeatedChunks: number } }[] }).levels[0]?.totals
        .repeatedChunks ?? 0;
    await until('it was sent on again', () => again() > 0);
    flush(edge, counters(7));
    await until('what came then', () => NAMES.every((name) => totalOf(next, name) >= 7));
    for (const name of NAMES) expect(totalOf(owner, name) + totalOf(next, name)).toBe(12);
  });

  it('goes on without a former log that is gone, and says so', async () => {
    const former = { topic: 'gone', partitions: 4, until: '2026-01-01T00:00Z' };
    const both = await world.start({ role: 'both', topic: 'new', former });
    flush(both, counters(1));
    await until('the results', () => NAMES.every((name) => totalOf(both, name) === 1));
    expect((both.part.view() as { problem: string }).problem).toBe('no topic gone');
    expect(both.part.health()[0]).toEqual({ name: 'global', healthy: false, detail: 'no topic gone' });
    world.clusterOf('gone').partitions = 4;
    await until('it is found', () => both.part.health()[0]?.healthy === true);
  });
});

describe('the route of a chunk', () => {
  it('says which log it was made for', () => {
    expect(routeOf({ topic: 'whippet.1', partitions: 16 })).toBe('/partials/whippet.1/16');
    expect(addressOf('/partials/whippet.1/16')).toEqual({ topic: 'whippet.1', partitions: 16 });
  });
  it.each([
    '/partials',
    '/partials/a',
    '/partials/a/b',
    '/partials/a/1/2',
    '/api/v2/series',
    '',
  ])('says nothing when it is %s', (route) => expect(addressOf(route)).toBeUndefined());
});
