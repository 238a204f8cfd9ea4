/**
 * The hot path is a cache of the cold path: for any packets and any settings, with the caches and without
 * them, over one shard or several, the result is the same.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoreHarness } from './support/core-harness.ts';
import { expectFinite, expectSame, run } from './support/outcome.ts';
import { borderCoreOptions, borderStream } from './support/random/border-lines.ts';
import { enrichment, SENDERS } from './support/random/random-enrichment.ts';
import { addableStream, coreOptions, packetSizes, packetsOf, stream } from './support/random/random-lines.ts';

/** Enough exact values that histograms never change to sketches, whichever shard sees them. */
const MANY_VALUES = { histogramValuesMax: 1000 };

describe('the hot path', () => {
  it('is what these streams mostly take', () => {
    const counts = { lineHits: 0, tagSetHits: 0, lineMisses: 0 };
    fc.assert(
      fc.property(stream, (lines) => {
        const harness = new CoreHarness();
        for (const one of lines) harness.ingest(one);
        for (const key of ['lineHits', 'tagSetHits', 'lineMisses'] as const)
          counts[key] += harness.count(key);
      }),
      { numRuns: 200, seed: 1 },
    );
    expect(counts.lineHits).toBeGreaterThan(counts.lineMisses / 2);
    expect(counts.tagSetHits).toBeGreaterThan(counts.lineMisses / 10);
  });

  it('gives the result of the cold path alone, for any lines and any packets', () => {
    fc.assert(
      fc.property(stream, packetSizes, coreOptions, (lines, sizes, core) => {
        const packets = packetsOf(lines, sizes);
        expectSame(run(packets, 1, { core }), run(packets, 1, { core, caching: false }));
      }),
      { numRuns: 400 },
    );
  });

  it('gives the result of the cold path alone at every border: of numbers, rates, times, lengths and limits', () => {
    fc.assert(
      fc.property(borderStream, packetSizes, borderCoreOptions, (lines, sizes, core) => {
        const packets = packetsOf(lines, sizes);
        const hot = run(packets, 1, { core });
        expectSame(hot, run(packets, 1, { core, caching: false }));
        expectFinite(hot);
      }),
      { numRuns: 400 },
    );
  });

  it('gives the same result over any number of shards', () => {
    fc.assert(
      fc.property(addableStream, packetSizes, fc.integer({ min: 2, max: 4 }), (lines, sizes, shards) => {
        const packets = packetsOf(lines, sizes);
        const core = MANY_VALUES;
        expectSame(run(packets, shards, { core }), run(packets, 1, { core, caching: false }));
      }),
      { numRuns: 150 },
    );
  });

  it('enriches as the cold path does, whatever the settings', () => {
    fc.assert(
      fc.property(stream, packetSizes, coreOptions, enrichment, (lines, sizes, core, settings) => {
        const packets = packetsOf(lines, sizes);
        const harness = { core, ...settings, senders: SENDERS };
        expectSame(run(packets, 1, harness), run(packets, 1, { ...harness, caching: false }));
      }),
      { numRuns: 400 },
    );
  });

  it('enriches alike on every shard', () => {
    fc.assert(
      fc.property(
        addableStream,
        packetSizes,
        fc.integer({ min: 2, max: 4 }),
        enrichment,
        (lines, sizes, shards, settings) => {
          const packets = packetsOf(lines, sizes);
          const harness = { core: MANY_VALUES, ...settings, senders: SENDERS };
          expectSame(run(packets, shards, harness), run(packets, 1, { ...harness, caching: false }));
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each(['c', 's'])('drops a filtered line of type %s without asking the cold path again', (type) => {
    const harness = new CoreHarness({ enrich: { metric_filterlist: ['dropped'] } });
    const value = type === 's' ? 'user-' : '1';
    for (let i = 0; i < 10; i++) harness.ingest(`dropped:${value}${i}|${type}|#a:b`);
    expect(harness.count('lineHits')).toBe(9);
    expect(harness.count('filteredLines') + harness.control.counters.get('filteredMetrics')).toBe(10);
  });

  it('counts samples alike whether a histogram and its copy are cached or not', () => {
    const enrich = { histogram_copy_to_distribution: true };
    const packets = ['a:1:2|h', 'a:3|h', 'a:4|ms'];
    expect(run(packets, 1, { enrich }).samples).toBe(run(packets, 1, { enrich, caching: false }).samples);
  });

  it('takes minus zero for zero, whichever comes first', () => {
    for (const values of ['0:-0', '-0:0']) {
      const harness = new CoreHarness();
      harness.ingest(`a:${values}|h\nb:${values}|d\n`);
      harness.ingest(`a:${values}|h\nb:${values}|d\n`);
      for (const { min, max } of harness.gather().cells.values()) {
        expect([min, max].map((value) => Object.is(value, 0))).toEqual([true, true]);
      }
    }
  });
});
