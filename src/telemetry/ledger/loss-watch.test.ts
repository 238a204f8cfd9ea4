import { expect, it } from 'vitest';
import { LossWatch } from './loss-watch.ts';
import type { Loss } from './losses.ts';

const SECOND = 1000;

/** Looks at one loss at times (s) with counts, and tells what the log heard. */
function watch(...looks: readonly (readonly [second: number, count: number])[]) {
  const heard: string[] = [];
  const at = (level: string) => (fields: object, sentence: string) => {
    const { lost, total, seconds } = fields as Record<string, number>;
    const words = sentence.startsWith('losing') ? 'begins' : 'ends';
    heard.push(
      `${level} ${words} lost=${lost} total=${total}${seconds === undefined ? '' : ` s=${seconds}`}`,
    );
  };
  const log = { info: at('info'), warn: at('warn'), error: at('error') };
  const lossWatch = new LossWatch(log);
  for (const [second, count] of looks) lossWatch.look(lossesOf(count), second * SECOND);
  return {
    heard,
    close: (count: number, second: number) => lossWatch.close(lossesOf(count), second * SECOND),
  };
}

function lossesOf(count: number): Loss[] {
  const words = { help: 'Dropped.', remedy: 'do something' };
  return count === 0
    ? []
    : [{ stage: 'kernel', name: 'udp', unit: 'packets', reason: 'full', count, ...words }];
}

it('says nothing while nothing is lost', () => {
  expect(watch([1, 0], [2, 0], [100, 0]).heard).toEqual([]);
});

it('says once that a loss begins and once that it ends, with how many it was', () => {
  const { heard } = watch([1, 5], [2, 8], [3, 20], [10, 20], [32, 20], [33, 20], [90, 20]);
  expect(heard).toEqual(['error begins lost=5 total=5', 'info ends lost=20 total=20 s=2']);
});

it('takes a loss that comes and goes for one', () => {
  const flapping = Array.from({ length: 100 }, (_, i) => [i * 10, Math.floor(i / 2) + 1] as const);
  expect(watch(...flapping).heard).toEqual(['error begins lost=1 total=1']);
});

it('waits longer each time a loss begins again soon', () => {
  // A loss every 60 s: over after 30 s of quiet the first time, then never quiet for long enough.
  const looks = Array.from(
    { length: 640 },
    (_, second) => [second, Math.min(Math.floor(second / 60), 9) + 1] as const,
  );
  expect(watch(...looks).heard).toEqual([
    'error begins lost=1 total=1',
    'info ends lost=1 total=1 s=0',
    'error begins lost=1 total=2',
    'info ends lost=9 total=10 s=480',
  ]);
});

it('ends what is under way at the stop', () => {
  const { heard, close } = watch([1, 5]);
  close(7, 2);
  expect(heard).toEqual(['error begins lost=5 total=5', 'info ends lost=7 total=7 s=1']);
});
