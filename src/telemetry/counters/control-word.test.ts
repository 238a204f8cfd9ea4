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

  it('publishes counters whole', () => {
    const buffer = makeControlBuffer();
    const shard = new ControlWord(buffer);
    const control = new ControlWord(buffer);
    const core = Float64Array.of(1, 2, 3);
    shard.counters.add('events', 3);
    expect(control.published().counters.get('events')).toBe(0);
    shard.publish(core);
    shard.counters.add('events');
    core[0] = 9;
    const published = control.published();
    expect([...published.core.subarray(0, 4)]).toEqual([1, 2, 3, 0]);
    expect(published.counters.get('events')).toBe(3);
    shard.publish(core);
    expect(control.published().core[0]).toBe(9);
    // What was read before stays as it was.
    expect(published.core[0]).toBe(1);
  });

  it('never shows a publication half done', async () => {
    const buffer = makeControlBuffer();
    const control = new ControlWord(buffer);
    // The other thread publishes as fast as it can; in each publication all numbers are the same.
    const worker = new Worker(
      `import { workerData, parentPort } from 'node:worker_threads';
       const { ControlWord } = await import(workerData.module);
       const shard = new ControlWord(workerData.buffer);
       const core = new Float64Array(32);
       parentPort.postMessage('ready');
       while (!shard.stopRequested) {
         core.fill(core[0] + 1);
         shard.counters.values.fill(core[0]);
         shard.publish(core);
       }`,
      {
        eval: true,
        workerData: {
          buffer,
          module: new URL('../../../dist/telemetry/counters/control-word.js', import.meta.url).href,
        },
      },
    );
    await new Promise((resolve) => worker.once('message', resolve));
    const seen = new Set<number>();
    const torn: number[][] = [];
    for (const end = performance.now() + 60_000; seen.size < 500 && performance.now() < end; ) {
      const { core, counters } = control.published();
      const numbers = [...new Set([...core.subarray(0, 32), ...counters.values])];
      if (numbers.length > 1) torn.push(numbers);
      seen.add(numbers[0] as number);
    }
    control.requestStop();
    await new Promise((resolve) => worker.once('exit', resolve));
    expect(torn).toEqual([]);
    expect(seen.size).toBe(500);
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
