import { describe, expect, it } from 'vitest';
import { checkEvent, checkKeys, checkMetric, checkServiceCheck, withName } from './check-expectation.ts';

const accepts = (expected: unknown, check = checkMetric): void => expect(() => check(expected)).not.toThrow();
const rejects = (expected: unknown, reason: RegExp, check = checkMetric): void => {
  expect(() => check(expected)).toThrow(TypeError);
  expect(() => check(expected)).toThrow(reason);
};

describe('an expectation of a metric', () => {
  it.each([
    { name: 'a' },
    { name: /^a/, type: 'count', tags: ['x:1', /y/], exactTags: true, host: '', sum: 0 },
    { name: expect.stringContaining('a'), sum: expect.any(Number), values: [1, expect.any(Number)] },
    { name: 'a', tags: { env: 'test', id: /\d/, region: true, az: expect.anything() } },
    { name: 'a', tags: expect.arrayContaining(['b']) },
    { name: 'a', tags: [], exactTags: true },
    { name: 'a', values: [], elements: ['x'], value: -1.5 },
  ])('%j makes sense', (expected) => accepts(expected));

  it.each<[unknown, RegExp]>([
    [{}, /needs a name/],
    [{ sum: 1 }, /needs a name/],
    [{ name: '' }, /name is "" .*allowed: text/],
    [{ name: 3 }, /name is 3 /],
    [{ name: 'a', summ: 1 }, /"summ" is not a key of a metric expectation; did you mean "sum"\?/],
    [{ name: 'a', tag: ['x'] }, /did you mean "tags"\?/],
    [{ name: 'a', exact_tags: true }, /did you mean "exactTags"\?/],
    [{ name: 'a', quantile: 1 }, /known are name, type, tags/],
    [{ name: 'a', timeoutMs: 1 }, /one of the options, the argument after/],
    [{ name: 'a', constructor: 1 }, /"constructor" is not a key/],
    [{ name: 'a', type: 'counter' }, /type is "counter" .*did you mean "count"\?/],
    [{ name: 'a', type: 'guage' }, /did you mean "gauge"\?/],
    [{ name: 'a', type: 'toString' }, /allowed: count, gauge/],
    [{ name: 'a', sum: '3' }, /sum is "3" .*a finite number/],
    [{ name: 'a', sum: undefined }, /sum is undefined/],
    [{ name: 'a', sum: Number.NaN }, /sum is NaN/],
    [{ name: 'a', sum: null }, /sum is null/],
    [{ name: 'a', values: [1, '2'] }, /values is \[1, "2"\]/],
    [{ name: 'a', tags: 'env:test' }, /tags is "env:test"/],
    [{ name: 'a', tags: {} }, /empty tags/],
    [{ name: 'a', tags: [] }, /empty tags/],
    [{ name: 'a', tags: [''] }, /tags is \[""\]/],
    [{ name: 'a', tags: { env: false } }, /tags is .*false/],
    [{ name: 'a', exactTags: 'yes' }, /exactTags is "yes" .*true or false/],
    ['a', /a metric expectation is "a"; write an object/],
    [undefined, /is undefined; write an object/],
    [[{ name: 'a' }], /write an object/],
  ])('%j is a TypeError that says why', (expected, reason) => rejects(expected, reason));

  it('has its name once, and details that are an object', () => {
    expect(withName('a', { sum: 1 })).toEqual({ name: 'a', sum: 1 });
    expect(() => withName('a', { name: 'b' })).toThrow(/given twice/);
    expect(() => withName('a', 3 as unknown as object)).toThrow(/is 3; write it as an object/);
  });
});

describe('expectations of events and service checks', () => {
  it('make sense', () => {
    accepts({ title: 'a', alertType: 'error', tags: ['x'] }, checkEvent);
    accepts({ text: '' }, checkEvent);
    accepts({ name: 'db.up', status: 0 }, checkServiceCheck);
    accepts({ status: expect.any(Number) }, checkServiceCheck);
  });

  it.each<[unknown, RegExp, (expected: unknown) => void]>([
    [{}, /is empty, which accepts everything/, checkEvent],
    [{ titel: 'a' }, /did you mean "title"\?/, checkEvent],
    [{ alert_type: 'info' }, /did you mean "alertType"\?/, checkEvent],
    [{ alertType: 'warn' }, /alertType is "warn" .*error, warning, info, success/, checkEvent],
    [{ title: 'a', tags: [] }, /empty tags/, checkEvent],
    [{}, /is empty/, checkServiceCheck],
    [{ name: 'a', status: 'ok' }, /status is "ok" .*0 \(OK\)/, checkServiceCheck],
    [{ name: 'a', status: 4 }, /status is 4/, checkServiceCheck],
    [{ check: 'a' }, /"check" is not a key of a service check expectation/, checkServiceCheck],
  ])('%j is a TypeError that says why', (expected, reason, check) => rejects(expected, reason, check));
});

it('options that do not exist are named with the nearest', () => {
  expect(() => checkKeys('the options', { timeout: 1 }, ['timeoutMs'])).toThrow(
    '"timeout" is not one of the options; did you mean "timeoutMs"?',
  );
  expect(() => checkKeys('the options', 5, ['timeoutMs'])).toThrow(/are 5; write an object/);
});
