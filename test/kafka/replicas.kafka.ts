/**
 * Three brokers, three replicas, two of them in sync for each acknowledgement: one broker may be killed at any time and nothing is
 * missing or comes twice; without two of them edges hold what they have, counted, and deliver it when they are back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ServerProcess } from '../support/processes/server-process.ts';
import { KafkaCluster } from './broker.ts';
import { assignments, eventually, openLog, PARTITIONS, settle, startOwner, Traffic } from './traffic.ts';

const NODES = [1, 2, 3] as const;
const EDGES = 6;

let cluster: KafkaCluster;
const owners: ServerProcess[] = [];

beforeAll(async () => {
  cluster = await KafkaCluster.start({ size: NODES.length });
});
afterAll(async () => {
  await Promise.all(owners.map((owner) => owner.dispose()));
  await cluster?.dispose();
});

async function begin(topic: string): Promise<{ traffic: Traffic; owner: ServerProcess }> {
  const log = await openLog(cluster.brokers, topic, NODES.length);
  // Replicas are placed when all three nodes are known to the controller.
  await eventually('the topics are there', () =>
    log.ensure(PARTITIONS).then(
      ({ warnings }) => {
        expect(warnings).toEqual([]);
        return true;
      },
      () => false,
    ),
  );
  const traffic = new Traffic(log, EDGES);
  traffic.begin();
  const kafka = { brokers: cluster.brokers, replication_factor: 3, min_insync_replicas: 2 };
  const owner = await startOwner(cluster.brokers, topic, { kafka });
  owners.push(owner);
  await eventually('the owner has all partitions', () => assignments(owner) >= PARTITIONS);
  await traffic.acknowledges(3);
  return { traffic, owner };
}

it('loses and repeats nothing when each broker in turn is killed under load', async () => {
  const { traffic, owner } = await begin('one-away');
  for (const node of NODES) {
    await cluster.killNode(node);
    // Two of three are enough.
    await traffic.acknowledges(4);
    await cluster.startNode(node);
    await traffic.acknowledges(2);
  }
  expect(await settle(traffic, [owner])).toBe(0);
  expect(traffic.account).toMatchObject({ held: 0, lost: 0 });
  expect(await owner.stop()).toBe(0);
});

it('holds and counts everything while two brokers are away, and delivers it when they are back', async () => {
  const { traffic, owner } = await begin('two-away');
  await Promise.all([cluster.killNode(1), cluster.killNode(2)]);
  await sleep(20_000);
  const before = traffic.account;
  await sleep(10_000);
  const { sealed, acknowledged, held, lost } = traffic.account;
  // One replica is not enough for an acknowledgement.
  expect(acknowledged).toBe(before.acknowledged);
  expect(held).toBeGreaterThan(before.held);
  expect(acknowledged + held).toBe(sealed);
  expect(lost).toBe(0);
  await Promise.all([cluster.startNode(1), cluster.startNode(2)]);
  await traffic.acknowledges(3);
  expect(await settle(traffic, [owner])).toBe(0);
  expect(traffic.account).toMatchObject({ held: 0, lost: 0 });
  expect(await owner.stop()).toBe(0);
});
