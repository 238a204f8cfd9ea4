import { describe, expect, test } from 'vitest';
import { toByteString } from '../../model/text.ts';
import { flushTimes, readCases } from './simulate-input.ts';

const linesOf = (text: string) =>
  readCases(toByteString(text))[0]?.samples.map(({ line, at, recv }) => [
    Buffer.from(line as Uint8Array).toString('utf8'),
    at,
    recv,
  ]);

describe('lines', () => {
  test('have the time before them, or that of the line before', () => {
    expect(linesOf('a:1|c\n@1005 b:1|c\r\nc:1|c\n\n@1010.5 d:é|s')).toEqual([
      ['a:1|c', 0, 0],
      ['b:1|c', 1005, 1005],
      ['c:1|c', 1005, 1005],
      ['d:é|s', 1010.5, 1010.5],
    ]);
  });
  test('arrive in the order of the file when the clock goes back', () => {
    expect(linesOf('@10 a:1|c\n@5 b:1|c\n@7 c:1|c')).toEqual([
      ['a:1|c', 10, 10],
      ['b:1|c', 5, 10],
      ['c:1|c', 7, 10],
    ]);
  });
  test('that only look as if they had a time are lines', () => {
    expect(linesOf('@x a:1|c\n@5\n@-5 a')).toEqual([
      ['@x a:1|c', 0, 0],
      ['@5', 0, 0],
      ['@-5 a', 0, 0],
    ]);
  });
});

test('a mark of the byte order, as some editors write, is no part of the first line', () => {
  expect(linesOf('\ufeff@5 a:1|c')).toEqual([['a:1|c', 5, 5]]);
  expect(readCases(toByteString('\ufeff{"samples":[]}'))[0]?.samples).toEqual([]);
});

describe('JSON', () => {
  test('that is a list says what a case looks like', () => {
    expect(() => readCases('[ {"line":"a:1|c","at":1} ]')).toThrow('write { "samples": [ … ] }');
  });

  const read = (value: unknown) => readCases(JSON.stringify(value));
  test('is a case', () => {
    const samples = [{ line: 'a:1|c', at: 1 }];
    expect(read({ id: 'x', config: { hostname: 'h' }, samples, flush_at: [10], stop_at: 12 })).toEqual([
      { id: undefined, config: { hostname: 'h' }, samples, flush_at: [10], stop_at: 12 },
    ]);
    expect(read({ samples })).toEqual([
      { id: undefined, config: {}, samples, flush_at: undefined, stop_at: undefined },
    ]);
  });
  test('is several cases, whose config goes over the defaults', () => {
    const cases = [
      { id: 'x', samples: [], flush_at: [] },
      { id: 'y', samples: [], config: { b: 3 } },
    ];
    expect(read({ defaults: { a: 1, b: 2 }, cases }).map(({ id, config }) => [id, config])).toEqual([
      ['x', { a: 1, b: 2 }],
      ['y', { a: 1, b: 3 }],
    ]);
  });

  const rejects = (value: unknown, message: string) =>
    test(`is refused: ${message}`, () => expect(() => read(value)).toThrow(message));
  rejects({}, 'samples is a list');
  rejects({ cases: 1 }, 'cases is a list');
  rejects({ cases: [1] }, 'cases[0] is an object');
  rejects({ cases: [{ samples: [] }] }, 'cases[0].id is text');
  rejects({ cases: [{ id: 'x', samples: [{ line: 'a' }] }] }, 'case x: samples[0].at is a time in seconds');
  rejects({ samples: [], config: [] }, 'config is an object');
  test('is refused: cut off', () => expect(() => readCases('{"samples": [')).toThrow('this is no JSON'));
});

describe('flush times', () => {
  const at = (...times: number[]) => times.map((time) => ({ line: '', at: time }));
  test('are the ends of all buckets with samples and between them', () => {
    expect(flushTimes(at(1001, 1031), [10])).toEqual([1010, 1020, 1030, 1040]);
    expect(flushTimes(at(1010), [10])).toEqual([1020]);
    expect(flushTimes(at(1001.5), [1])).toEqual([1002]);
    expect(flushTimes([], [10])).toEqual([]);
  });
  test('reach over a clock that goes back or ahead', () => {
    expect(flushTimes([{ line: '', at: 5, recv: 25 }], [10])).toEqual([10, 20, 30]);
  });
  test('are bounded', () => {
    expect(() => flushTimes(at(0, 1_700_000_000), [10])).toThrow(
      'from 0 to 1700000000 there are 170000001 flushes',
    );
  });
});
