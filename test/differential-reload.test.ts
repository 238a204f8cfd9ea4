/**
 * A reload changes what lines mean from the next packet on and nothing else: caches filled under the old
 * settings never answer under the new ones, and what was gathered before stays.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoreHarness } from './support/core-harness.ts';
import { collect, expectSame, ingestAll, makeHarnesses, run } from './support/outcome.ts';
import { type Enrichment, enrichment, SENDERS } from './support/random/random-enrichment.ts';
import { addableStream, coreOptions, packetSizes, packetsOf, stream } from './support/random/random-lines.ts';

/** Enough exact values that histograms never change to sketches, on either side of a reload. */
const MANY_VALUES = { histogramValuesMax: 1000 };

describe('a reload', () => {
  it('makes the hot path equal a fresh cold path with the new settings, and keeps what came before', () => {
    fc.assert(
      fc.property(
        addableStream,
        packetSizes,
        coreOptions,
        fc.integer({ min: 1, max: 3 }),
        fc.array(enrichment, { minLength: 2, maxLength: 3 }),
        (lines, sizes, core, shards, settings) => {
          const packets = packetsOf(lines, sizes);
          const fixed = { core: { ...core, ...MANY_VALUES }, senders: SENDERS };
          // The same packets under each of the settings, so that cached lines meet new settings.
          const hot = makeHarnesses(shards, { ...fixed, ...(settings[0] as Enrichment) });
          const cold = settings.flatMap((each, phase) => {
            const from = phase * packets.length;
            if (phase > 0) for (const harness of hot) harness.reload(each.enrich, each.workloads);
            ingestAll(hot, packets, from);
            const fresh = makeHarnesses(1, { ...fixed, ...each, caching: false });
            ingestAll(fresh, packets, from);
            return fresh;
          });
          expectSame(collect(hot), collect(cold));
        },
      ),
      { numRuns: 250 },
    );
  });

  it('to the same settings changes nothing, apart from the lines that are looked up anew', () => {
    fc.assert(
      fc.property(stream, packetSizes, enrichment, fc.nat(), (lines, sizes, settings, at) => {
        const packets = packetsOf(lines, sizes);
        const options = { ...settings, senders: SENDERS };
        const harness = new CoreHarness(options);
        const half = packets.length === 0 ? 0 : at % packets.length;
        ingestAll([harness], packets.slice(0, half));
        harness.reload(settings.enrich, settings.workloads);
        ingestAll([harness], packets.slice(half), half);
        expectSame(collect([harness]), run(packets, 1, options));
      }),
      { numRuns: 100 },
    );
  });

  it('takes effect for a line that is cached, and for one that was dropped', () => {
    const harness = new CoreHarness({ enrich: { metric_filterlist: ['dropped'] } });
    const packet = 'kept:1|c|#a,b\nkept:1|c|#b,a\ndropped:1|c';
    harness.ingest(packet);
    harness.ingest(packet);
    expect(harness.count('lineHits') + harness.count('tagSetHits')).toBe(4);
    harness.reload({ metric_filterlist: ['kept'], dogstatsd_tags: ['new:tag'] });
    harness.ingest(packet);
    harness.ingest(packet);
    const { cells } = harness.gather();
    const sums = [...cells].map(([context, { sum }]) => [context.split('\n').join(' '), sum]);
    expect(sums).toEqual([
      ['counter kept agent-host a b', 4],
      ['counter dropped agent-host new:tag', 2],
    ]);
  });

  it('keeps contexts that stay the same, with their slots', () => {
    const harness = new CoreHarness();
    harness.ingest('same:1|c|#a');
    harness.reload({ statsd_metric_namespace: 'ns', statsd_metric_namespace_blacklist: ['same'] });
    harness.ingest('same:2|c|#a');
    expect(harness.contexts.size).toBe(1);
    expect([...harness.gather().cells.values()]).toMatchObject([{ sum: 3 }]);
  });

  it('between two buckets leaves the sealed one readable and counters as they are', () => {
    const harness = new CoreHarness();
    harness.ingest('a:1|c\nbad');
    const sealed = harness.seal(10);
    harness.reload({ dogstatsd_tags: ['new:tag'] });
    expect(Array.from(sealed.slots, (slot) => sealed.sum(slot))).toEqual([1]);
    expect(harness.count('lines')).toBe(2);
    expect(harness.control.counters.get('metric:format')).toBe(1);
    harness.ingest('a:5|c', 10);
    expect([...harness.gather(20).cells.keys()]).toEqual(['counter a\nagent-host\nnew:tag']);
  });
});
