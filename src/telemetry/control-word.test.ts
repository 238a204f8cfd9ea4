import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ControlWord, makeControlBuffer } from './control-word.ts';

describe('a control word', () => {
  it('carries the wish to stop to the other side', () => {
    const buffer = makeControlBuffer();
    const shard = new ControlWord(buffer);
    expect(shard.stopRequested).toBe(false);
    new ControlWord(buffer).requestStop();
    expect(shard.stopRequested).toBe(true);
  });

  it('counts released buckets', () => {
    const buffer = makeControlBuffer();
    const shard = new ControlWord(buffer);
    const control = new ControlWord(buffer);
    control.release();
    control.release();
    expect(shard.released).toBe(2);
    expect(shard.waitForRelease(2, 0)).toBe(true);
  });

  it('says so when a release does not come in time', () => {
    const control = new ControlWord(makeControlBuffer());
    const before = performance.now();
    expect(control.waitForRelease(1, 30)).toBe(false);
    expect(performance.now() - before).toBeGreaterThanOrEqual(29);
  });

  it('wakes a thread that waits', async () => {
    const buffer = makeControlBuffer();
    const control = new ControlWord(buffer);
    // The other thread releases twice, with a pause in between, while this one waits.
    const worker = new Worker(
      `const { workerData } = require('node:worker_threads');
       const words = new Int32Array(workerData, 0, 16);
       for (let i = 0; i < 2; i++) {
         Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
         Atomics.add(words, 1, 1);
         Atomics.notify(words, 1);
       }`,
      { eval: true, workerData: buffer },
    );
    await new Promise((resolve) => worker.once('online', resolve));
    expect(control.waitForRelease(2, 10_000)).toBe(true);
    await worker.terminate();
  });

  it('sleeps until it is asked to stop, or as long as it was told', () => {
    const buffer = makeControlBuffer();
    const shard = new ControlWord(buffer);
    const before = performance.now();
    expect(shard.waitForStop(20)).toBe(false);
    expect(performance.now() - before).toBeGreaterThanOrEqual(19);
    new ControlWord(buffer).requestStop();
    expect(shard.waitForStop(10_000)).toBe(true);
  });

  it('shares its counters', () => {
    const buffer = makeControlBuffer();
    new ControlWord(buffer).counters.add('events', 3);
    const { counters, released, stopRequested } = new ControlWord(buffer);
    expect(counters.get('events')).toBe(3);
    // Counters and words do not overlap.
    expect({ released, stopRequested }).toEqual({ released: 0, stopRequested: false });
  });
});
