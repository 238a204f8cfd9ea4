/** Constants that both sides of the border write down must agree, and what they bound must hold at them. */
import { expect, it } from 'vitest';
import { CoreHarness } from '../../test/support/core-harness.ts';
import { COUNT_MAX_32, OBSERVATIONS_MAX } from '../aggregate/sketch/sketch-bins.ts';
import { CONTEXT_TEXT_BYTES_MAX } from '../enrich/context-text.ts';
import * as layout from '../model/core-border.ts';

it('the limits of the core are those of the parts around it', () => {
  expect(layout.WEIGHT_MAX).toBe(COUNT_MAX_32);
  expect(layout.OBSERVATIONS_MAX).toBe(OBSERVATIONS_MAX);
  expect(layout.HASHED_BYTES_MAX).toBe(CONTEXT_TEXT_BYTES_MAX);
});

it('a context of the longest text has one slot, whatever else is in memory, and shares it with none', () => {
  // The tags of the configuration make the text longer than any packet.
  const tag = (i: number, last: string) => `${'x'.repeat(619)}${i}${last}`;
  const tagsOf = (last: string) => Array.from({ length: 205 }, (_, i) => tag(i, last));
  const harness = new CoreHarness({ enrich: { dogstatsd_tags: tagsOf('a') } });
  for (let i = 0; i < 3; i++) {
    harness.ingest(`m:1|c|#n:${i % 2}|c:${i}`);
    // A new context takes memory behind the key.
    for (let j = 0; j < 100; j++) harness.ingest(`other${i}:${j}|h`);
  }
  harness.reload({ dogstatsd_tags: [...tagsOf('a').slice(0, -1), tag(204, 'b')] });
  harness.ingest('m:1|c|#n:0');
  const mine = [...harness.gather().cells].filter(([context]) => context.startsWith('counter m\n'));
  expect(mine.map(([, { sum }]) => sum).sort()).toEqual([1, 1, 2]);
});

it('the smallest rate, and the largest count, are taken and what is beyond is dropped and counted', () => {
  const harness = new CoreHarness();
  const smallest = '2.3283064370807974e-10';
  for (const type of ['c', 'h', 'd']) harness.ingest(`${type}:1|${type}|@${smallest}`);
  for (const type of ['c', 'h', 'd']) harness.ingest(`${type}:1|${type}|@2.3283064365386963e-10`);
  expect(harness.count('outOfRangeSamples')).toBe(3);
  // 4,096 of the largest weight are the most that a sketch holds.
  const line = `d:${Array(63).fill(1).join(':')}|d|@${smallest}`;
  for (let i = 0; i < 65; i++) harness.ingest(line);
  expect(harness.count('outOfRangeSamples')).toBe(3);
  harness.ingest('d:1|d');
  expect(harness.count('outOfRangeSamples')).toBe(4);
  const { cells } = harness.gather();
  expect(cells.get('distribution d\nagent-host')).toMatchObject({ count: OBSERVATIONS_MAX, samples: 4096 });
});

it('a sample that is dropped leaves no trace, whether its context has others or not', () => {
  const harness = new CoreHarness();
  harness.ingest('a:1|c|@1e-300\nb:1|c\nb:1e308:1e308:-1|c\nc:1e308|d|@0.1\nd:1|h|@1e-12');
  harness.ingest('a:1|c|@1e-300\nc:1e308|d|@0.1\nd:1|h|@1e-12\ne:1|g');
  const { cells } = harness.gather();
  expect([...cells.keys()]).toEqual(['counter b\nagent-host', 'gauge e\nagent-host']);
  expect(cells.get('counter b\nagent-host')).toMatchObject({ sum: 1e308, samples: 3 });
  expect(harness.count('outOfRangeSamples')).toBe(7);
  expect(harness.count('samples')).toBe(11);
});
