/**
 * A fleet that moves from 4 to 8 partitions while it sends: owners first, edges afterwards. Every context has one value in each
 * bucket, and the sums are right.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ServerProcess } from '../support/processes/server-process.ts';
import { KafkaCluster } from './broker.ts';
import {
  assignments,
  eventually,
  openLog,
  PARTITIONS,
  readFiles,
  startOwner,
  Traffic,
  WIDTH,
} from './traffic.ts';

const EDGES = 6;
const MORE_PARTITIONS = 2 * PARTITIONS;
/** What it may take to restart the owners, seconds, on a machine with much else to do. */
const RESTART_SECONDS = 60;

let cluster: KafkaCluster;
const owners: ServerProcess[] = [];

beforeAll(async () => {
  cluster = await KafkaCluster.start();
});
afterAll(async () => {
  await Promise.all(owners.map((owner) => owner.dispose()));
  await cluster?.dispose();
});

async function own(topic: string, more: object = {}): Promise<ServerProcess> {
  const owner = await startOwner(cluster.brokers, topic, more);
  owners.push(owner);
  return owner;
}

async function begin(topic: string, partitions: number): Promise<Traffic> {
  const log = await openLog(cluster.brokers, topic);
  await log.ensure(partitions);
  const traffic = new Traffic(log, EDGES, 0, partitions);
  traffic.begin();
  return traffic;
}

it('has one value for each context and bucket while it moves to more partitions', async () => {
  const before = await begin('few', PARTITIONS);
  const first = [await own('few'), await own('few')];
  await eventually('both have partitions', () => first.every((owner) => assignments(owner) > 0));
  await before.acknowledges(4);
  // All owners are restarted, one after the other, before the time of the change.
  const change = Math.ceil((Date.now() / 1000 + RESTART_SECONDS) / WIDTH) * WIDTH;
  const until = new Date(change * 1000).toISOString().replace('.000Z', 'Z');
  const former = { topic: 'few', partitions: PARTITIONS, until };
  for (const owner of first) {
    expect(await owner.stop()).toBe(0);
    await own('many', { partitions: MORE_PARTITIONS, former });
  }
  expect(Date.now() / 1000).toBeLessThan(change);
  // Some edges send to the new log from the change on; the others stay behind for a while.
  await sleep(change * 1000 - Date.now() + 500);
  const after = await begin('many', MORE_PARTITIONS);
  await Promise.all([before, after].map((traffic) => traffic.acknowledges(5)));
  await before.end();
  await after.acknowledges(3);
  await after.end();
  const sent = before.sent + after.sent;
  let delivered = 0;
  await eventually('everything came out', () => {
    delivered = [...readFiles(owners).values.values()].reduce((sum, value) => sum + value, 0);
    return delivered === sent;
  }).catch(() => undefined);
  const { again, wrong } = readFiles(owners);
  expect({ delivered, again, wrong }).toEqual({ delivered: sent, again: 0, wrong: 0 });
  await Promise.all([before, after].map(({ log }) => log.close()));
  for (const owner of owners.slice(2)) expect(await owner.stop()).toBe(0);
});
