/**
 * Tags that come late (docs/origin.md#late-tags): a line of a container that is not known yet waits, and its context is the
 * one with tags, as if they had been known before. Nothing is lost, and nothing is counted twice.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WorkloadsChange } from '../src/enrich/tags/tag-table.ts';
import { CoreHarness, type HarnessOptions } from './support/core-harness.ts';
import { collect, expectSame } from './support/outcome.ts';
import { enrichment } from './support/random/random-enrichment.ts';
import { stream } from './support/random/random-lines.ts';

const A = 'container_id://a';
const TAGS: WorkloadsChange = { entities: { [A]: { low: ['box:a'] } } };

function start(options: HarnessOptions = {}) {
  const asked: string[] = [];
  const harness = new CoreHarness({ askForOrigin: (key) => void asked.push(key), ...options });
  const from = (entity: string): { origin: number } => ({
    origin: harness.pipeline.senders.numberOf(entity),
  });
  const contexts = (): Record<string, number> =>
    Object.fromEntries(
      [...harness.gather().cells].map(([context, { sum }]) => [context.split('\n').slice(2).join(), sum]),
    );
  const get = (counter: 'originWaitingMessages' | 'originResolvedLate' | 'originGaveUp' | 'metrics') =>
    harness.control.counters.get(counter);
  return { asked, harness, from, contexts, get };
}

describe('a line of a container that is not known yet', () => {
  it('waits for the tags, and has the context that the next line has', () => {
    const { asked, harness, from, contexts, get } = start();
    harness.ingest('hits:1|c', 1, from(A));
    harness.ingest('hits:2|c', 1, from(A));
    harness.ingest('hits:4|c', 1);
    expect([asked, get('originWaitingMessages'), get('metrics')]).toEqual([[A], 2, 1]);
    harness.pipeline.learn(TAGS);
    harness.ingest('hits:8|c', 1, from(A));
    expect(contexts()).toEqual({ '': 4, 'box:a': 11 });
    expect([get('originWaitingMessages'), get('originResolvedLate')]).toEqual([0, 2]);
  });

  it('goes on without them when nobody knows them, and the next ones do not wait', () => {
    const { harness, from, contexts, get } = start();
    harness.ingest('hits:1|c', 1, from(A));
    harness.pipeline.learnNotFound([A], 1);
    harness.ingest('hits:2|c', 2, from(A));
    expect([get('originGaveUp'), get('originWaitingMessages')]).toEqual([1, 0]);
    harness.pipeline.learn(TAGS);
    harness.ingest('hits:4|c', 3, from(A));
    expect(contexts()).toEqual({ '': 3, 'box:a': 4 });
  });

  it('goes on after a second and a half', () => {
    const { harness, from, contexts } = start();
    harness.ingest('hits:1|c', 1, from(A));
    harness.pipeline.releaseOverdue(2.4);
    expect(harness.core.openIsEmpty).toBe(true);
    harness.pipeline.releaseOverdue(2.5);
    expect(contexts()).toEqual({ '': 1 });
  });

  it('waits for the container of a process that is gone, and then for its tags', () => {
    const { asked, harness, contexts } = start();
    harness.ingest('hits:1|c', 1, { origin: harness.pipeline.senders.numberOfCgroup(901n) });
    harness.pipeline.learn({ cgroups: { '901': 'a' } });
    harness.pipeline.learn(TAGS);
    harness.ingest('hits:2|c', 1, { origin: harness.pipeline.senders.numberOfCgroup(901n) });
    expect(asked).toEqual(['cgroup 901', A]);
    expect(contexts()).toEqual({ 'box:a': 3 });
  });

  it.each([
    ['its id', 'hits:1|c|c:ci-a', A, TAGS],
    ['its inode', 'hits:1|c|c:in-12', 'inode 12', { inodes: { '12': 'a' }, ...TAGS }],
  ])('waits when the client says %s', (_, line, key, change) => {
    const { asked, harness, contexts } = start({ core: { clientFields: true } });
    harness.ingest(line, 1);
    expect(asked).toEqual([key]);
    harness.pipeline.learn(change);
    expect(contexts()).toEqual({ 'box:a': 1 });
  });

  it('does not wait when it wants no tags, when all is known, or when it is not a message', () => {
    const { asked, harness } = start({ core: { clientFields: true }, workloads: { entities: { [A]: {} } } });
    for (const line of ['a:1|c|c:ci-b|card:none', 'a:1|c|c:ci-a', 'a:1|c', 'nonsense|c:ci-b'])
      harness.ingest(line);
    expect(asked).toEqual([]);
  });

  it('makes the result the same as if the tags had been known before, in any stream', () => {
    fc.assert(
      fc.property(stream, enrichment, fc.nat(40), (lines, settings, at) => {
        const change: WorkloadsChange = {
          entities: {
            [A]: { low: ['box:a'], high: ['box:high'] },
            'container_id://abc': { low: ['box:abc'] },
          },
        };
        const options = { ...settings, core: { clientFields: true, histogramValuesMax: 1000 } };
        const before = new CoreHarness(options);
        before.pipeline.learn(change);
        const { harness, from } = start(options);
        for (const [i, line] of lines.entries()) {
          if (i === at) harness.pipeline.learn(change);
          // All at one time: a gauge keeps the value of the latest line, whichever that is.
          const entity = i % 2 === 0 ? A : '';
          harness.ingest(line, 1, from(entity));
          before.ingest(line, 1, { origin: before.pipeline.senders.numberOf(entity) });
        }
        harness.pipeline.learn(change);
        harness.pipeline.releaseOverdue(Number.POSITIVE_INFINITY);
        const [got, want] = [collect([harness]), collect([before])];
        for (const outcome of [got, want])
          for (const [context, cell] of outcome.cells)
            if (context.startsWith('gauge')) cell.sum = cell.weightedSum = 0;
        expectSame(got, want);
      }),
      { numRuns: 200 },
    );
  });
});
