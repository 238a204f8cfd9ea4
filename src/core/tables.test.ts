/** The core's tables while they grow, reach their limits and shrink again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoreHarness } from '../../test/support/core-harness.ts';

const PACKET_LINES = 1000;

/** Ingests `count` lines, many to a packet. */
function ingestMany(harness: CoreHarness, count: number, line: (i: number) => string): void {
  for (let at = 0; at < count; at += PACKET_LINES) {
    const length = Math.min(PACKET_LINES, count - at);
    harness.ingest(Array.from({ length }, (_, i) => line(at + i)).join('\n'));
  }
}

/** Seals without sweeping, and tells the sum of every context and the timestamped samples. */
function valuesOf(harness: CoreHarness, next: number): string[] {
  const sealed = harness.sealOnly(next);
  const values = [...sealed.slots].map((slot) => `${harness.contexts.get(slot)} ${sealed.sum(slot)}`);
  sealed.forEachTimestamped((slot, _, value) => values.push(`${harness.contexts.get(slot)} T ${value}`));
  return values.sort();
}

describe('contexts and lines', () => {
  it('grow to 200,000, each with its own value', () => {
    const contexts = 200_000;
    const harness = new CoreHarness({ core: { linesMax: contexts, contextsMax: contexts } });
    for (let round = 1; round <= 2; round++) {
      ingestMany(harness, contexts, (i) => `grow:${i}|c|#id:${i}`);
      expect(harness.count('lineMisses')).toBe(contexts);
    }
    expect(harness.count('contextSlots')).toBe(contexts);
    expect(harness.count('cachedLines')).toBe(contexts);
    expect(harness.count('lineHits')).toBe(contexts);
    const sealed = harness.seal(10);
    let wrong = 0;
    for (const slot of sealed.slots) {
      const id = Number(harness.contexts.get(slot)?.split('id:')[1]);
      if (sealed.sum(slot) !== 2 * id) wrong++;
    }
    expect({ touched: [...sealed.slots].length, wrong }).toEqual({ touched: contexts, wrong: 0 });
  });

  it('are let go when they have been idle, and their slots are used again', () => {
    const harness = new CoreHarness({ core: { idleBuckets: 3 } });
    ingestMany(harness, 5000, (i) => `idle:1|c|#id:${i}`);
    const freed: number[] = [];
    let start = 0;
    while (harness.count('contextSlots') > 0 && start < 100) {
      start += 10;
      harness.seal(start);
      freed.push(...harness.freed);
    }
    // The bucket they were in, and three idle ones.
    expect(start).toBe(40);
    expect([...freed].sort((a, b) => a - b)).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect(harness.count('cachedLines')).toBe(0);
    expect(harness.count('evictedLines')).toBe(5000);
    harness.contexts.clear();
    ingestMany(harness, 5000, (i) => `again:1|c|#id:${i}`);
    expect(Math.max(...harness.contexts.keys())).toBe(4999);
    expect(harness.contexts.size).toBe(5000);
  });

  it('stay as long as they are seen', () => {
    const harness = new CoreHarness({ core: { idleBuckets: 2 } });
    harness.ingest('other:1|c');
    for (let start = 10; start <= 200; start += 10) {
      harness.ingest('steady:1|c');
      harness.seal(start);
    }
    expect(harness.count('contextSlots')).toBe(1);
    expect(harness.count('lineMisses')).toBe(2);
  });

  it('stay as long when their buckets are sealed in many parts', () => {
    const harness = new CoreHarness({ core: { idleBuckets: 3 } });
    harness.ingest('rare:1|c');
    for (let start = 10; start <= 30; start += 10) {
      harness.seal(start);
      for (let part = 0; part < 20; part++) {
        harness.ingest('other:1|c');
        harness.seal(start);
      }
      expect(harness.count('contextSlots')).toBe(2);
    }
    harness.seal(40);
    expect(harness.count('contextSlots')).toBe(1);
  });

  it('use no more memory however often they come and go', () => {
    const harness = new CoreHarness({ core: { idleBuckets: 2 } });
    const sizes: number[] = [];
    for (let round = 0; round < 40; round++) {
      ingestMany(harness, 5000, (i) => `churn:${i}|d|#id:${round}-${i}`);
      harness.seal((round + 1) * 10);
      sizes.push(harness.core.bytes.length);
    }
    expect(sizes.at(-1)).toBe(sizes[10]);
    expect(harness.count('contextSlots')).toBeLessThanOrEqual(20_000);
  });

  it('are swept in steps of any size between lines, with the same result as at once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(4000), { maxLength: 300 }), { minLength: 3, maxLength: 12 }),
        fc.integer({ min: 200, max: 3000 }),
        (buckets, entries) => {
          const steps = new CoreHarness({ core: { idleBuckets: 2 } });
          const plain = new CoreHarness({ core: { idleBuckets: 1000 } });
          buckets.forEach((ids, bucket) => {
            const start = (bucket + 1) * 10;
            for (const id of ids) {
              // Every tenth line is timestamped, and every seventh has no value that counts.
              const value = id % 7 === 0 ? 'nan' : `${id}`;
              const line = `s${id % 11}:${value}|c|#id:${id}${id % 10 === 0 ? '|T5' : ''}`;
              for (const harness of [steps, plain]) harness.ingest(line);
              steps.sweep(entries);
            }
            expect(valuesOf(steps, start)).toEqual(valuesOf(plain, start));
          });
          for (let i = 0; i < 4; i++) steps.seal(1000 + i);
          expect(steps.count('contextSlots')).toBe(0);
          expect(steps.count('cachedLines')).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('are swept while their tables grow by segments', () => {
    const steps = new CoreHarness({ core: { idleBuckets: 2 } });
    const plain = new CoreHarness({ core: { idleBuckets: 1000 } });
    for (let bucket = 1; bucket <= 8; bucket++) {
      for (let at = 0; at < 8000; at += 100) {
        // Three quarters come once, so that there is always something to sweep; the rest comes every third bucket.
        const packet = Array.from({ length: 100 }, (_, i) =>
          (at + i) % 4 === 0
            ? `g:${at}|c|#id:${at + i}-${bucket % 3}`
            : `g:${at}|c|#id:${at + i},in:${bucket}`,
        ).join('\n');
        for (const harness of [steps, plain]) harness.ingest(packet);
        steps.sweep(700);
      }
      expect(valuesOf(steps, 10 * bucket)).toEqual(valuesOf(plain, 10 * bucket));
    }
    for (let i = 0; i < 4; i++) steps.seal(1000 + i);
    expect(steps.count('contextSlots')).toBe(0);
    expect(steps.count('cachedLines')).toBe(0);
  });

  it('that are idle all go, even when others are forgotten in the middle of a sweep', () => {
    const harness = new CoreHarness({ core: { idleBuckets: 2 } });
    ingestMany(harness, 3000, (i) => `f:1|c|#id:${i}`);
    for (let start = 10; start <= 20; start += 10) {
      ingestMany(harness, 1500, (i) => `f:1|c|#id:${2 * i}`);
      harness.seal(start);
    }
    ingestMany(harness, 1500, (i) => `f:1|c|#id:${2 * i}`);
    expect(harness.count('cachedLines')).toBe(3000);
    harness.sealOnly(30);
    // A line that is forgotten behind the place of the sweep lets one from before it move back there.
    for (let step = 0; step < 1500; step++) {
      harness.sweep(2);
      harness.core.forgetLinesOf([2 * step]);
    }
    while (harness.core.isSweeping) harness.sweep(300);
    expect(harness.count('cachedLines')).toBe(0);
    expect(harness.count('contextSlots')).toBe(1500);
  });

  it('go to one of the metric beyond limits.contexts', () => {
    const harness = new CoreHarness({ core: { contextsMax: 100 } });
    ingestMany(harness, 300, (i) => `limit:1|c|#id:${i}`);
    expect(harness.count('contextSlots')).toBe(101);
    // Those that are known go on.
    ingestMany(harness, 100, (i) => `limit:1|c|#id:${i}`);
    expect(harness.count('lineHits')).toBe(100);
    const { cells } = harness.gather();
    expect(cells.get('counter limit\nagent-host\nwhippet.overflow:true')?.sum).toBe(200);
    expect(cells.get('counter limit\nagent-host\nid:99')?.sum).toBe(2);
    expect(cells.size).toBe(101);
  });

  it('beyond limits.lines are resolved each time, with the same result', () => {
    const harness = new CoreHarness({ core: { linesMax: 16 } });
    for (let round = 0; round < 3; round++) ingestMany(harness, 100, (i) => `lines:${i}|c|#id:${i}`);
    expect(harness.count('lineTableFull')).toBeGreaterThan(0);
    expect(harness.count('contextSlots')).toBe(100);
    const sums = [...harness.gather().cells.values()].map(({ sum }) => sum).sort((a, b) => a - b);
    expect(sums).toEqual(Array.from({ length: 100 }, (_, i) => 3 * i));
  });

  it('are resolved anew after forgetLines(), to the same contexts', () => {
    const harness = new CoreHarness();
    harness.ingest('a:1|c|#x,y');
    harness.core.forgetLines();
    expect(harness.count('cachedLines')).toBe(0);
    harness.ingest('a:1|c|#x,y');
    expect(harness.count('lineMisses')).toBe(2);
    expect([...harness.gather().cells.values()]).toMatchObject([{ sum: 2 }]);
  });
});

describe('keys of sets, histograms and distributions', () => {
  it('grow to 300,000 in one bucket', () => {
    const harness = new CoreHarness();
    ingestMany(harness, 300_000, (i) => `set:${i % 100_000}|s|#n:${i % 3}`);
    let keys = 0;
    harness.seal(10).forEachKey(() => keys++);
    expect(keys).toBe(300_000);
    expect(harness.count('keyTableFullSamples')).toBe(0);
  });

  it('are dropped beyond limits.bucket_keys, counted, and come back in the next bucket', () => {
    const harness = new CoreHarness({ core: { keysMax: 1000 } });
    for (let round = 1; round <= 2; round++) {
      ingestMany(harness, 3000, (i) => `set:${i}|s`);
      ingestMany(harness, 10, () => 'set:0|s');
      expect(harness.count('keyTableFullSamples')).toBe(round * 2000);
      let keys = 0;
      harness.seal(round * 10).forEachKey(() => keys++);
      expect(keys).toBe(1000);
    }
  });

  it('leave bins and count of a distribution in agreement when there is no room', () => {
    const harness = new CoreHarness({ core: { keysMax: 20 } });
    ingestMany(harness, 200, (i) => `d:${1.2 ** i}|d`);
    const [cell] = [...harness.gather().cells.values()];
    const weights = Object.values(cell?.keys ?? {});
    // 20 units hold a chunk of 24 keys and one of 56; what needs bins has no room for them.
    expect(weights).toHaveLength(80);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(cell?.count);
    expect(harness.count('keyTableFullSamples')).toBe(120);
  });

  it('of a histogram become bins beyond limits.histogram_values', () => {
    const harness = new CoreHarness({ core: { histogramValuesMax: 50 } });
    ingestMany(harness, 1000, (i) => `h:${i}|h`);
    const [cell] = [...harness.gather().cells.values()];
    const names = Object.keys(cell?.keys ?? {});
    expect(names.filter((name) => !name.startsWith('bin'))).toEqual([]);
    expect(cell).toMatchObject({ count: 1000, sum: 499_500, min: 0, max: 999 });
    const weights = Object.values(cell?.keys ?? {});
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(1000);
  });

  it('of a histogram stay exact at limits.histogram_values while no new value comes', () => {
    const harness = new CoreHarness({ core: { histogramValuesMax: 50 } });
    ingestMany(harness, 500, (i) => `h:${i % 50}|h`);
    const [cell] = [...harness.gather().cells.values()];
    expect(Object.keys(cell?.keys ?? {}).filter((name) => name.startsWith('bin'))).toEqual([]);
    expect(Object.values(cell?.keys ?? {})).toEqual(Array(50).fill(10));
  });

  it('give their memory back when buckets have few, and use it again', () => {
    const harness = new CoreHarness();
    // Two, as buckets take turns.
    for (let start = 10; start < 30; start += 10) {
      ingestMany(harness, 100_000, (i) => `set:${i}|s`);
      harness.seal(start);
    }
    for (let start = 30; start < 400; start += 10) {
      harness.seal(start);
      harness.ingest('set:1|s');
    }
    const size = harness.core.bytes.length;
    for (let start = 400; start < 420; start += 10) {
      ingestMany(harness, 100_000, (i) => `set:${i}|s`);
      harness.seal(start);
    }
    expect(harness.core.bytes.length).toBe(size);
  });
});

describe('samples with a timestamp', () => {
  it('of cached lines stay in the core, whatever their time and value', () => {
    const harness = new CoreHarness();
    ingestMany(harness, 10_000, (i) => `t${i % 2}:${i}|${i % 2 ? 'c' : 'g'}|#b,a|T${1_700_000_000 + i}`);
    expect(harness.count('lineMisses')).toBe(2);
    expect(harness.count('lineHits')).toBe(9998);
    const { cells, timestamped } = harness.gather(10);
    expect(cells.size).toBe(0);
    expect(timestamped).toHaveLength(10_000);
    expect(timestamped[9999]).toBe('counter t1\nagent-host\na\nb 1700009999 9999');
  });

  it('are dropped beyond their limit, counted', () => {
    const harness = new CoreHarness({ core: { timestampedMax: 512 } });
    ingestMany(harness, 2000, (i) => `t:${i}|c|T1700000000`);
    expect(harness.gather(10).timestamped).toHaveLength(512);
    expect(harness.count('timestampedFullSamples')).toBe(1488);
    expect(harness.count('timestampedSamples')).toBe(512);
  });
});
