/** A shard whose memory is full: what it cannot hold is refused, and nothing that it holds is harmed. */
import { describe, expect, it } from 'vitest';
import { CoreHarness } from '../../test/support/core-harness.ts';

const CONTEXTS = 8_000;

/** Sends a counter, a histogram and a set in turn under ever more names, over four buckets, and adds up what they gather. */
function fill(memoryPages: number) {
  const harness = new CoreHarness({ memoryPages, core: { keysMax: 100_000 } });
  const gathered = { counter: 0, histogram: 0, set: 0 };
  for (let bucket = 0; bucket < 4; bucket++) {
    for (let i = 0; i < CONTEXTS; i++) {
      harness.ingest(`c${i}:1|c`);
      harness.ingest(`h${i}:${i}:${bucket}|h`);
      harness.ingest(`s${i}:${i}|s`);
    }
    for (const [context, { sum, count, keys }] of harness.gather(10 * (bucket + 1)).cells) {
      if (context.startsWith('counter')) gathered.counter += sum;
      else if (context.startsWith('histogram')) gathered.histogram += count;
      else gathered.set += Object.keys(keys).length;
    }
  }
  return { harness, gathered };
}

describe('a shard with little memory', () => {
  it.each([80, 95, 110, 125, 140])('of %i pages keeps all that it took', (memoryPages) => {
    const { harness, gathered } = fill(memoryPages);
    const refused = harness.count('keyTableFullSamples');
    expect(gathered.counter + gathered.histogram + gathered.set + refused).toBe(harness.count('samples'));
    expect(harness.count('samples')).toBeLessThan(4 * 4 * CONTEXTS);
    expect(gathered.counter).toBeGreaterThan(0);
  });

  // A table whose memory ends within a round has segments that are not split yet, and fill sooner than the others.
  it.each(
    Array.from({ length: 26 }, (_, i) => 64 + 4 * i),
  )('of %i pages never fills a segment of one table', (memoryPages) => {
    const elements = new CoreHarness({ memoryPages, core: { keysMax: 1_000_000 } });
    for (let i = 0; i < 60_000; i++) elements.ingest(`s:${i}|s`);
    const kept = elements.count('samples') - elements.count('keyTableFullSamples');
    const [cell] = [...elements.gather(10).cells.values()];
    expect(Object.keys(cell?.keys ?? {})).toHaveLength(kept);

    const lines = new CoreHarness({ memoryPages, core: { linesMax: 1_000_000 } });
    const orders = permutations(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    for (const order of orders) lines.ingest(`one:1|c|#${order.join()}`);
    expect([...lines.gather(10).cells.values()].map(({ sum }) => sum)).toEqual([orders.length]);
  });
});

function permutations(items: readonly string[]): string[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}
