/**
 * Owners and brokers that are killed, frozen or away while edges send: every bucket comes out once, with the right value.
 *
 * Randomness is seeded: KAFKA_SEED=7 runs one seed. The files of owners may have a result twice, with the same value, when
 * an owner was killed between writing it and saying so; the log never has.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerProcess } from '../support/processes/server-process.ts';
import { KafkaCluster } from './broker.ts';
import { openLog, PARTITIONS, readFiles, readResults, startOwner, Traffic } from './traffic.ts';

const SEEDS = process.env.KAFKA_SEED === undefined ? [1, 2, 3, 4, 5] : [Number(process.env.KAFKA_SEED)];
const EDGES = 6;
const RUN_MS = 24_000;
const DEADLINE_MS = 120_000;

let cluster: KafkaCluster;
const owners: ServerProcess[] = [];

beforeAll(async () => {
  cluster = await KafkaCluster.start();
});
afterAll(async () => {
  await Promise.all(owners.map((owner) => owner.dispose()));
  await cluster?.dispose();
});

function random(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return state / 2 ** 32;
  };
}

async function begin(topic: string, aheadSeconds = 0): Promise<Traffic> {
  const log = await openLog(cluster.brokers, topic);
  await log.ensure(PARTITIONS);
  const traffic = new Traffic(log, EDGES, aheadSeconds);
  traffic.begin();
  return traffic;
}

async function own(topic: string, more: object = {}): Promise<ServerProcess> {
  const owner = await startOwner(cluster.brokers, topic, more);
  owners.push(owner);
  return owner;
}

/** Waits until the results are all there; then nothing may be missing, wrong or twice. */
async function settle(traffic: Traffic, delivering: readonly ServerProcess[]): Promise<number> {
  await traffic.end(DEADLINE_MS);
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const results = await readResults(traffic.log).catch(() => undefined);
    const files = readFiles(delivering);
    const delivered = [...files.values.values()].reduce((sum, value) => sum + value, 0);
    if (results?.total === traffic.sent && delivered === traffic.sent) {
      expect(results.wrong).toBe(0);
      expect(files.wrong).toBe(0);
      expect(results.values).toEqual(files.values);
      await traffic.log.close();
      return files.again;
    }
    if (Date.now() > deadline)
      throw new Error(
        `sent ${traffic.sent}, in the log ${results?.total}, delivered ${delivered}, wrong ${results?.wrong}/${files.wrong}`,
      );
    await sleep(500);
  }
}

describe('under load', () => {
  it.each(SEEDS)('two kills each of owner and broker lose and repeat nothing (seed %i)', async (seed) => {
    const chance = random(seed);
    const topic = `kill${seed}`;
    const traffic = await begin(topic);
    const mine = [await own(topic)];
    const events = ['owner', 'broker', 'owner', 'broker'].sort(() => chance() - 0.5);
    for (const event of events) {
      await sleep((RUN_MS / 8) * (0.5 + chance()));
      if (event === 'owner') {
        mine.at(-1)?.child.kill('SIGKILL');
        await sleep(1000 * chance());
        mine.push(await own(topic));
      } else {
        await cluster.killNode();
        await sleep(1000 * chance());
        await cluster.startNode();
      }
    }
    await sleep(RUN_MS / 4);
    const again = await settle(traffic, mine);
    expect(again).toBeLessThanOrEqual(2 * PARTITIONS * 24);
    await mine.at(-1)?.stop();
  });

  it('two owners share the partitions, and give them over when one comes or goes', async () => {
    const traffic = await begin('rebalance');
    const mine = [await own('rebalance')];
    await sleep(6000);
    mine.push(await own('rebalance'));
    await sleep(12_000);
    expect(await mine[0]?.stop()).toBe(0);
    await sleep(6000);
    expect(await settle(traffic, mine)).toBe(0);
    const shared = mine.map(
      ({ log }) => log.filter(({ msg }) => msg === 'now owns a partition of the global log').length,
    );
    expect(Math.min(...shared)).toBeGreaterThan(0);
    await mine[1]?.stop();
  });

  it('an owner that is frozen for 20 seconds delivers no bucket twice', async () => {
    const traffic = await begin('frozen');
    const mine = [await own('frozen'), await own('frozen')];
    await sleep(14_000);
    mine[0]?.child.kill('SIGSTOP');
    await sleep(20_000);
    mine[0]?.child.kill('SIGCONT');
    await sleep(10_000);
    expect(await settle(traffic, mine)).toBe(0);
    for (const owner of mine) expect(await owner.stop()).toBe(0);
  });

  it('a broker that is away for 60 seconds costs nothing but time', async () => {
    const traffic = await begin('away');
    const mine = [await own('away')];
    await sleep(8000);
    await cluster.killNode();
    await sleep(60_000);
    await cluster.startNode();
    await settle(traffic, mine);
    await mine[0]?.stop();
  });

  it.each([
    'keep',
    'shift',
  ] as const)('an edge that is 25 seconds ahead has its sums (skew: %s), and is seen', async (skew) => {
    const topic = `ahead-${skew}`;
    const traffic = await begin(topic, 25);
    const owner = await own(topic, { skew, late: 'next' });
    await sleep(10_000);
    const view = JSON.parse((await owner.get('/api/global')).text) as {
      levels: { edges: { skewed: number } }[];
    };
    expect(view.levels[0]?.edges.skewed).toBe(1);
    if (skew === 'shift') await settle(traffic, [owner]);
    else {
      // Six buckets of two seconds are less than 25: what is too far ahead is refused, and counted.
      await traffic.end(DEADLINE_MS);
      await sleep(8000);
      const { totals } = JSON.parse((await owner.get('/api/global')).text).levels[0];
      expect(totals.refused.future).toBeGreaterThan(0);
      expect(totals.merged + totals.late + totals.repeated + totals.refused.future).toBe(totals.read);
    }
    await owner.stop();
  });
});
