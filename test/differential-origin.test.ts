/**
 * The number of the sender is in the key of a cached line: for any interleaving of senders and of changes to what is known
 * of them, the hot path gives the result of the cold path, and the same bytes of two containers are two contexts.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LevelTags, WorkloadsChange } from '../src/enrich/tags/tag-table.ts';
import { CoreHarness, type HarnessOptions } from './support/core-harness.ts';
import { collect, expectSame } from './support/outcome.ts';
import { enrichment } from './support/random/random-enrichment.ts';
import { coreOptions, stream } from './support/random/random-lines.ts';

const CONTAINERS = ['sock-1', 'box-1', 'late', 'other', ''];
const container = fc.constantFrom(...CONTAINERS);
const tags: fc.Arbitrary<LevelTags | null> = fc.oneof(
  fc.constant(null),
  fc.record({
    low: fc.subarray(['image:web', 'env:dev', 'env:prod']),
    high: fc.subarray(['box:1', 'box:2']),
  }),
);
const change: fc.Arbitrary<WorkloadsChange> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        'container_id://sock-1',
        'container_id://box-1',
        'container_id://late',
        'kubernetes_pod_uid://pod-1',
      ),
      tags,
    )
    .map(([entity, known]) => ({ entities: { [entity]: known } })),
  fc.constantFrom<WorkloadsChange>(
    { inodes: { '5': 'late' } },
    { inodes: { '5': null } },
    { external: { 'pod-1/web': 'late' } },
    { external: { 'pod-1/web': null } },
    { global: { low: ['cluster:green'] } },
    { cgroups: { '9': 'late' } },
  ),
);

type Step = { readonly packet: string; readonly from: string } | { readonly change: WorkloadsChange };
/** What clients send, each line a packet of one of the senders, with changes in between. */
const steps: fc.Arbitrary<Step[]> = fc
  .tuple(
    stream,
    fc.array(container, { minLength: 60, maxLength: 60 }),
    fc.array(fc.tuple(fc.nat(59), change), { maxLength: 6 }),
  )
  .map(([lines, froms, changes]) =>
    lines.flatMap((packet, at): Step[] => [
      ...changes.flatMap(([when, one]) => (when === at ? [{ change: one }] : [])),
      { packet, from: froms[at] as string },
    ]),
  );

function play(all: readonly Step[], options: HarnessOptions) {
  const harness = new CoreHarness(options);
  const { senders } = harness.pipeline;
  all.forEach((step, at) => {
    if ('change' in step) harness.pipeline.learn(step.change);
    else {
      const entity = step.from === '' ? '' : `container_id://${step.from}`;
      harness.ingest(step.packet, at, { origin: senders.numberOf(entity) });
    }
  });
  return harness;
}

describe('senders by their number', () => {
  it('make the hot path equal the cold path, whoever sends and whatever becomes known when', () => {
    fc.assert(
      fc.property(steps, coreOptions, enrichment, (all, core, settings) => {
        const options = { core: { ...core, histogramValuesMax: 1000 }, ...settings };
        const hot = play(all, options);
        const cold = play(all, { ...options, caching: false });
        expectSame(collect([hot]), collect([cold]));
      }),
      { numRuns: 600 },
    );
  });

  it('are two contexts for the same bytes of two containers, and one for two processes of one', () => {
    const workloads = {
      entities: { 'container_id://a': { low: ['box:a'] }, 'container_id://b': { low: ['box:b'] } },
    };
    const all = ['a', 'b', 'a', 'a', ''].map((from) => ({ packet: 'hits:1|c|#x', from }));
    const harness = play(all, { workloads });
    const sums = [...harness.gather().cells].map(([context, { sum }]) => [
      context.split('\n').slice(2).join(),
      sum,
    ]);
    expect(sums).toEqual([
      ['box:a,x', 3],
      ['box:b,x', 1],
      ['x', 1],
    ]);
    expect(harness.count('lineHits')).toBe(2);
  });

  it('leave the cached lines of other senders alone when one of them changes', () => {
    const packet = (from: string): Step => ({ packet: 'hits:1|c', from });
    const change: Step = { change: { entities: { 'container_id://a': { low: ['box:a'] } } } };
    const harness = play([packet('a'), packet('b'), change, packet('a'), packet('b'), packet('a')], {});
    expect(harness.count('lineMisses')).toBe(3);
    expect([...harness.contexts.values()]).toEqual([
      'counter hits\nagent-host',
      'counter hits\nagent-host\nbox:a',
    ]);
  });

  it('leave all cached lines alone but those that rest on the change, when the message names its container', () => {
    const options = { core: { clientFields: true } };
    const packet = (text: string): Step => ({ packet: text, from: '' });
    const [one, other, plain] = ['x:1|c|c:ci-a', 'x:1|c|c:ci-b', 'x:1|c'].map(packet) as [Step, Step, Step];
    const change: Step = { change: { entities: { 'container_id://a': { low: ['box:a'] } } } };
    const distinct: Step = { change: { entities: { 'container_id://b': { low: ['box:b'] } } } };
    const harness = play([distinct, one, other, plain, change, one, other, plain], options);
    // Without tags, `one` and `plain` are one context, so both are looked up anew.
    expect(harness.count('lineMisses')).toBe(5);
  });
});
