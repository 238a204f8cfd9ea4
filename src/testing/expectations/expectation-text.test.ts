import { describe, expect, it } from 'vitest';
import { ExpectationTextError, parseDuration, parseExpectation } from './expectation-text.ts';

const parse = (text: string) =>
  parseExpectation(text.split(' ').map((pair) => pair.split('=', 2) as [string, string]));

describe('parseExpectation', () => {
  it.each([
    ['name=a', { kind: 'metric', expected: { name: 'a' } }],
    [
      'name=a type=c tag=x:1 tag=y sum=3 value=-1.5',
      { kind: 'metric', expected: { name: 'a', type: 'count', tags: ['x:1', 'y'], sum: 3, value: -1.5 } },
    ],
    ['name=/^a/ exact_tags=true', { kind: 'metric', expected: { name: /^a/, exactTags: true } }],
    ['name=a type=timer', { kind: 'metric', expected: { name: 'a', type: 'timing' } }],
    [
      'event=Deployed alert_type=info tag=/v\\d/',
      { kind: 'event', expected: { title: 'Deployed', alertType: 'info', tags: [/v\d/] } },
    ],
    ['check=up status=CRITICAL', { kind: 'service_check', expected: { name: 'up', status: 2 } }],
    ['check=up status=3', { kind: 'service_check', expected: { name: 'up', status: 3 } }],
  ])('reads %s', (text, want) => {
    expect(parse(text)).toEqual(want);
  });

  it.each([
    ['sum=3', /name=…, event=… or check=…/],
    ['name=a summ=3', /"summ" is not a key of this expectation; did you mean "sum"\?/],
    ['name=a sum=three', /sum is a number/],
    ['name=a sum=', /sum is a number/],
    ['name=a name=b', /more than once/],
    ['name=a type=rate', /type is "rate"; allowed: count, gauge/],
    ['name=a type=guage', /did you mean "gauge"\?/],
    ['name=a exact_tags=yes', /exact_tags is true or false, not "yes"/],
    ['name=a sum=Infinity', /sum is a number/],
    ['name=', /name is empty/],
    ['name=a tag=', /tag is empty/],
    ['event=e alert_type=eror', /did you mean "error"\?/],
    ['check=up status=bad', /status is one of ok/],
    ['event=e alert_type=loud', /alert_type is one of/],
    ['name=/(/', /no regular expression/],
    ['event=e sum=3', /"sum" is not a key of this expectation/],
  ])('refuses %s and says why', (text, reason) => {
    expect(() => parse(text)).toThrow(ExpectationTextError);
    expect(() => parse(text)).toThrow(reason);
  });
});

describe('parseDuration', () => {
  it.each([
    ['10s', 10_000],
    ['500ms', 500],
    ['1.5m', 90_000],
    ['2', 2000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
  it.each(['', 'soon', '-1s', '10h'])('refuses "%s"', (text) => {
    expect(() => parseDuration(text)).toThrow(ExpectationTextError);
  });
});
