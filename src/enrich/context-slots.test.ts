/** What becomes of contexts at each limit, in a shard with its core. */
import { describe, expect, it } from 'vitest';
import { CoreHarness, type HarnessOptions } from '../../test/support/core-harness.ts';
import { OVER, OVERFLOW_SERIES_MAX } from '../model/views/cardinality.ts';

const OVERFLOW = 'whippet.overflow:true';

/** Ingests lines one by one and tells what each context came to, over limits or not. */
function sumsOf(options: HarnessOptions, lines: readonly string[]): Record<string, number> {
  const harness = new CoreHarness(options);
  for (const line of lines) harness.ingest(line);
  return sums(harness);
}

function sums(harness: CoreHarness, next = 0): Record<string, number> {
  return Object.fromEntries(
    [...harness.gather(next).cells].map(([context, { sum }]) => [short(context), sum]),
  );
}

/** `counter a\nagent-host\nid:1` as `a id:1`. */
function short(context: string): string {
  const [name = '', , ...tags] = context.split('\n');
  return [name.split(' ')[1], ...tags].join(' ');
}

const ids = (count: number, line: (i: number) => string): string[] =>
  Array.from({ length: count }, (_, i) => line(i));

describe('contexts over a limit', () => {
  it('in total share one of their metric', () => {
    const lines = [
      ...ids(3, (i) => `a:1|c|#id:${i}`),
      'b:1|c|#id:0',
      'b:1|c|#id:0',
      'a:1|c|#id:1',
      'a:1|c|#id:3',
    ];
    expect(sumsOf({ limits: { contexts: 2 } }, lines)).toEqual({
      'a id:0': 1,
      'a id:1': 2,
      [`a ${OVERFLOW}`]: 2,
      [`b ${OVERFLOW}`]: 2,
    });
  });

  it('of one metric leave room for others', () => {
    const lines = [...ids(3, (i) => `a:1|c|#id:${i}`), 'b:1|c|#id:0', 'b:1|c|#id:1'];
    expect(sumsOf({ limits: { contextsPerMetric: 2 } }, lines)).toEqual({
      'a id:0': 1,
      'a id:1': 1,
      [`a ${OVERFLOW}`]: 1,
      'b id:0': 1,
      'b id:1': 1,
    });
  });

  it('of one origin leave room for others, and an unknown origin is not limited', () => {
    const options = { limits: { contextsPerOrigin: 1 }, core: { clientFields: true } };
    const lines = [
      ...ids(3, (i) => `a:1|c|#id:${i}|c:ci-one`),
      'b:1|c|#id:9|c:ci-two',
      ...ids(3, (i) => `free:1|c|#id:${i}`),
      'a:1|c|#id:8,dd.internal.entity_id:pod-1',
      'a:1|c|#id:7,dd.internal.entity_id:pod-1',
    ];
    expect(sumsOf(options, lines)).toEqual({
      'a id:0': 1,
      [`a ${OVERFLOW}`]: 3,
      'b id:9': 1,
      'free id:0': 1,
      'free id:1': 1,
      'free id:2': 1,
      'a id:8': 1,
    });
  });

  it('have too many tags', () => {
    const lines = ['a:1|c|#x:1,y:2', 'a:1|c|#x:1,x:1,y:2', 'a:1|c|#x:1,y:2,z:3'];
    expect(sumsOf({ limits: { tags: 2 } }, lines)).toEqual({ 'a x:1 y:2': 2, [`a ${OVERFLOW}`]: 1 });
  });

  it('have too long a value', () => {
    const lines = ['a:1|c|#x:12345', 'a:1|c|#x:123456', 'a:1|c|#longer', 'a:1|c|#a-long-key:1'];
    expect(sumsOf({ limits: { tagValueBytes: 5 } }, lines)).toEqual({
      'a x:12345': 1,
      'a a-long-key:1': 1,
      [`a ${OVERFLOW}`]: 2,
    });
  });

  it.each([
    ['g', (cell: { sum: number }) => cell.sum, 4],
    ['h', (cell: { count: number }) => cell.count, 3],
    ['d', (cell: { count: number }) => cell.count, 3],
    ['s', (cell: { keys: object }) => Object.keys(cell.keys).length, 3],
  ] as const)('of type %s unite', (type, of, want) => {
    const harness = new CoreHarness({ limits: { contextsPerMetric: 1 } });
    for (const i of [1, 2, 3, 4]) harness.ingest(`a:${i}|${type}|#id:${i}`);
    const cells = [...harness.gather().cells].filter(([context]) => context.includes(OVERFLOW));
    expect(cells.map(([, cell]) => of(cell as never))).toEqual([want]);
  });

  it('pass their timestamped samples through as they came', () => {
    const harness = new CoreHarness({ limits: { contextsPerMetric: 1 } });
    for (const i of [1, 2, 3]) harness.ingest(`a:${i}|g|#id:${i}|T10${i}`);
    expect(harness.gather().timestamped.map((text) => text.replaceAll('\n', ' '))).toEqual([
      'gauge a agent-host id:1 101 1',
      `gauge a agent-host ${OVERFLOW} 102 2`,
      `gauge a agent-host ${OVERFLOW} 103 3`,
    ]);
  });

  it('take the copies of histograms with them', () => {
    const enrich = { histogram_copy_to_distribution: true, histogram_copy_to_distribution_prefix: 'copy.' };
    const harness = new CoreHarness({ limits: { contextsPerMetric: 1 }, enrich });
    for (const i of [1, 2, 3, 3, 3, 3]) harness.ingest(`a:1|h|#id:${i}`);
    const counts = [...harness.gather().cells].map(([context, { count }]) => [short(context), count]);
    expect(Object.fromEntries(counts)).toEqual({
      'a id:1': 1,
      'copy.a id:1': 1,
      [`a ${OVERFLOW}`]: 5,
      [`copy.a ${OVERFLOW}`]: 5,
    });
  });

  it('belong to the host of the server', () => {
    const harness = new CoreHarness({ limits: { contextsPerMetric: 1 } });
    for (const i of [1, 2, 3]) harness.ingest(`a:1|c|#host:h${i}`);
    expect([...harness.gather().cells.keys()]).toEqual([
      'counter a\nh1',
      `counter a\nagent-host\n${OVERFLOW}`,
    ]);
  });

  it('are one for each limit and type, so that each can be counted', () => {
    const harness = new CoreHarness({ limits: { contextsPerMetric: 1, tags: 1 } });
    for (const line of ['a:1|c|#x', 'a:1|c|#y', 'a:1|c|#x,y', 'a:1|g|#y']) harness.ingest(line);
    const over = [...harness.limits.values()].filter((limit) => limit !== OVER.none);
    expect(over.sort()).toEqual([OVER.metric, OVER.metric, OVER.tags]);
    expect(harness.overLimits).toEqual([`${OVER.metric} a y`, `${OVER.tags} a x,y`, `${OVER.metric} a y`]);
  });

  it('are cached lines from the second time on', () => {
    const harness = new CoreHarness({ limits: { contexts: 1 } });
    harness.ingest('a:1|c|#id:0');
    for (let i = 0; i < 10; i++) harness.ingest('a:1|c|#id:1,x:2');
    expect(harness.count('lineMisses')).toBe(3);
    // One that comes once takes no room.
    const before = harness.count('cachedLines');
    for (let i = 0; i < 1000; i++) harness.ingest(`a:1|c|#id:${i + 10},x:2`);
    expect(harness.count('cachedLines')).toBe(before);
    expect(sums(harness)).toEqual({ 'a id:0': 1, [`a ${OVERFLOW}`]: 1010 });
  });

  it('have a last series when there are too many names', () => {
    const harness = new CoreHarness({ limits: { contexts: 1 } });
    const lines = ids(OVERFLOW_SERIES_MAX + 20, (i) => `m${i}:1|c`);
    for (let at = 0; at < lines.length; at += 500) harness.ingest(lines.slice(at, at + 500).join('\n'));
    const cells = sums(harness);
    expect(cells[`whippet.overflow ${OVERFLOW}`]).toBe(19);
    expect(Object.values(cells).reduce((sum, value) => sum + value, 0)).toBe(lines.length);
    expect(harness.overLimits.at(-1)).toMatch(/^1 whippet\.overflow metric name:m\d+$/);
  });

  it('with a text longer than can be hashed go there, too', () => {
    const workloads = {
      entities: {
        'container_id://big': { low: Array.from({ length: 3000 }, (_, i) => `tag-${i}:${'x'.repeat(50)}`) },
      },
    };
    const senders = [{ socket: 'container_id://big', pid: 1 }];
    const harness = new CoreHarness({ workloads, senders });
    for (let i = 0; i < 3; i++) harness.ingest('a:1|c', 0, { origin: 1 });
    expect(sums(harness)).toEqual({ [`a ${OVERFLOW}`]: 3 });
    expect([...harness.limits.values()]).toEqual([OVER.contextBytes]);
  });

  it('keep their own series in a dry run, marked', () => {
    const harness = new CoreHarness({ limits: { contexts: 1, tags: 2, dryRun: true } });
    for (const line of ['a:1|c|#id:0', 'a:1|c|#id:1', 'a:1|c|#x,y,z']) harness.ingest(line);
    expect(sums(harness)).toEqual({ 'a id:0': 1, 'a id:1': 1, 'a x y z': 1 });
    expect([...harness.limits.values()]).toEqual([OVER.none, OVER.contexts, OVER.tags]);
  });
});

describe('room', () => {
  it('that comes back makes lines forgotten that were over, and no others', () => {
    const harness = new CoreHarness({ limits: { contexts: 3 }, core: { idleBuckets: 2 } });
    for (const i of [0, 1, 2]) harness.ingest(`brief:1|c|#id:${i}`);
    let at = 0;
    // In every bucket, so that they are hot all the while.
    const bucket = (): Record<string, number> => {
      for (let i = 0; i < 3; i++) harness.ingest('late:1|c|#id:x', at);
      at += 10;
      return sums(harness, at);
    };
    const seen = Array.from({ length: 6 }, bucket);
    expect(seen[0]).toMatchObject({ [`late ${OVERFLOW}`]: 3 });
    expect(seen.at(-1)).toEqual({ 'late id:x': 3 });
    for (const cells of seen) expect(cells[`late ${OVERFLOW}`] ?? cells['late id:x']).toBe(3);
  });

  it('is given back for metrics and origins, too', () => {
    for (const limits of [{ contextsPerMetric: 1 }, { contextsPerOrigin: 1 }]) {
      const harness = new CoreHarness({ limits, core: { idleBuckets: 2, clientFields: true } });
      harness.ingest('a:1|c|#id:0|c:ci-1');
      let last: Record<string, number> = {};
      for (let at = 10; at <= 60; at += 10) {
        harness.ingest('a:1|c|#id:late|c:ci-1');
        last = sums(harness, at);
      }
      expect(last).toEqual({ 'a id:late': 1 });
    }
  });

  it('at the control thread has a context told again when it is next seen', () => {
    const harness = new CoreHarness();
    for (let i = 0; i < 3; i++) harness.ingest('a:1|c|#id:1');
    const [slot = -1] = harness.contexts.keys();
    harness.contexts.clear();
    harness.resolver.slots.readmit([slot]);
    harness.ingest('b:1|c');
    expect(harness.contexts.has(slot)).toBe(false);
    for (let i = 0; i < 3; i++) harness.ingest('a:1|c|#id:1');
    expect(harness.contexts.get(slot)).toBe('counter a\nagent-host\nid:1');
    expect(sums(harness)).toEqual({ 'a id:1': 6, b: 1 });
  });
});
