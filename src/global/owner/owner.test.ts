/**
 * Owners on the log in memory: killed, frozen, in doubt, two at a time. The sink notes what it was given under the identity
 * (partition, ordinal); every edge's data must arrive once under each identity, and always with the same value.
 */
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/time/clock.ts';
import { Chunk } from '../chunk/chunk.ts';
import { ChunkBuilder } from '../chunk/chunk-builder.ts';
import { contextHash } from '../chunk/fleet-hash.ts';
import type { GlobalLog, LogBatch, Stream } from '../log/log.ts';
import { decodeRecord, encodeChunkRecord } from '../log/log-record.ts';
import { type AppendFault, MemoryCluster, MemoryLog } from '../log/memory-log.ts';
import { CounterPartial } from '../partials/counter.ts';
import type { MergedSet } from './merged-tail.ts';
import { Owner } from './owner.ts';
import type { OwnerSettings, ResultSink } from './owner-settings.ts';

const PARTITIONS = 3;
const DEADLINE_MS = 60_000;
const SETTINGS: OwnerSettings = {
  merge: { late: 'next', skew: 'keep', contextsMax: 1000 },
  graceSeconds: 5,
  earlyClose: false,
  openBytesMax: 1_000_000,
  sketchDelivery: 'at_least_once',
  level: 0,
  resultPartitions: 1,
};
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A world with one clock, one cluster, one sink. */
class World {
  now = 100_000;
  sent = 0;
  fault: (stream: Stream) => AppendFault = () => undefined;
  readonly cluster = new MemoryCluster();
  readonly values = new Map<string, string>();
  deliveries = 0;
  private readonly numbers = new Map<number, number>();
  private readonly last: (readonly [number, Buffer])[] = [];
  readonly clock: Clock = {
    now: () => this.now * 1000,
    after: (ms, call) => {
      const timer = setTimeout(call, Math.min(ms, 5));
      return () => clearTimeout(timer);
    },
  };
  /** What happens between a delivery that is asked for and the outputs. */
  beforeDelivery: () => Promise<void> = async () => undefined;
  readonly sink: ResultSink = {
    deliver: async (set, { isCurrent }) => {
      await this.beforeDelivery();
      if (!isCurrent()) return undefined;
      this.deliveries++;
      for (const { chunk } of set.results) this.note(set, chunk);
      return { isDone: () => true };
    },
  };

  log(): MemoryLog {
    return new MemoryLog(this.cluster, { clock: this.clock, fail: (stream) => this.fault(stream) });
  }

  /** One bucket of an edge, for every partition; the chunks before it again, now and then. */
  async send(edge: number): Promise<void> {
    const log = this.log();
    await log.ensure(PARTITIONS);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const builder = new ChunkBuilder(100_000);
      const value = 1 + ((edge * 7 + partition) % 5);
      const context = { name: `m${edge % 2}`, type: 'counter' as const, host: '', tags: [] };
      builder.add({ ...context, hash: contextHash(context, '') }, new CounterPartial(value));
      this.sent += value;
      const number = (this.numbers.get(edge) ?? 0) + 1;
      this.numbers.set(edge, number);
      const start = Math.floor(this.now / 10) * 10 - 10;
      const origin = { edge: `edge ${edge}`.padEnd(16, '.'), epoch: 1, start, width: 10 };
      for (const { bytes } of builder.finish(origin, number)) {
        const record = encodeChunkRecord(bytes, this.now * 1000);
        if (this.last.length > 0 && (number + partition) % 3 === 0) await this.repeat(log, partition);
        await log.append('partials', partition, [record]);
        this.last.push([partition, record]);
      }
    }
  }

  private async repeat(log: GlobalLog, partition: number): Promise<void> {
    const last = this.last.filter(([of]) => of === partition).at(-1);
    if (last !== undefined) await log.append('partials', partition, [last[1]]);
  }

  /** What the sink was given, each identity once. */
  get total(): number {
    let total = 0;
    for (const value of this.values.values()) total += Number(value.split('=')[1]);
    return total;
  }

  private note({ ordinal }: MergedSet, bytes: Buffer): void {
    const chunk = Chunk.open(bytes);
    if (typeof chunk === 'string') throw new Error(chunk);
    const { edge, start, number } = chunk.head;
    const sum = new CounterPartial();
    chunk.forEach(({ partialStart }) => {
      chunk.reader.at = partialStart;
      sum.merge(chunk.reader);
    });
    const identity = `${edge} ${ordinal} ${number}`;
    const value = `${start}=${sum.sum}`;
    expect(this.values.get(identity) ?? value).toBe(value);
    this.values.set(identity, value);
  }

  owner(log: GlobalLog, name: string, settings = SETTINGS): Owner {
    const around = { log, sink: this.sink, clock: this.clock, logger, writer: name.padEnd(16, '.') };
    return new Owner('owners', settings, around);
  }

  /** Lets time pass until a condition holds. */
  async until(what: () => boolean): Promise<void> {
    const end = Date.now() + DEADLINE_MS;
    while (!what()) {
      if (Date.now() > end) throw new Error('it did not happen in time');
      this.now += 0.5;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** A log whose user can be killed or frozen between any two calls. */
class FragileLog implements GlobalLog {
  private readonly log: MemoryLog;
  isDead = false;
  /** The stream at whose next append the process is frozen: the records are in the log, the answer is not read. */
  freezeAfter: Stream | undefined;
  isFrozen = false;
  private _thawed: Promise<void> = Promise.resolve();
  thaw: () => void = () => undefined;

  constructor(log: MemoryLog) {
    this.log = log;
  }

  freeze(): void {
    this.isFrozen = true;
    this._thawed = new Promise((resolve) => {
      this.thaw = () => {
        this.isFrozen = false;
        resolve();
      };
    });
  }

  get thawed(): Promise<void> {
    return this._thawed;
  }

  /** Dies, and the engine notices. */
  async kill(): Promise<void> {
    this.isDead = true;
    await this.log.close();
  }

  private async gate(): Promise<void> {
    await this._thawed;
    if (this.isDead) await new Promise(() => undefined);
  }

  ensure = (partitions: number) => this.log.ensure(partitions);
  own: GlobalLog['own'] = (group, watcher) => this.log.own(group, watcher);
  close = () => this.log.close();
  async append(stream: Stream, partition: number, records: readonly Uint8Array[]): Promise<number> {
    await this.gate();
    const at = await this.log.append(stream, partition, records);
    if (stream === this.freezeAfter) {
      this.freezeAfter = undefined;
      this.freeze();
    }
    await this.gate();
    return at;
  }
  async read(stream: Stream, partition: number, from: number): Promise<LogBatch> {
    await this.gate();
    const batch = await this.log.read(stream, partition, from);
    await this.gate();
    return batch;
  }
  async last(partition: number, count: number): Promise<LogBatch> {
    await this.gate();
    const batch = await this.log.last(partition, count);
    await this.gate();
    return batch;
  }
}

async function sendFor(world: World, buckets: number, edges = 4): Promise<void> {
  for (let bucket = 0; bucket < buckets; bucket++) {
    for (let edge = 0; edge < edges; edge++) await world.send(edge);
    const next = world.now + 10;
    await world.until(() => world.now >= next);
  }
}

describe('owners', () => {
  it('deliver everything once', async () => {
    const world = new World();
    const owner = world.owner(world.log(), 'a');
    await world.log().ensure(PARTITIONS);
    await owner.start();
    await sendFor(world, 5);
    await world.until(() => world.total === world.sent);
    await owner.stop();
    expect(world.values.size).toBe(world.deliveries);
    const [first] = owner.former;
    expect(first?.stats.problem).toBeUndefined();
  });

  it('go on from the log when one is killed, without a bucket missing, wrong or delivered twice', async () => {
    const world = new World();
    await world.log().ensure(PARTITIONS);
    for (const name of ['a', 'b', 'c']) {
      const log = new FragileLog(world.log());
      const owner = world.owner(log, name);
      await owner.start();
      await sendFor(world, 3);
      await log.kill();
    }
    const last = world.owner(world.log(), 'd');
    await last.start();
    await world.until(() => world.total === world.sent);
    await last.stop();
    expect(world.total).toBe(world.sent);
  });

  it('do no harm when one that was frozen goes on beside its successor', async () => {
    const world = new World();
    await world.log().ensure(PARTITIONS);
    const log = new FragileLog(world.log());
    const zombie = world.owner(log, 'zombie');
    await zombie.start();
    await sendFor(world, 3);
    log.freeze();
    const successor = world.owner(world.log(), 'successor');
    // The engine gives all partitions to the successor; the frozen process hears nothing of it.
    world.cluster.members.splice(0);
    await successor.start();
    await sendFor(world, 3);
    await world.until(() => world.total === world.sent);
    log.thaw();
    await sendFor(world, 3);
    await world.until(() => world.total === world.sent);
    await successor.stop();
    await zombie.stop();
    expect(world.values.size).toBe(world.deliveries);
  });

  it('deliver nothing twice when one is frozen between its append of a result and the answer', async () => {
    const world = new World();
    await world.log().ensure(PARTITIONS);
    const log = new FragileLog(world.log());
    const zombie = world.owner(log, 'zombie');
    await zombie.start();
    await sendFor(world, 2);
    await world.until(() => world.total === world.sent);
    log.freezeAfter = 'merged';
    await sendFor(world, 1);
    await world.until(() => log.isFrozen);
    const successor = world.owner(world.log(), 'successor');
    world.cluster.members.splice(0);
    await successor.start();
    await world.until(() => world.total === world.sent);
    log.thaw();
    await sendFor(world, 2);
    await world.until(() => world.total === world.sent);
    await successor.stop();
    await zombie.stop();
    expect(world.values.size).toBe(world.deliveries);
  });

  it('deliver nothing twice when one is frozen on the way to its outputs', async () => {
    const world = new World();
    await world.log().ensure(PARTITIONS);
    const log = new FragileLog(world.log());
    const zombie = world.owner(log, 'zombie');
    await zombie.start();
    await sendFor(world, 1);
    await world.until(() => world.total === world.sent);
    let isOnItsWay = false;
    world.beforeDelivery = async () => {
      isOnItsWay = true;
      log.freeze();
      await log.thawed;
    };
    await sendFor(world, 1);
    await world.until(() => isOnItsWay);
    world.beforeDelivery = async () => undefined;
    const successor = world.owner(world.log(), 'successor');
    world.cluster.members.splice(0);
    await successor.start();
    await world.until(() => world.total === world.sent);
    log.thaw();
    await sendFor(world, 2);
    await world.until(() => world.total === world.sent);
    await successor.stop();
    await zombie.stop();
    expect(world.values.size).toBe(world.deliveries);
  });

  it('say that a set is delivered while they wait for more to read', async () => {
    const world = new World();
    await world.log().ensure(1);
    const saysDelivered = (): boolean =>
      world.cluster.recordsOf('merged', 0).some(({ bytes }) => decodeRecord(bytes)?.kind === 'delivered');
    const log = world.log();
    // Reads that wait until something comes, or for as long as the test takes.
    const waits: GlobalLog = {
      ensure: (partitions) => log.ensure(partitions),
      append: (...of) => log.append(...of),
      own: (...of) => log.own(...of),
      last: (...of) => log.last(...of),
      close: () => log.close(),
      read: async (stream, partition, from) => {
        isReading = world.deliveries > 0;
        if (isReading) await world.until(saysDelivered);
        return log.read(stream, partition, from);
      },
    };
    let isReading = false;
    const sink: ResultSink = {
      deliver: async (set, handing) => {
        await world.sink.deliver(set, handing);
        return { isDone: () => isReading };
      },
    };
    const around = { log: waits, sink, clock: world.clock, logger, writer: 'a'.padEnd(16, '.') };
    const owner = new Owner('owners', SETTINGS, around);
    await owner.start();
    await world.send(0);
    await world.until(saysDelivered);
    await owner.stop();
  });

  it('leave a partition alone that was given back before they had begun with it again', async () => {
    const world = new World();
    await world.log().ensure(1);
    const log = new FragileLog(world.log());
    const owner = world.owner(log, 'a');
    await owner.start();
    const [member] = world.cluster.members;
    log.freeze();
    // Given back, given again and given back, while the work on it comes to its end.
    member?.watcher.revoked([0]);
    member?.watcher.assigned([0]);
    member?.watcher.revoked([0]);
    log.thaw();
    await world.until(() => owner.former.length === 1);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(owner.owners).toEqual([]);
    await owner.stop();
  });

  it('share the partitions of a group, and take them over when one stops', async () => {
    const world = new World();
    await world.log().ensure(PARTITIONS);
    const [a, b] = [world.owner(world.log(), 'a'), world.owner(world.log(), 'b')];
    await a.start();
    await sendFor(world, 2);
    await b.start();
    await sendFor(world, 2);
    expect(a.owners.length + b.owners.length).toBe(PARTITIONS);
    await a.stop();
    await sendFor(world, 2);
    await world.until(() => world.total === world.sent);
    await b.stop();
    expect(world.values.size).toBe(world.deliveries);
  });

  it('come through appends that are refused, unacknowledged or made twice', async () => {
    const world = new World();
    await world.log().ensure(PARTITIONS);
    const owner = world.owner(world.log(), 'a');
    await owner.start();
    let calls = 0;
    await sendFor(world, 2);
    world.fault = (stream) => {
      calls++;
      if (stream !== 'merged') return undefined;
      return ([undefined, 'refused', 'unacknowledged', 'twice'] as const)[calls % 4];
    };
    await sendFor(world, 4);
    world.fault = () => undefined;
    await sendFor(world, 1);
    await world.until(() => world.total === world.sent);
    await owner.stop();
    expect(world.total).toBe(world.sent);
  });

  it('stop reading while results are not acknowledged, and go on afterwards', async () => {
    const world = new World();
    await world.log().ensure(PARTITIONS);
    let isAcknowledged = false;
    const sink: ResultSink = {
      deliver: async (set, handing) => {
        await world.sink.deliver(set, handing);
        return { isDone: () => isAcknowledged };
      },
    };
    const around = { log: world.log(), sink, clock: world.clock, logger, writer: 'w'.padEnd(16, '.') };
    const owner = new Owner('owners', { ...SETTINGS, openBytesMax: 1 }, around);
    await owner.start();
    await sendFor(world, 3);
    await world.until(() => owner.owners.every(({ stats }) => stats.isPaused));
    expect(world.total).toBeLessThan(world.sent);
    isAcknowledged = true;
    await world.until(() => world.total === world.sent);
    await owner.stop();
  });
});
