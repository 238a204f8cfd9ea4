/**
 * Where most lines have their tags in an order of their own, the core looks for them by their tags first
 * (core/assembly/ingest.ts): what comes of any packets is still what the cold path alone makes of them.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CoreHarness } from './support/core-harness.ts';
import { HotAndCold } from './support/hot-and-cold.ts';
import { borderStream } from './support/random/border-lines.ts';
import { packetSizes, packetsOf, stream } from './support/random/random-lines.ts';

const TAGS = ['a:1', 'b', 'c:3', 'd', 'env:prod', 'f'];
/** As many as have not all come twice when a test ends. */
const ORDERS = 720;

/** One context of ten lines, each with its tags in the order of that number. */
function shuffledPacket(first: number): string {
  return Array.from({ length: 10 }, (_, i) => `shuffled:1|c|#${order((first + i) % ORDERS).join(',')}`).join(
    '\n',
  );
}

/** One of the orders of TAGS. */
function order(number: number): string[] {
  const left = [...TAGS];
  const tags: string[] = [];
  for (let rest = number; left.length > 0; ) {
    tags.push(...left.splice(rest % left.length, 1));
    rest = Math.floor(rest / (left.length + 1));
  }
  return tags;
}

it('has as many orders as it says', () => {
  expect(new Set(Array.from({ length: ORDERS }, (_, i) => order(i).join())).size).toBe(ORDERS);
});

it('lines among many in ever new order come to what the cold path makes of them', () => {
  const both = new HotAndCold(new CoreHarness(), new CoreHarness({ caching: false }));
  let packets = 0;
  fc.assert(
    fc.property(fc.oneof(stream, borderStream), packetSizes, (lines, sizes) => {
      packetsOf(lines, sizes).forEach((packet, i) => {
        both.ingest(shuffledPacket(10 * packets));
        both.ingest(packet, i);
        packets++;
      });
      both.compare();
    }),
    { numRuns: 400 },
  );
  expect(both.hot.count('tagSetHits')).toBeGreaterThan(10 * packets * 0.8);
});

it('lines in ever new order are known by their tags, and those that keep theirs as they are written again', () => {
  const harness = new CoreHarness();
  for (let i = 0; i < 60; i++) harness.ingest(shuffledPacket(10 * i));
  expect(harness.count('tagSetHits')).toBe(599);
  for (let i = 0; i < 60; i++) harness.ingest(shuffledPacket(0));
  const byTags = harness.count('tagSetHits');
  for (let i = 0; i < 60; i++) harness.ingest(shuffledPacket(0));
  expect(harness.count('tagSetHits')).toBe(byTags);
  expect(harness.count('lineMisses')).toBe(1);
  expect([...harness.gather().cells.values()]).toMatchObject([{ sum: 1800 }]);
});
