/**
 * With many cached lines the core reads lines ahead (core/assembly/ingest.ts): what comes of any packets is still what
 * the cold path alone makes of them, in the same order.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CoreHarness } from './support/core-harness.ts';
import { HotAndCold } from './support/hot-and-cold.ts';
import { borderStream } from './support/random/border-lines.ts';
import { packetSizes, packetsOf, stream } from './support/random/random-lines.ts';

/** More than half of 16,384 entries, and three quarters of 8,192. */
const LINES = 7000;

function harnessWithLines(caching: boolean): CoreHarness {
  const core = { idleBuckets: 100_000, linesMax: 1_000_000, contextsMax: 1_000_000 };
  const harness = new CoreHarness({ core, caching });
  for (let i = 0; i < LINES; i += 100)
    harness.ingest(Array.from({ length: 100 }, (_, j) => `many:1|c|#id:${i + j}`).join('\n'));
  harness.sealOnly(0);
  return harness;
}

it('lines that are read ahead come to what the cold path makes of them', () => {
  const both = new HotAndCold(harnessWithLines(true), harnessWithLines(false));
  fc.assert(
    fc.property(fc.oneof(stream, borderStream), packetSizes, (lines, sizes) => {
      packetsOf(lines, sizes).forEach((packet, i) => {
        both.ingest(packet, i);
      });
      both.compare();
    }),
    { numRuns: 400 },
  );
  expect(both.hot.count('lineHits')).toBeGreaterThan(2000);
  expect(both.hot.count('tagSetHits')).toBeGreaterThan(50);
});

it('a gauge keeps its last value, also beyond the lines that are read ahead at once', () => {
  const hot = harnessWithLines(true);
  for (let round = 0; round < 3; round++) {
    hot.ingest(
      Array.from({ length: 200 }, (_, i) => `g${i % 3}:${i}|g\n${i % 50 === 0 ? 'bad\n' : ''}`).join(''),
    );
  }
  expect([...hot.gather(10).cells].map(([name, { sum }]) => `${name.slice(6, 8)} ${sum}`)).toEqual([
    'g0 198',
    'g1 199',
    'g2 197',
  ]);
  expect(hot.rejections).toHaveLength(12);
});
