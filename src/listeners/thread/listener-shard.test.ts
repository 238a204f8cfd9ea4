/** A shard with a core that only takes notes. */
import { describe, expect, it, vi } from 'vitest';
import { ControlWord, makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import { Backlog } from '../datagram/backlog.ts';
import type { ReceiveSlots } from '../datagram/receive-slots.ts';
import { type IngestPipeline, ListenerShard } from './listener-shard.ts';
import { TimeSlice } from './time-slice.ts';

const INTERVAL = 10;
const SLOT_BYTES = 64;
const SLOTS_PTR = 1024;
const REGION = 8192;
const REGION_BYTES = 2048;

interface Setup {
  /** How many packets of a batch the core takes before it asks to look at the socket. */
  readonly takes?: number;
}

function makeShard({ takes = Number.POSITIVE_INFINITY }: Setup = {}) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const view = Buffer.from(memory.buffer);
  const notes: string[] = [];
  const control = new ControlWord(makeControlBuffer());
  let samples = 0;
  /** What each step of sweeping frees. */
  let sweeps: (readonly number[])[] = [];
  let sealed = false;
  let lengths: number[] = [];
  let flags: number[] = [];
  const read = (ptr: number, length: number): string => view.toString('latin1', ptr, ptr + length);
  const pipeline = {
    openStart: 0,
    bucketOf: (seconds) => seconds - (seconds % INTERVAL),
    bucketAfter: (seconds) => seconds - (seconds % INTERVAL) + INTERVAL,
    isOpenAt: (seconds) => seconds >= pipeline.openStart && seconds < pipeline.openStart + INTERVAL,
    ingest: (ptr, length, origin, seconds, truncated) => {
      notes.push(`ingest ${read(ptr, length)} ${origin} ${seconds}${truncated ? ' cut' : ''}`);
      samples++;
      return false;
    },
    ingestBatch: (_headers, slots, slotBytes, _origins, first, count, seconds) => {
      const end = Math.min(count, first + takes);
      for (let i = first; i < end; i++)
        notes.push(`batch ${read(slots + i * slotBytes, lengths[i] as number)} ${seconds}`);
      samples += end - first;
      return end;
    },
    currentOrigin: (origin: number) => origin,
    releaseOverdue: () => undefined,
    countMessages: (ptr, length) =>
      read(ptr, length)
        .split('\n')
        .filter((line) => line !== '').length,
    seal: (start) => {
      notes.push(`seal ${pipeline.openStart}`);
      const isEmpty = samples === 0;
      pipeline.openStart = start;
      samples = 0;
      sealed = true;
      return isEmpty ? undefined : 77;
    },
    sealPart: () => {
      if (samples === 0) return undefined;
      notes.push(`seal part ${pipeline.openStart}`);
      samples = 0;
      return 78;
    },
    get isSweeping() {
      return sealed && sweeps.length > 0;
    },
    sweep: () => {
      notes.push('sweep');
      return Uint32Array.from(sweeps.shift() ?? []);
    },
  } satisfies IngestPipeline as IngestPipeline & { openStart: number };
  const clock = { seconds: new Float64Array(1), tick: () => undefined };
  const slots = {
    headersPtr: 0,
    slotsPtr: SLOTS_PTR,
    slotBytes: SLOT_BYTES,
    slotPtr: (i: number) => SLOTS_PTR + i * SLOT_BYTES,
    length: (i: number) => lengths[i] as number,
    flags: (i: number) => flags[i] as number,
    originsPtr: 0,
    origin: () => 0,
  } as unknown as ReceiveSlots;
  const slice = new TimeSlice();
  const shard = new ListenerShard({
    pipeline,
    backlog: new Backlog(() => view, REGION, REGION_BYTES),
    clock,
    control,
    reporter: {
      sealed: (bucket) => void notes.push(`sealed ${bucket}`),
      freed: (numbers) => void notes.push(`freed ${numbers.join()}`),
      passed: (start) => void notes.push(`passed ${start}`),
    },
    slice,
  });
  return {
    shard,
    slice,
    slots,
    control,
    pipeline,
    notes,
    /** What the steps of sweeping after the next seal free. */
    willFree: (...steps: (readonly number[])[]) => {
      sweeps = steps;
    },
    /** A received batch. */
    batch: (packets: readonly string[], now: number, cut = false) => {
      lengths = packets.map((packet) => packet.length);
      flags = packets.map(() => (cut ? 0x20 : 0));
      for (const [i, packet] of packets.entries()) view.write(packet, SLOTS_PTR + i * SLOT_BYTES, 'latin1');
      clock.seconds[0] = now;
      shard.takeBatch(slots, 0, packets.length);
    },
    packet: (packet: string, now: number) => {
      view.write(packet, SLOTS_PTR, 'latin1');
      clock.seconds[0] = now;
      shard.takePacket(SLOTS_PTR, packet.length, 0, false);
    },
    passTime: (now: number) => {
      clock.seconds[0] = now;
      shard.passTime();
    },
    finish: (now: number) => {
      clock.seconds[0] = now;
      shard.finish();
    },
    /** What happened since the last time. */
    since: () => notes.splice(0),
  };
}

describe('a shard that keeps up', () => {
  it('ingests a batch in place', () => {
    const { shard, batch, since } = makeShard();
    batch(['a', 'b'], 1);
    expect(since()).toEqual(['batch a 1', 'batch b 1']);
    expect(shard.hasBacklog).toBe(false);
  });

  it('takes a batch in shares within the time of one', () => {
    const { shard, slice, slots, batch } = makeShard();
    const begin = vi.spyOn(slice, 'beginAtFirstMiss');
    batch(['a', 'b', 'c'], 1);
    expect(begin).toHaveBeenCalledTimes(1);
    shard.takeBatch(slots, 1, 2);
    expect(begin).toHaveBeenCalledTimes(1);
    shard.takeBatch(slots, 0, 1);
    expect(begin).toHaveBeenCalledTimes(2);
  });

  it('ingests a single packet in place', () => {
    const { packet, since } = makeShard();
    packet('a', 1);
    expect(since()).toEqual(['ingest a 0 1']);
  });
});

describe('a shard that is behind', () => {
  it('holds the rest of a batch, and takes it up in order', () => {
    const { shard, batch, since } = makeShard({ takes: 1 });
    batch(['a', 'b', 'c'], 1);
    expect(since()).toEqual(['batch a 1']);
    expect(shard.hasBacklog).toBe(true);
    batch(['d'], 2, true);
    expect(since()).toEqual([]);
    shard.work();
    expect(since()).toEqual(['ingest b 0 1', 'ingest c 0 1', 'ingest d 0 2 cut']);
    expect(shard.hasBacklog).toBe(false);
  });

  it('holds single packets behind what it holds', () => {
    const { shard, batch, packet, since } = makeShard({ takes: 0 });
    batch(['a'], 1);
    packet('b', 1);
    shard.work();
    expect(since()).toEqual(['ingest a 0 1', 'ingest b 0 1']);
  });

  it('works before it receives more when the backlog is full, and counts it', () => {
    const { shard, batch, control, since } = makeShard({ takes: 0 });
    const packets = Array.from({ length: 60 }, (_, i) => `packet ${i}`);
    for (let at = 0; at < packets.length; at += 10) batch(packets.slice(at, at + 10), 1);
    for (let at = 0; at < packets.length; at += 10) batch(packets.slice(at, at + 10), 1);
    while (shard.hasBacklog) shard.work();
    const seen = since().map((note) => note.replace(/ 0 1$/, ''));
    expect(seen).toEqual([...packets, ...packets].map((packet) => `ingest ${packet}`));
    expect(control.counters.get('backlogFull')).toBeGreaterThan(0);
    expect(control.counters.get('backlogPackets')).toBe(120);
    expect(control.counters.get('backlogHeldPackets')).toBe(0);
  });
});

describe('buckets', () => {
  it('are sealed when the first packet of another one comes', () => {
    const { batch, since } = makeShard();
    batch(['a'], 9.9);
    batch(['b'], 10);
    expect(since()).toEqual(['batch a 9.9', 'seal 0', 'sealed 77', 'passed 10', 'batch b 10']);
  });

  it('are sealed when time passes without packets', () => {
    const { batch, since, passTime } = makeShard();
    batch(['a'], 5);
    passTime(9.9);
    expect(since()).toEqual(['batch a 5']);
    passTime(31);
    expect(since()).toEqual(['seal 0', 'sealed 77', 'passed 30']);
  });

  it('are not told when they are empty, only passed', () => {
    const { since, passTime } = makeShard();
    passTime(10);
    expect(since()).toEqual(['seal 0', 'passed 10']);
  });

  it('belong to the time a packet was received, however long it waited', () => {
    const { shard, batch, since, passTime } = makeShard({ takes: 0 });
    batch(['a'], 9);
    batch(['b'], 10);
    passTime(25);
    expect(since()).toEqual([]);
    shard.work();
    expect(since()).toEqual(['ingest a 0 9', 'seal 0', 'sealed 77', 'passed 10', 'ingest b 0 10']);
  });

  it('sweep idle contexts out after they are sealed, a step after each batch, and tell what that freed', () => {
    const { willFree, batch, packet, since } = makeShard();
    willFree([3, 5], [], [8]);
    batch(['a'], 1);
    batch(['b'], 10);
    expect(since()).toEqual([
      'batch a 1',
      'seal 0',
      'sealed 77',
      'passed 10',
      'batch b 10',
      'sweep',
      'freed 3,5',
    ]);
    packet('c', 11);
    expect(since()).toEqual(['ingest c 0 11', 'sweep']);
    batch(['d'], 11);
    batch(['e'], 11);
    expect(since()).toEqual(['batch d 11', 'sweep', 'freed 8', 'batch e 11']);
  });

  it('sweep many steps when nothing comes', () => {
    const { willFree, since, passTime } = makeShard();
    willFree([1], [2], [3]);
    passTime(10);
    expect(since()).toEqual([
      'seal 0',
      'passed 10',
      'sweep',
      'freed 1',
      'sweep',
      'freed 2',
      'sweep',
      'freed 3',
    ]);
  });

  it('stay open while the one before is still being read, and are counted as late', () => {
    const { control, batch, since, passTime } = makeShard();
    batch(['a'], 1);
    batch(['b'], 10);
    since();
    passTime(20);
    expect(since()).toEqual([]);
    expect(control.counters.get('lateSeals')).toBe(1);
    control.release();
    passTime(20);
    expect(since()).toEqual(['seal 10', 'sealed 77', 'passed 20']);
  });
});

describe('the end of a shard', () => {
  it('ingests what waits, seals and says that all has passed', () => {
    const { batch, since, finish } = makeShard({ takes: 0 });
    batch(['a', 'b'], 4);
    finish(5);
    expect(since()).toEqual([
      'ingest a 0 4',
      'ingest b 0 4',
      'seal 0',
      'sealed 77',
      'passed 10',
      'passed Infinity',
    ]);
  });

  it('waits for the bucket before to be read', () => {
    const { control, batch, since, finish } = makeShard();
    batch(['a'], 1);
    batch(['b'], 10);
    since();
    control.release();
    finish(11);
    expect(since()).toEqual(['seal 10', 'sealed 77', 'passed 20', 'passed Infinity']);
  });
});
