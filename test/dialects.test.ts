/** Dialects through the whole: what a virtual server makes of such lines, with the cache and without it. */
import { expect, it } from 'vitest';
import { explain } from '../src/inspect/explain/explain.ts';
import { simulate } from '../src/inspect/simulate/simulate.ts';

/** Each line in a bucket of its own; the points of the series. */
const gauges = (lines: readonly string[], dialects: object) => {
  const samples = lines.map((line, i) => ({ line, at: 1000 + 10 * i }));
  const flush_at = samples.map(({ at }) => at + 10);
  return [false, true].map((cold) =>
    simulate({ samples, flush_at, cold, config: { dialects } }).flatMap(({ name, tags, points = [] }) =>
      points.map((point) => [name, [...tags].sort().join(), point[1]]),
    ),
  );
};
const both = (points: unknown) => [points, points];

it('gauges with a sign change the value over buckets', () => {
  expect(gauges(['load:10|g', 'load:+3|g', 'load:-1|g'], { relative_gauges: true })).toEqual(
    both([10, 13, 12].map((value) => ['load', '', value])),
  );
  expect(gauges(['load:10|g', 'load:+3|g', 'load:-1|g'], {})).toEqual(
    both([10, 3, -1].map((value) => ['load', '', value])),
  );
});

it('a gauge with a sign is the same gauge whatever the order and repetition of its tags', () => {
  const lines = ['load:10|g|#a:1,b:2', 'load:+3|g|#b:2,a:1', 'load:-1|g|#b:2,a:1,b:2', 'load:+1|g|#a:1'];
  expect(gauges(lines, { relative_gauges: true })).toEqual(
    both([...[10, 13, 12].map((value) => ['load', 'a:1,b:2', value]), ['load', 'a:1', 1]]),
  );
});

it('tags in names make one context, however they are written', () => {
  const lines = [
    'load,env=prod:1|g',
    'load#env=prod:2|g',
    'load[env=prod]:3|g',
    'load;env=prod:4|g',
    'load:5|g|#env:prod',
  ];
  const tags = ['influx', 'librato', 'signalfx', 'graphite'];
  expect(gauges(lines, { tags })).toEqual(both([1, 2, 3, 4, 5].map((value) => ['load', 'env:prod', value])));
});

it('explain says which dialect it was', () => {
  const { messages } = explain('load,env=prod:+1|g', {
    config: { dialects: { tags: ['influx'], relative_gauges: true } },
  });
  expect(messages[0]?.parsed).toMatchObject({ name: 'load', tags: ['env:prod'] });
});
